/*
 * From traps to the parts that handle them. This is the glue between a port
 * and the rest of the kernel; it lies above all layers so that no part has to
 * know another for the sake of a trap.
 */
#include <kernel/abi.h>
#include <kernel/cputime.h>
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/panic.h>
#include <kernel/sched.h>
#include <kernel/task.h>
#include <kernel/time.h>
#include <kernel/trace.h>
#include <kernel/unwind.h>

/* ---- system calls ------------------------------------------------------ */

/* Everything but plain success: encodes the error, notes restarts. */
static NOINLINE call_answer
answer_error(enum err e)
{
	struct thread *t = thread_current();
	const struct abi *abi = t->task->abi;
	uintptr_t nr = arch_frame_call(thread_frame(t));

	switch ((unsigned)e) {
	case ERR_JUSTRETURN:
		return call_answer_make(0, CALL_REWROTE);
	case ERR_WHOLEFRAME:
		t->calls--;
		return call_answer_make(0, CALL_AGAIN);
	case ERR_RESTART:
	case ERR_RESTART_NOHANDLER:
	case ERR_RESTART_BLOCK:
		t->call_result = e;
		e = ERR_INTR;
		break;
	case ERR_NOSYS:
		if (abi->name_of(nr) == NULL)
			trace_unimplemented(abi->index, nr);
		break;
	default:
		break;
	}
	return call_answer_make(abi->answer(e, 0), CALL_DONE);
}

static NOINLINE call_answer
traced_call(struct thread *t, struct arch_frame *f)
{
	uintptr_t nr = arch_frame_call(f);
	long ret = 0;
	enum err e;

	/* At once, so that no call is seen twice. */
	if (!arch_frame_is_whole())
		return answer_error(ERR_WHOLEFRAME);
	trace_call_enter(t, nr, arch_frame_args_of(f));
	e = abi_call(t->task->abi, t, nr, arch_frame_args_of(f), &ret);
	trace_call_exit(t, nr, e, ret);
	lockcheck_leave("call", nr);
	return e == OK ? call_answer_make(ret, CALL_DONE) : answer_error(e);
}

/* NO_CANARY: nothing here can overflow, and every call pays; so nothing is
 * kept over the handler either. */
NO_CANARY call_answer
trap_syscall(struct arch_frame *f)
{
	struct thread *t = thread_current();
	long ret = 0;
	enum err e;

	t->calls++;
	if (UNLIKELY(atomic_load_explicit(&t->head.work,
	    memory_order_relaxed) & WORK_TRACE))
		return traced_call(t, f);
	e = abi_call(t->task->abi, t, arch_frame_call(f),
	    arch_frame_args_of(f), &ret);
	lockcheck_leave("call", arch_frame_call(f));
	if (UNLIKELY(e != OK))
		return answer_error(e);
	return call_answer_make(ret, CALL_DONE);
}

/* ---- the way back to user mode ----------------------------------------- */

/* No handler ran for an interrupted call: do it again. */
static void
restart_call(struct thread *t, struct arch_frame *f)
{
	enum err e = t->call_result;
	long ret = 0;

	t->call_result = OK;
	if (e != ERR_RESTART_BLOCK) {
		arch_frame_restart(f);
		return;
	}
	e = t->restart(t, &ret);
	arch_frame_return(f, e == OK ? ret : call_value(answer_error(e)));
}

void
trap_work(struct arch_frame *f)
{
	struct thread *t = thread_current();
	unsigned work = atomic_load(&t->head.work);

	if (work & WORK_SAMPLE)
		sched_sampled(true);
	arch_irq_enable();
	if (UNLIKELY(cpu_time_is_watched(t->task)))
		cpu_time_check(t);
	if (work & (WORK_RESCHED | WORK_RCU))
		preempt_check();
	if (work & (WORK_SIGNAL | WORK_KILLED | WORK_STOP | WORK_RESTORE)) {
		t->task->abi->deliver(t, f);
		if (t->call_result != OK)
			restart_call(t, f);
		signal_work_done(t);
	}
	lockcheck_leave("trap work", work);
	arch_irq_disable();
}

/* ---- faults ------------------------------------------------------------ */

#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN  1
#define BUS_ADRERR  2
#define ILL_ILLOPC  1
#define ILL_ILLOPN  2
#define FPE_INTDIV  1
#define FPE_FLTDIV  3
#define FPE_FLTOVF  4
#define FPE_FLTUND  5
#define FPE_FLTRES  6
#define FPE_FLTINV  7
#define TRAP_BRKPT  1
#define TRAP_TRACE  2

static void
user_fault(struct arch_frame *f, int number, int code, vaddr_t addr)
{
	struct thread *t = thread_current();
	const struct sig_info info = {
		.number = number,
		.code = code,
		.addr = addr,
	};

	trace_event("fault", (uintptr_t)number, addr);
	klog(LOG_DEBUG, "%s[%d]: signal %d code %d at %lx, pc %lx sp %lx",
	    t->name, t->tid, number, code, (unsigned long)addr,
	    (unsigned long)arch_frame_pc(f), (unsigned long)arch_frame_sp(f));
	t->task->abi->fault(t, f, &info);
}

void
trap_page_fault(struct arch_frame *f, vaddr_t va, unsigned access)
{
	struct thread *t = thread_current();
	enum err e = space_fault(t->task->space, va, access);

	lockcheck_leave("page fault", va);
	switch ((unsigned)e) {
	case OK:
	case ERR_INTR: /* killed while it waited */
		break;
	case ERR_ACCESS:
		user_fault(f, SIG_SEGV, SEGV_ACCERR, va);
		break;
	case ERR_FAULT:
		user_fault(f, SIG_SEGV, SEGV_MAPERR, va);
		break;
	case ERR_NOMEM:
	case ERR_QUOTA:
		oom_kill(t->task->container, e == ERR_QUOTA);
		break;
	default:
		user_fault(f, SIG_BUS, BUS_ADRERR, va);
	}
}

static const struct {
	int number, code;
} faults[] = {
	[TRAP_ILLEGAL] = { SIG_ILL, ILL_ILLOPC },
	[TRAP_OPERAND] = { SIG_ILL, ILL_ILLOPN },
	[TRAP_BREAKPOINT] = { SIG_TRAP, TRAP_BRKPT },
	[TRAP_STEP] = { SIG_TRAP, TRAP_TRACE },
	[TRAP_INTERRUPT] = { SIG_TRAP, SIGC_KERNEL },
	[TRAP_ALIGN] = { SIG_BUS, BUS_ADRALN },
	[TRAP_BUS] = { SIG_BUS, BUS_ADRERR },
	[TRAP_STACK] = { SIG_BUS, SIGC_KERNEL },
	[TRAP_PROTECTION] = { SIG_SEGV, SIGC_KERNEL },
	[TRAP_ARITHMETIC] = { SIG_FPE, FPE_INTDIV },
	[TRAP_FPU] = { SIG_FPE, FPE_FLTINV },
	[TRAP_FPU_DIVIDE] = { SIG_FPE, FPE_FLTDIV },
	[TRAP_FPU_OVERFLOW] = { SIG_FPE, FPE_FLTOVF },
	[TRAP_FPU_UNDERFLOW] = { SIG_FPE, FPE_FLTUND },
	[TRAP_FPU_INEXACT] = { SIG_FPE, FPE_FLTRES },
};

void
trap_fault(struct arch_frame *f, enum trap_kind kind, vaddr_t addr)
{
	user_fault(f, faults[kind].number, faults[kind].code, addr);
}

void
trap_kernel_fault(struct arch_frame *f, const char *what, vaddr_t addr)
{
	char name[SYMBOL_NAME_MAX];
	size_t off = symbol_name(arch_frame_pc(f), name);
	struct unwind u;

	panic_enter();
	log_raw("panic: %s at %lx in %s+0x%lx (cpu %u, task %d %s)\n", what,
	    (unsigned long)addr, name, (unsigned long)off, cpu_id(),
	    task_current() != NULL ? task_current()->pid : -1,
	    task_current() != NULL ? task_current()->name : "-");
	arch_frame_dump(f);
	unwind_frame(&u, f);
	panic_finish(&u);
}

/* ---- interrupts -------------------------------------------------------- */

void
trap_wait_end(void)
{
	sched_wait_end();
}

void
trap_timer(void)
{
	time_interrupt();
}

void
trap_ipi(void)
{
	if (panic_running())
		panic_stop(cpu_this()->frame, thread_current()->name,
		    thread_current()->tid);
	tlb_ipi();
	sched_ipi();
}

void
trap_irq_return_kernel(void)
{
	struct thread_head *h = arch_current();

	if (UNLIKELY(atomic_load_explicit(
	    &h->work, memory_order_relaxed) & WORK_SAMPLE)) {
		sched_sampled(false);
		/* A visit of trap_work on the way out. */
		if (cpu_time_is_watched(thread_current()->task))
			atomic_fetch_or(&h->work, WORK_SIGNAL);
	}
	if (h->preempt == 0 && (atomic_load_explicit(&h->work,
	    memory_order_relaxed) & (WORK_RESCHED | WORK_RCU)))
		preempt_check_irq();
}

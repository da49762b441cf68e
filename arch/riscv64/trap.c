/*
 * Sorting traps by cause. Interrupts and exceptions of user mode come through
 * trap_user, of the kernel through trap_kernel; system calls go straight from
 * trap.S to trap_syscall. The kernel never touches user addresses, so any
 * exception of its own is a bug.
 *
 * Source: RISC-V privileged architecture 1.12, 4.1.8.
 */
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/panic.h>
#include <kernel/unwind.h>

#include "csr.h"

void trap_user(struct arch_frame *f, uint64_t cause, uint64_t value);
void trap_kernel(struct arch_frame *f, uint64_t cause, uint64_t value);
NORETURN void trap_stack_overflow(
    vaddr_t sp, vaddr_t pc, vaddr_t addr, vaddr_t ra);

#define CAUSE_INTERRUPT (UINT64_C(1) << 63)

enum {
	CAUSE_FETCH_ALIGN, CAUSE_FETCH_ACCESS, CAUSE_ILLEGAL, CAUSE_BREAK,
	CAUSE_LOAD_ALIGN, CAUSE_LOAD_ACCESS, CAUSE_STORE_ALIGN,
	CAUSE_STORE_ACCESS, CAUSE_FETCH_PAGE = 12, CAUSE_LOAD_PAGE = 13,
	CAUSE_STORE_PAGE = 15
};
enum { IRQ_SOFT = 1, IRQ_TIMER = 5, IRQ_EXTERNAL = 9 };

static void
interrupt(struct arch_frame *f, uint64_t cause)
{
	struct cpu *c = cpu_this();

	c->frame = f;
	c->irq_depth++;
	switch (cause & ~CAUSE_INTERRUPT) {
	case IRQ_SOFT:
		csr_clear(sip, SIE_SSIE);
		trap_ipi();
		break;
	case IRQ_TIMER:
		trap_timer();
		break;
	case IRQ_EXTERNAL:
		irqchip_handle();
		break;
	default:
		panic("interrupt of unknown cause %lu", (unsigned long)cause);
	}
	c->irq_depth--;
}

void
trap_user(struct arch_frame *f, uint64_t cause, uint64_t value)
{
	if (cause & CAUSE_INTERRUPT) {
		interrupt(f, cause);
		return;
	}
	arch_irq_enable();
	switch (cause) {
	case CAUSE_FETCH_PAGE:
		trap_page_fault(f, value, PROT_EXEC);
		break;
	case CAUSE_LOAD_PAGE:
		trap_page_fault(f, value, PROT_READ);
		break;
	case CAUSE_STORE_PAGE:
		trap_page_fault(f, value, PROT_WRITE);
		break;
	case CAUSE_ILLEGAL:
		if (!fpu_first_use(f))
			trap_fault(f, TRAP_ILLEGAL, f->pc);
		break;
	case CAUSE_BREAK:
		trap_fault(f, TRAP_BREAKPOINT, f->pc);
		break;
	case CAUSE_FETCH_ALIGN:
	case CAUSE_LOAD_ALIGN:
	case CAUSE_STORE_ALIGN:
		trap_fault(f, TRAP_ALIGN, value);
		break;
	default:
		trap_fault(f, TRAP_BUS, value);
	}
	arch_irq_disable();
}

static const char *
cause_name(uint64_t cause)
{
	switch (cause) {
	case CAUSE_FETCH_PAGE:
		return "no page to execute";
	case CAUSE_LOAD_PAGE:
		return "no page to read";
	case CAUSE_STORE_PAGE:
		return "no page to write";
	case CAUSE_ILLEGAL:
		return "illegal instruction";
	case CAUSE_BREAK:
		return "breakpoint";
	default:
		return "access fault";
	}
}

void
trap_kernel(struct arch_frame *f, uint64_t cause, uint64_t value)
{
	if (!(cause & CAUSE_INTERRUPT))
		trap_kernel_fault(f, cause_name(cause), value);
	interrupt(f, cause);
	trap_irq_return_kernel();
}

void
trap_stack_overflow(vaddr_t sp, vaddr_t pc, vaddr_t addr, vaddr_t ra)
{
	struct unwind u;

	panic_enter();
	log_raw("panic: kernel stack overflow: sp %lx pc %lx address %lx "
	    "(cpu %u)\n", (unsigned long)sp, (unsigned long)pc,
	    (unsigned long)addr, cpu_id());
	unwind_at(&u, pc, sp, ra); /* of the stack that is full */
	panic_finish(&u);
}

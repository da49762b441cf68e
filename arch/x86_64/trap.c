/*
 * Sorting traps by vector. Traps of user mode come through trap_user, of the
 * kernel through trap_kernel, and those that can strike anywhere through
 * trap_kernel_any; system calls go straight from trap.S to trap_syscall. The
 * kernel never touches user addresses, so any exception of its own is a bug.
 *
 * Source: Intel SDM volume 3, 6.15.
 */
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/panic.h>

#include "x86.h"

void trap_user(struct arch_frame *f);
void trap_kernel(struct arch_frame *f);
void trap_kernel_any(struct arch_frame *f);
void trap_bad_return(struct arch_frame *f);

enum {
	EX_DIVIDE = 0, EX_DEBUG = 1, EX_NMI = 2, EX_BREAK = 3, EX_OVERFLOW = 4,
	EX_BOUND = 5, EX_OPCODE = 6, EX_NO_FPU = 7, EX_DOUBLE = 8,
	EX_STACK = 12, EX_PROTECTION = 13, EX_PAGE = 14, EX_FPU = 16,
	EX_ALIGN = 17, EX_MACHINE = 18, EX_SIMD = 19, EX_COUNT = 32,
};

#define PF_WRITE 0x02u
#define PF_USER  0x04u
#define PF_FETCH 0x10u

static atomic_ulong nmi_count;

static void
interrupt(struct arch_frame *f)
{
	unsigned vector = (unsigned)f->vector;
	struct cpu *c = cpu_this();
	struct x86_cpu *x = x86_this();

	if (x->waiting) {
		x->waiting = 0;
		trap_wait_end();
	}
	c->frame = f;
	c->irq_depth++;
	if (vector >= VECTOR_IRQ && vector < VECTOR_TIMER) {
		irq_dispatch(vector - VECTOR_IRQ);
		apic_eoi();
	} else if (vector == VECTOR_TIMER) {
		apic_eoi();
		trap_timer();
	} else if (vector == VECTOR_IPI) {
		apic_eoi();
		trap_ipi();
	} else if (vector == VECTOR_ERROR) {
		apic_error();
		apic_eoi();
	}
	/* The rest are spurious ones, which must not be acknowledged. */
	c->irq_depth--;
}

/* A program's instruction that reached memory with the kernel's rights (QEMU
 * 7.2 does so for a far return) met what SMAP forbids: no page is missing. */
static void
page_fault(struct arch_frame *f, vaddr_t va)
{
	if (!(f->call & PF_USER)) {
		trap_fault(f, TRAP_PROTECTION, 0);
		return;
	}
	trap_page_fault(f, va, f->call & PF_FETCH ? PROT_EXEC :
	    f->call & PF_WRITE ? PROT_WRITE : PROT_READ);
}

/* long: table */
static void
exception(struct arch_frame *f, vaddr_t va)
{
	switch (f->vector) {
	case EX_PAGE:
		page_fault(f, va);
		break;
	case EX_NO_FPU:
	case EX_OPCODE:
		if (f->vector == EX_OPCODE || !fpu_first_use())
			trap_fault(f, TRAP_OPERAND, f->rip);
		break;
	case EX_DIVIDE:
		trap_fault(f, TRAP_ARITHMETIC, f->rip);
		break;
	case EX_DEBUG:
		trap_fault(f, TRAP_STEP, f->rip);
		break;
	case EX_BREAK:
		trap_fault(f, TRAP_INTERRUPT, 0);
		break;
	case EX_FPU:
	case EX_SIMD:
		trap_fault(f, fpu_fault(f->vector == EX_SIMD), f->rip);
		break;
	case EX_ALIGN:
		trap_fault(f, TRAP_ALIGN, 0);
		break;
	case EX_STACK:
		trap_fault(f, TRAP_STACK, 0);
		break;
	default:
		trap_fault(f, TRAP_PROTECTION, 0);
	}
}

void
trap_user(struct arch_frame *f)
{
	vaddr_t va = f->vector == EX_PAGE ? cr_read(cr2) : 0;

	if (f->vector >= EX_COUNT) {
		interrupt(f);
		return;
	}
	if (f->vector == EX_NMI) {
		trap_kernel_any(f);
		return;
	}
	if (f->vector == EX_MACHINE)
		panic("machine check");
	arch_irq_enable();
	exception(f, va);
	arch_irq_disable();
}

/* The program is to go on at an address that no program has. */
void
trap_bad_return(struct arch_frame *f)
{
	arch_irq_enable();
	trap_fault(f, TRAP_PROTECTION, 0);
	arch_irq_disable();
}

static const char *
name_of(uint64_t vector)
{
	switch (vector) {
	case EX_DIVIDE:
		return "division error";
	case EX_DEBUG:
		return "debug exception";
	case EX_OPCODE:
		return "illegal instruction";
	case EX_NO_FPU:
		return "FPU used";
	case EX_DOUBLE:
		return "double fault (kernel stack overflow?)";
	case EX_PROTECTION:
		return "general protection fault";
	case EX_MACHINE:
		return "machine check";
	default:
		return "unexpected exception";
	}
}

void
trap_kernel(struct arch_frame *f)
{
	if (f->vector == EX_PAGE)
		trap_kernel_fault(f, f->call & PF_FETCH ?
		    "no page to execute" : f->call & PF_WRITE ?
		    "no page to write" : "no page to read", cr_read(cr2));
	if (f->vector < EX_COUNT)
		trap_kernel_fault(f, name_of(f->vector), 0);
	interrupt(f);
	trap_irq_return_kernel();
}

/* Nobody sends NMIs on purpose but a debugger or a panicking CPU, and nothing
 * may be locked here. */
void
trap_kernel_any(struct arch_frame *f)
{
	if (f->vector != EX_NMI)
		trap_kernel_fault(f, name_of(f->vector), cr_read(cr2));
	if (panic_running())
		panic_stop(f, "?", 0);
	atomic_fetch_add_explicit(&nmi_count, 1, memory_order_relaxed);
}

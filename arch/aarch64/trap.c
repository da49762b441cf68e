/*
 * Sorting exceptions by cause. System calls go straight from trap.S to
 * trap_syscall, the rest comes here. The kernel never touches user addresses,
 * so any exception of its own but an interrupt is a bug.
 *
 * Source: Arm ARM D19.2.37 (ESR_EL1).
 */
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/panic.h>
#include <kernel/unwind.h>

#include "arm64.h"

extern const char semihosting_hlt[];

void trap_user(struct arch_frame *f, uint64_t far);
void trap_user_irq(struct arch_frame *f);
void trap_kernel(struct arch_frame *f, uint64_t is_irq, uint64_t far);
NORETURN void trap_stack_overflow(
    vaddr_t sp, vaddr_t pc, vaddr_t addr, vaddr_t ra);
NORETURN void trap_unexpected(
    uint64_t kind, uint64_t pc, uint64_t esr, uint64_t far);

/* Fault status, ESR_EL1 bits 5:0; the level is in the last two. */
#define FSC_KIND   0x3cu
#define FSC_ADDRESS_SIZE 0x00u
#define FSC_TRANSLATION  0x04u
#define FSC_ACCESS       0x08u
#define FSC_PERMISSION   0x0cu
#define FSC_ALIGNMENT    0x20u /* 0x21 */

static void
interrupt(struct arch_frame *f)
{
	struct cpu *c = cpu_this();

	c->frame = f;
	c->irq_depth++;
	irqchip_handle();
	c->irq_depth--;
}

void
trap_user_irq(struct arch_frame *f)
{
	interrupt(f);
}

/* The top byte of a user address is the program's own. */
static vaddr_t
untagged(uint64_t far)
{
	return (vaddr_t)((int64_t)(far << 8) >> 8);
}

static void
memory_fault(struct arch_frame *f, vaddr_t va, unsigned access)
{
	switch (f->esr & FSC_KIND) {
	case FSC_TRANSLATION:
	case FSC_ACCESS:
	case FSC_PERMISSION:
		trap_page_fault(f, va, access);
		break;
	case FSC_ALIGNMENT:
		trap_fault(f, TRAP_ALIGN, va);
		break;
	default:
		trap_fault(f, TRAP_BUS, va);
	}
}

void
trap_user(struct arch_frame *f, uint64_t far)
{
	bool write = (f->esr & ESR_WNR) && !(f->esr & ESR_CM);

	arch_irq_enable();
	switch ((uint32_t)f->esr >> ESR_EC_SHIFT) {
	case EC_DATA_USER:
		memory_fault(f, untagged(far), write ? PROT_WRITE : PROT_READ);
		break;
	case EC_FETCH_USER:
		memory_fault(f, untagged(far), PROT_EXEC);
		break;
	case EC_FP_OFF:
		if (!fpu_first_use())
			trap_fault(f, TRAP_ILLEGAL, f->pc);
		break;
	case EC_BRK:
		trap_fault(f, TRAP_BREAKPOINT, f->pc);
		break;
	case EC_STEP_USER:
		trap_fault(f, TRAP_STEP, f->pc);
		break;
	case EC_PC_ALIGN:
		trap_fault(f, TRAP_ALIGN, untagged(far));
		break;
	case EC_SP_ALIGN:
		trap_fault(f, TRAP_ALIGN, f->sp);
		break;
	case EC_FP_TRAP:
		trap_fault(f, TRAP_FPU, f->pc);
		break;
	case EC_UNKNOWN:
	case EC_SYSREG:
		if (id_emulate(f))
			break;
		[[fallthrough]];
	default:
		trap_fault(f, TRAP_ILLEGAL, f->pc);
	}
	arch_irq_disable();
}

static const char *
cause_name(uint64_t esr)
{
	switch ((uint32_t)esr >> ESR_EC_SHIFT) {
	case EC_FETCH_KERNEL:
		return "no page to execute";
	case EC_DATA_KERNEL:
		if ((esr & FSC_KIND) == FSC_ALIGNMENT)
			return "misaligned access";
		return esr & ESR_WNR ? "no page to write" : "no page to read";
	case EC_BRK:
		return "breakpoint";
	case EC_UNKNOWN:
		return "illegal instruction";
	case EC_SP_ALIGN:
	case EC_PC_ALIGN:
		return "misaligned sp or pc";
	default:
		return "unexpected exception";
	}
}

/* A debugger's call that nobody answers is undefined; the next way to end the
 * machine is tried then. */
static void
exception(struct arch_frame *f, uint64_t far)
{
	if (f->pc != (uintptr_t)semihosting_hlt)
		trap_kernel_fault(f, cause_name(f->esr), far);
	f->pc += 4;
}

void
trap_kernel(struct arch_frame *f, uint64_t is_irq, uint64_t far)
{
	if (!is_irq)
		exception(f, far);
	if (!is_irq)
		return;
	interrupt(f);
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

/* A vector that nothing should come through. */
void
trap_unexpected(uint64_t kind, uint64_t pc, uint64_t esr, uint64_t far)
{
	static const char *const names[] = {
		"exception", "interrupt", "fast interrupt", "system error",
	};

	panic("%s where there is none: pc %lx esr %lx address %lx",
	    names[kind & 3], (unsigned long)pc, (unsigned long)esr,
	    (unsigned long)far);
}

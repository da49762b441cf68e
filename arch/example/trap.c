/*
 * Traps, sorted by cause. trap.S saves the user's registers at the top of the
 * kernel stack and calls trap_entry() with interrupts off.
 */
#include "example.h"

/* Here: what the CPU calls them. */
enum cause { CAUSE_CALL, CAUSE_PAGE, CAUSE_ILLEGAL, CAUSE_TIMER, CAUSE_IRQ };

static void
interrupt(enum cause cause)
{
	struct cpu *c = cpu_this();

	c->irq_depth++;
	if (cause == CAUSE_TIMER)
		trap_timer();
	else
		irqchip_handle();
	c->irq_depth--;
}

/* From user mode. Here: one more for the kernel's own traps, which are
 * interrupts or bugs (trap_kernel_fault); it ends with
 * trap_irq_return_kernel(). */
void
trap_entry(struct arch_frame *f, unsigned cause, vaddr_t addr)
{
	if (cause == CAUSE_TIMER || cause == CAUSE_IRQ) {
		interrupt(cause);
		return;
	}
	arch_irq_enable();
	if (cause == CAUSE_CALL) {
		call_answer a = trap_syscall(f);

		if (call_end_of(a) == CALL_DONE) {
			f->orig_arg0 = f->args[0];
			arch_frame_return(f, call_value(a));
		}
	} else if (cause == CAUSE_PAGE) {
		trap_page_fault(f, addr, PROT_READ);
	} else {
		trap_fault(f, TRAP_ILLEGAL, f->pc);
	}
	arch_irq_disable();
}

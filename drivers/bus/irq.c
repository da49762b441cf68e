/*
 * Interrupt lines: who handles them, and the chip that brings them.
 *
 * Handlers run with irqs off on the CPU that took the interrupt. Several may
 * share a line, as PCI's do; each asks its own device. The table is
 * read without a lock by irq_dispatch (RCU: irqs off is a read section);
 * changes take irqs.lock.
 */
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/log.h>

/* A handler of a line. Constant once published. */
struct irq_action {
	irq_fn *fn;
	void *arg;
	const char *name;
	struct irq_action *next; /* [l] */
};

struct irq_line {
	struct irq_action *first; /* [l] read under RCU */
	atomic_ulong *counts; /* [A] of each CPU, which alone adds; made with
	    the first handler, then [I] */
};

#define COUNTS_BYTES (boot_info.cpu_count * sizeof(atomic_ulong))

static struct {
	struct spinlock lock; /* RANK_DRIVER, irq */
	struct irq_line lines[IRQ_MAX];
	const struct irqchip_ops *chip; /* [I] after probe */
	void *chip_data;
	atomic_ulong spurious; /* [A] */
} irqs = { .lock = SPIN_INIT(RANK_DRIVER, "irq") };

void
irqchip_register(const struct irqchip_ops *ops, void *chip)
{
	if (irqs.chip != NULL) {
		klog(LOG_WARN, "a second interrupt controller is not used");
		return;
	}
	irqs.chip_data = chip;
	rcu_store(&irqs.chip, ops);
	ops->init_cpu(chip);
}

void
irqchip_init_cpu(void)
{
	const struct irqchip_ops *ops = rcu_load(&irqs.chip);

	if (ops != NULL)
		ops->init_cpu(irqs.chip_data);
}

void
irqchip_handle(void)
{
	irqs.chip->handle(irqs.chip_data);
}

void
irqchip_ipi(uint64_t mask)
{
	const struct irqchip_ops *ops = rcu_load(&irqs.chip);

	if (ops != NULL)
		ops->ipi(irqs.chip_data, mask);
}

void
irq_dispatch(unsigned irq)
{
	struct irq_line *l = irq < IRQ_MAX ? &irqs.lines[irq] : NULL;
	struct irq_action *a = l != NULL ? rcu_load(&l->first) : NULL;
	atomic_ulong *count;

	if (a == NULL) {
		atomic_fetch_add(&irqs.spurious, 1);
		return;
	}
	count = &l->counts[cpu_id()];
	atomic_store_explicit(count, atomic_load_explicit(count,
	    memory_order_relaxed) + 1, memory_order_relaxed);
	for (; a != NULL; a = rcu_load(&a->next))
		a->fn(a->arg);
}

enum err
irq_request(unsigned irq, irq_fn *fn, void *arg, const char *name)
{
	atomic_ulong *counts;
	struct irq_action *a;
	struct irq_line *l;
	unsigned long flags;

	if (irq >= IRQ_MAX || irqs.chip == NULL)
		return ERR_NODEV;
	l = &irqs.lines[irq];
	a = kmalloc(sizeof(*a));
	counts = kzalloc(COUNTS_BYTES);
	if (a == NULL || counts == NULL) {
		kfree(a, sizeof(*a));
		kfree(counts, COUNTS_BYTES);
		return ERR_NOMEM;
	}
	flags = spin_lock_irq(&irqs.lock);
	if (l->counts == NULL) {
		l->counts = counts;
		counts = NULL;
	}
	*a = (struct irq_action){ fn, arg, name, l->first };
	rcu_store(&l->first, a);
	if (a->next == NULL)
		irqs.chip->enable(irqs.chip_data, irq, true);
	spin_unlock_irq(&irqs.lock, flags);
	kfree(counts, COUNTS_BYTES);
	return OK;
}

void
irq_set_cpu(unsigned irq, unsigned cpu)
{
	unsigned long flags;

	if (irq >= IRQ_MAX || irqs.chip == NULL)
		return;
	flags = spin_lock_irq(&irqs.lock);
	irqs.chip->set_cpu(irqs.chip_data, irq, cpu);
	spin_unlock_irq(&irqs.lock, flags);
}

void
irq_set_edge(unsigned irq)
{
	unsigned long flags;

	if (irq >= IRQ_MAX || irqs.chip == NULL ||
	    irqs.chip->set_edge == NULL)
		return;
	flags = spin_lock_irq(&irqs.lock);
	irqs.chip->set_edge(irqs.chip_data, irq);
	spin_unlock_irq(&irqs.lock, flags);
}

void
irq_free(unsigned irq, irq_fn *fn, void *arg)
{
	struct irq_line *l = &irqs.lines[irq];
	unsigned long flags = spin_lock_irq(&irqs.lock);
	struct irq_action **at = &l->first, *a;

	while ((a = *at) != NULL && (a->fn != fn || a->arg != arg))
		at = &a->next;
	if (a != NULL)
		rcu_store(at, a->next);
	if (a != NULL && l->first == NULL)
		irqs.chip->enable(irqs.chip_data, irq, false);
	spin_unlock_irq(&irqs.lock, flags);
	rcu_sync();
	kfree(a, sizeof(*a));
}

unsigned long
irq_count(unsigned irq, unsigned cpu)
{
	return irq >= IRQ_MAX || irq_name(irq) == NULL ||
	    cpu >= boot_info.cpu_count ? 0 : atomic_load_explicit(
	    &irqs.lines[irq].counts[cpu], memory_order_relaxed);
}

const char *
irq_name(unsigned irq)
{
	unsigned long flags = arch_irq_save(); /* a read section */
	struct irq_action *a = irq < IRQ_MAX ?
	    rcu_load(&irqs.lines[irq].first) : NULL;
	const char *name = a != NULL ? a->name : NULL;

	arch_irq_restore(flags);
	return name;
}

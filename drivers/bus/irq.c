/*
 * Interrupt lines: who handles them, and the chip that brings them.
 *
 * Handlers run with irqs off on the CPU that took the interrupt. Several may
 * share a line, as PCI's do; each asks its own device. The table is
 * read without a lock by irq_dispatch (RCU: irqs off is a read section);
 * changes take irqs.lock.
 */
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
	atomic_ulong count; /* [A] */
};

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
	struct irq_line *l = &irqs.lines[irq];
	struct irq_action *a = irq < IRQ_MAX ? rcu_load(&l->first) : NULL;

	if (a == NULL) {
		atomic_fetch_add(&irqs.spurious, 1);
		return;
	}
	atomic_fetch_add_explicit(&l->count, 1, memory_order_relaxed);
	for (; a != NULL; a = rcu_load(&a->next))
		a->fn(a->arg);
}

enum err
irq_request(unsigned irq, irq_fn *fn, void *arg, const char *name)
{
	struct irq_line *l = &irqs.lines[irq];
	struct irq_action *a;
	unsigned long flags;

	if (irq >= IRQ_MAX || irqs.chip == NULL)
		return ERR_NODEV;
	a = kmalloc(sizeof(*a));
	if (a == NULL)
		return ERR_NOMEM;
	flags = spin_lock_irq(&irqs.lock);
	*a = (struct irq_action){ fn, arg, name, l->first };
	rcu_store(&l->first, a);
	if (a->next == NULL)
		irqs.chip->enable(irqs.chip_data, irq, true);
	spin_unlock_irq(&irqs.lock, flags);
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
irq_count(unsigned irq)
{
	return irq < IRQ_MAX ? atomic_load(&irqs.lines[irq].count) : 0;
}

const char *
irq_name(unsigned irq)
{
	struct irq_action *a = irq < IRQ_MAX ?
	    rcu_load(&irqs.lines[irq].first) : NULL;

	return a != NULL ? a->name : NULL;
}

/*
 * Interrupt lines: who handles them, and the chip that brings them.
 *
 * Handlers run with irqs off on the CPU that took the interrupt. The table is
 * read without a lock by irq_dispatch (RCU: irqs off is a read section);
 * changes take irqs.lock.
 */
#include <kernel/device.h>
#include <kernel/log.h>

struct irq_line {
	irq_fn *fn; /* [l] published last */
	void *arg; /* [l] */
	const char *name; /* [l] */
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
	irq_fn *fn = irq < IRQ_MAX ? rcu_load(&l->fn) : NULL;

	if (fn == NULL) {
		atomic_fetch_add(&irqs.spurious, 1);
		return;
	}
	atomic_fetch_add_explicit(&l->count, 1, memory_order_relaxed);
	fn(l->arg);
}

enum err
irq_request(unsigned irq, irq_fn *fn, void *arg, const char *name)
{
	struct irq_line *l = &irqs.lines[irq];
	unsigned long flags;
	enum err e = OK;

	if (irq >= IRQ_MAX || irqs.chip == NULL)
		return ERR_NODEV;
	flags = spin_lock_irq(&irqs.lock);
	if (l->fn != NULL) {
		e = ERR_BUSY;
	} else {
		l->arg = arg;
		l->name = name;
		rcu_store(&l->fn, fn);
		irqs.chip->enable(irqs.chip_data, irq, true);
	}
	spin_unlock_irq(&irqs.lock, flags);
	return e;
}

void
irq_free(unsigned irq, irq_fn *fn, void *arg)
{
	struct irq_line *l = &irqs.lines[irq];
	unsigned long flags = spin_lock_irq(&irqs.lock);

	if (l->fn == fn && l->arg == arg) {
		irqs.chip->enable(irqs.chip_data, irq, false);
		rcu_store(&l->fn, NULL);
	}
	spin_unlock_irq(&irqs.lock, flags);
	rcu_sync();
}

unsigned long
irq_count(unsigned irq)
{
	return irq < IRQ_MAX ? atomic_load(&irqs.lines[irq].count) : 0;
}

const char *
irq_name(unsigned irq)
{
	return irq < IRQ_MAX ? irqs.lines[irq].name : NULL;
}

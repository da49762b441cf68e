/*
 * Message-signalled interrupts: the machine's way to have them, if it has
 * one. Which chip that is differs (local APICs, a GICv2m frame, an ITS,
 * IMSICs); a bus asks here for a number and for what its device is to write.
 *
 * Lock: msi.lock, around the chip's calls.
 */
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/log.h>

static struct {
	struct spinlock lock; /* RANK_MSI, irq */
	const struct msi_ops *ops; /* [I] after probe */
	void *chip;
} msi = { .lock = SPIN_INIT(RANK_MSI, "msi") };

void
msi_register(const struct msi_ops *ops, void *chip)
{
	if (msi.ops != NULL) {
		klog(LOG_WARN, "a second receiver of MSIs is not used");
		return;
	}
	msi.chip = chip;
	msi.ops = ops;
}

bool
msi_is_there(void)
{
	return msi.ops != NULL;
}

enum err
msi_alloc(struct msi_request *r)
{
	unsigned long flags;
	enum err e;

	if (msi.ops == NULL)
		return ERR_NOTSUP;
	if (r->cpu >= cpu_count)
		r->cpu = 0; /* it does not run yet: pci_irqs_settle */
	flags = spin_lock_irq(&msi.lock);
	e = msi.ops->alloc(msi.chip, r);
	spin_unlock_irq(&msi.lock, flags);
	return e;
}

void
msi_free(unsigned irq)
{
	unsigned long flags = spin_lock_irq(&msi.lock);

	msi.ops->free(msi.chip, irq);
	spin_unlock_irq(&msi.lock, flags);
}

enum err
msi_move(unsigned irq, unsigned cpu, struct msi_message *out)
{
	unsigned long flags;
	enum err e;

	if (cpu >= cpu_count)
		return ERR_INVAL;
	flags = spin_lock_irq(&msi.lock);
	e = msi.ops->move(msi.chip, irq, cpu, out);

	spin_unlock_irq(&msi.lock, flags);
	return e;
}

enum err
msi_number_take(struct msi_numbers *n, unsigned *out)
{
	for (unsigned i = 0; i < n->count; i++) {
		if (n->used[i / 64] >> i % 64 & 1)
			continue;
		n->used[i / 64] |= UINT64_C(1) << i % 64;
		*out = n->first + i;
		return OK;
	}
	return ERR_NOSPC;
}

void
msi_number_give(struct msi_numbers *n, unsigned number)
{
	unsigned i = number - n->first;

	DASSERT(i < n->count);
	n->used[i / 64] &= ~(UINT64_C(1) << i % 64);
}

/*
 * Message-signalled interrupts: the machine's way to have them, if it has
 * one. Which chip that is differs (local APICs, a GICv2m frame, an ITS,
 * IMSICs); a bus asks here for a number and for what its device is to write.
 *
 * Lock: msi.lock, around the chip's calls.
 */
#include <kernel/device.h>
#include <kernel/log.h>

static struct {
	struct spinlock lock; /* RANK_DRIVER, irq */
	const struct msi_ops *ops; /* [I] after probe */
	void *chip;
} msi = { .lock = SPIN_INIT(RANK_DRIVER, "msi") };

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
	unsigned long flags = spin_lock_irq(&msi.lock);
	enum err e = msi.ops->move(msi.chip, irq, cpu, out);

	spin_unlock_irq(&msi.lock, flags);
	return e;
}

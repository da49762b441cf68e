/*
 * Character devices: the registry that devfs shows and opening asks.
 *
 * Records belong to their drivers and stay. The list is read under a lock
 * that is held for a few steps only; it is short, and looking a device up
 * happens when it is opened.
 */
#include <kernel/chardev.h>

#include <lib/string.h>

static struct {
	struct spinlock lock;
	struct list all; /* [lock] */
	atomic_uint generation; /* [A] */
} chardevs = {
	.lock = SPIN_INIT(RANK_DENTRY, "chardevs"),
	.all = LIST_INIT(chardevs.all),
};

enum err
chardev_register(struct chardev *d)
{
	struct chardev *other;
	enum err e = OK;

	spin_lock(&chardevs.lock);
	list_each(other, &chardevs.all, link) {
		if (other->rdev == d->rdev || strcmp(other->name, d->name) == 0)
			e = ERR_EXISTS;
	}
	if (e == OK) {
		list_add_tail(&chardevs.all, &d->link);
		atomic_fetch_add(&chardevs.generation, 1);
	}
	spin_unlock(&chardevs.lock);
	return e;
}

void
chardev_unregister(struct chardev *d)
{
	spin_lock(&chardevs.lock);
	list_del(&d->link);
	atomic_fetch_add(&chardevs.generation, 1);
	spin_unlock(&chardevs.lock);
}

const struct chardev *
chardev_find(uint64_t rdev)
{
	const struct chardev *d, *found = NULL;

	spin_lock(&chardevs.lock);
	list_each(d, &chardevs.all, link) {
		if (d->rdev == rdev)
			found = d;
	}
	spin_unlock(&chardevs.lock);
	return found;
}

const struct chardev *
chardev_next(const struct chardev *after)
{
	const struct chardev *d;

	spin_lock(&chardevs.lock);
	d = after == NULL ?
	    list_first(&chardevs.all, const struct chardev, link) :
	    list_next_or_null(after, &chardevs.all, link);
	spin_unlock(&chardevs.lock);
	return d;
}

unsigned
chardev_generation(void)
{
	return atomic_load(&chardevs.generation);
}

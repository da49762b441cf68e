/*
 * The character devices without hardware: null, zero, full, random,
 * urandom.
 */
#include <kernel/boot.h>
#include <kernel/chardev.h>
#include <kernel/log.h>
#include <kernel/random.h>
#include <kernel/signal.h>
#include <kernel/space.h>
#include <kernel/task.h>
#include <kernel/user.h>

#include <lib/string.h>

#include "char.h"

#define MAJOR_MEMORY 1u

static enum err
null_read(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	(void)f;
	(void)it;
	(void)off;
	*done = 0;
	return OK;
}

static enum err
null_write(
    struct file *f UNUSED, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	*done = it->left;
	iter_advance(it, it->left);
	return OK;
}

typedef size_t fill_step(struct iter *it);

/* Runs step until the iterator is full or a signal wants to be seen; a short
 * step faults pages in. */
static NOINLINE enum err
fill_rest(struct iter *it, size_t *done, fill_step *step)
{
	size_t start = it->left;
	enum err e = OK;

	while (it->left != 0 && e == OK &&
	    (it->left == start || !signal_pending(thread_current()))) {
		if (step(it) == 0)
			e = iter_fault_in(it);
	}
	*done += start - it->left;
	return *done != 0 ? OK : e;
}

/* Most reads are of one step, in which nothing has to be looked after. */
static ALWAYS_INLINE enum err
fill_iter(struct iter *it, size_t *done, fill_step *step)
{
	size_t n = step(it);

	*done = n;
	return LIKELY(it->left == 0) ? OK : fill_rest(it, done, step);
}

static ALWAYS_INLINE size_t
zero_step(struct iter *it)
{
	return iter_zero(it, MIN(it->left, (size_t)PAGE_SIZE));
}

/* Offsets do not move in these devices. */
static enum err
zero_read(
    struct file *f UNUSED, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	return fill_iter(it, done, zero_step);
}

/* A private mapping of /dev/zero is anonymous memory, a shared one a fresh
 * object. */
static enum err
zero_map(struct file *f, struct map_request *req, struct memobj **out)
{
	(void)f;
	if ((req->flags & REGION_SHARED) == 0) {
		req->file = NULL;
		*out = NULL;
		return OK;
	}
	return ERR_NODEV;
}

static enum err
full_write(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	(void)f;
	(void)it;
	(void)off;
	(void)done;
	return ERR_NOSPC;
}

static size_t
random_step(struct iter *it)
{
	uint8_t block[256];
	size_t n = MIN(it->left, sizeof(block));

	random_bytes(block, n);
	return iter_write(it, block, n);
}

static enum err
random_read(
    struct file *f UNUSED, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	return fill_iter(it, done, random_step);
}

/* What programs write is stirred in; it cannot make the state worse. */
static enum err
random_write(
    struct file *f UNUSED, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	size_t start = it->left;
	enum err e = OK;

	while (it->left != 0 && e == OK &&
	    (it->left == start || !signal_pending(thread_current()))) {
		uint64_t word = 0;

		if (iter_read(it, &word, MIN(it->left, sizeof(word))) == 0)
			e = iter_fault_in(it);
		else
			random_stir(word);
	}
	*done = start - it->left;
	return *done != 0 ? OK : e;
}

#define CONTROL_RNDGETENTCNT 0x80045200u

static enum err
random_control(struct file *f, unsigned cmd, uintptr_t arg, long *ret)
{
	(void)f;
	if (cmd != CONTROL_RNDGETENTCNT)
		return ERR_NOTTY;
	*ret = 0;
	return user_store32(arg, 256);
}

static enum err
memory_seek(struct file *f, int64_t off, int whence, uint64_t *out)
{
	(void)f;
	(void)off;
	(void)whence;
	*out = 0;
	return OK;
}

static const struct file_ops null_ops = {
	.read = null_read,
	.write = null_write,
	.seek = memory_seek,
};
static const struct file_ops zero_ops = {
	.read = zero_read,
	.write = null_write,
	.map = zero_map,
	.seek = memory_seek,
};
static const struct file_ops full_ops = {
	.read = zero_read,
	.write = full_write,
	.seek = memory_seek,
};
static const struct file_ops random_ops = {
	.read = random_read,
	.write = random_write,
	.control = random_control,
	.seek = memory_seek,
};

/* data is the device's ops. */
static enum err
memory_open(const struct chardev *d, struct file *f)
{
	f->ops = d->data;
	return OK;
}

#define DEVICE(n, minor, device_ops) \
	{ \
		.name = (n), .rdev = RDEV(MAJOR_MEMORY, minor), \
		.mode = 0666, .open = memory_open, \
		.data = (void *)(uintptr_t)&(device_ops) \
	}

static struct chardev devices[] = {
	DEVICE("null", 3, null_ops),
	DEVICE("zero", 5, zero_ops),
	DEVICE("full", 7, full_ops),
	DEVICE("random", 8, random_ops),
	DEVICE("urandom", 9, random_ops),
};

void
chardev_init(void)
{
	for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
		enum err e = chardev_register(&devices[i]);

		if (e != OK)
			klog(LOG_ERROR, "device %s: %s", devices[i].name,
			    err_text(e));
	}
	kmsg_init();
}

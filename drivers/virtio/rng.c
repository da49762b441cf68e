/* SPDX-License-Identifier: MIT */
/*
 * The virtio entropy source.
 *
 * It is asked once at start, and what it answers is stirred into the kernel's
 * generator whenever it comes: nobody waits for it. Programs read it as
 * /dev/hwrng (each read asks it anew, with a limit of time).
 *
 * One buffer, one request: rng.lock of whoever waits for it (asleep), the
 * queue under rng.queue_lock.
 * Source: VIRTIO 1.2, 5.4.
 */
#include <kernel/chardev.h>
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/random.h>
#include <kernel/time.h>
#include <kernel/virtio.h>

#include <lib/string.h>

#define TYPE_RNG   4u
#define BYTES      64u
#define READ_LIMIT (5 * NS_PER_SEC)

struct rng {
	struct mutex lock; /* one reader at a time */
	struct spinlock queue_lock; /* RANK_DRIVER, irq */
	struct virtq *queue; /* [I] */
	struct virtio *v; /* [I] */
	uint8_t *buf; /* [I] */
	uint64_t bus; /* [I] */
	atomic_bool asked; /* [A] the device has the buffer */
	unsigned got; /* bytes of the last answer; before asked is false */
	struct waitq answered;
	struct chardev dev;
};

static enum err
ask(struct rng *r)
{
	const struct ring_buf buf = { r->bus, BYTES };
	unsigned long flags = spin_lock_irq(&r->queue_lock);
	enum err e = virtq_add(r->queue, &buf, 0, 1, r);

	if (e == OK) {
		atomic_store(&r->asked, true);
		virtq_kick(r->queue);
	}
	spin_unlock_irq(&r->queue_lock, flags);
	return e;
}

static void
answer(struct virtq *q, void *arg)
{
	struct rng *r = arg;
	unsigned long flags = spin_lock_irq(&r->queue_lock);
	void *cookie;
	uint32_t len;
	bool any;

	do {
		any = virtq_take(q, &cookie, &len) == OK;
	} while (!any && !virtq_listen(q));
	if (any)
		(void)virtq_listen(q); /* there is no other one to take */
	spin_unlock_irq(&r->queue_lock, flags);
	if (!any)
		return;
	for (unsigned i = 0; i + 8 <= len; i += 8) {
		uint64_t word;

		memcpy(&word, r->buf + i, sizeof(word));
		random_stir(word);
	}
	r->got = len;
	atomic_store(&r->asked, false);
	waitq_wake(&r->answered, 0);
}

/* ---- /dev/hwrng ---------------------------------------------------------- */

static enum err
fetch(struct rng *r)
{
	ns_t limit = time_now() + READ_LIMIT;
	enum err e = OK;

	/* The answer to an earlier question may still be on its way; it is
	 * not given to anybody, since it was stirred in. */
	e = wait_until_deadline(&r->answered, !atomic_load(&r->asked),
	    WAIT_SIGNALS, limit);
	if (e == OK)
		e = ask(r);
	if (e == OK)
		e = wait_until_deadline(&r->answered, !atomic_load(&r->asked),
		    WAIT_SIGNALS, limit);
	if (e == ERR_TIMEDOUT)
		klog(LOG_WARN, "%s: does not answer", virtio_name(r->v));
	return e == ERR_TIMEDOUT || (e == OK && r->got == 0) ? ERR_IO : e;
}

static enum err
hwrng_read(struct file *f, struct iter *it, uint64_t *off UNUSED, size_t *done)
{
	struct rng *r = f->data;
	uint8_t bytes[BYTES];
	size_t want;
	enum err e;

	*done = 0;
	mutex_lock(&r->lock);
	e = fetch(r);
	want = e == OK ? MIN(it->left, r->got) : 0;
	memcpy(bytes, r->buf, want);
	mutex_unlock(&r->lock);
	while (e == OK && *done < want) {
		size_t n = iter_write(it, bytes + *done, want - *done);

		*done += n;
		if (n == 0)
			e = iter_fault_in(it);
	}
	memset(bytes, 0, sizeof(bytes));
	return *done != 0 ? OK : e;
}

static const struct file_ops hwrng_ops = { .read = hwrng_read };

static enum err
hwrng_open(const struct chardev *d, struct file *f)
{
	f->ops = &hwrng_ops;
	f->data = d->data;
	return OK;
}

static enum err
rng_probe(struct device *d)
{
	struct rng *r = d->state;
	struct virtq_setup s = { .size = 1, .fn = answer, .arg = r };
	enum err e;

	r->v = virtio_of(d);
	mutex_init(&r->lock, RANK_FILE, "hwrng");
	spin_init(&r->queue_lock, RANK_DRIVER, "virtio-rng");
	waitq_init(&r->answered);
	r->buf = dev_dma_alloc(d, BYTES, &r->bus);
	if (r->buf == NULL)
		return ERR_NOMEM;
	e = virtio_begin(r->v, 0);
	if (e == OK)
		e = virtio_queue(r->v, &s, &r->queue);
	if (e == OK)
		e = virtio_start(r->v);
	if (e == OK)
		e = ask(r);
	if (e != OK)
		return e;
	r->dev = (struct chardev){
		.name = "hwrng",
		.rdev = RDEV(10, 183),
		.mode = 0400,
		.open = hwrng_open,
		.data = r,
	};
	/* The first source is the one that programs see. */
	(void)(chardev_register(&r->dev) == OK);
	return OK;
}

static const struct dev_match rng_match[] = {
	{ .bus = "virtio", .device = TYPE_RNG },
	{ .bus = NULL },
};

static const struct driver virtio_rng = {
	.name = "virtio-rng",
	.match = rng_match,
	.state_size = sizeof(struct rng),
	.probe = rng_probe,
	.order = 5,
};
DRIVER(virtio_rng);

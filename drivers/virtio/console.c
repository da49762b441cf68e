/* SPDX-License-Identifier: MIT */
/*
 * The virtio console: a tty named hvc0 and on, and the kernel's console where
 * the command line says so (console=hvc0) or nothing else is there.
 *
 * Output goes into slots of one DMA block; a slot is free again when the
 * device has answered. Nobody is told of that while there are free slots:
 * interrupts of the queue are only asked for when the tty waits for room.
 * Console messages are waited for, with a limit, because they must get out
 * before the machine ends; a device that does not take them is not waited for
 * again until it takes something.
 *
 * Locks: vcon.lock (RANK_CONSOLE, irq) covers the output queue, rx_lock
 * (RANK_DRIVER, irq) the input queue. The tty is called without them.
 * Source: VIRTIO 1.2, 5.3. One port: multiport is not agreed on.
 */
#include <kernel/chardev.h>
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include <kernel/tty.h>
#include <kernel/virtio.h>

#include <lib/bits.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define TYPE_CONSOLE 3u
#define QUEUE_INPUT  0u
#define QUEUE_OUTPUT 1u
#define SLOTS        8u
#define SLOT_BYTES   256u
#define SEND_LIMIT   (20 * NS_PER_MS)
#define HVC_MAJOR    229u

struct vcon {
	struct spinlock lock;
	struct spinlock rx_lock;
	struct virtio *v; /* [I] */
	struct virtq *rx, *tx; /* [rx_lock], [l] */
	char *in, *out; /* [I] SLOTS of SLOT_BYTES */
	uint64_t in_bus, out_bus; /* [I] */
	unsigned free; /* [l] bit: that output slot */
	bool full; /* [l] the tty waits for room */
	bool stuck; /* [l] it did not take a message */
	struct tty *tty; /* [I] */
};

static struct vcon *console; /* [I] */

/* ---- output -------------------------------------------------------------- */

/* Takes back what the device has sent. */
static void
reclaim(struct vcon *c) REQUIRES(c->lock)
{
	void *slot;
	uint32_t len;

	while (virtq_take(c->tx, &slot, &len) == OK) {
		c->free |= 1u << (((char *)slot - c->out) / SLOT_BYTES);
		c->stuck = false;
	}
}

/* Sends as much as there is room for. */
static size_t
send(struct vcon *c, const char *buf, size_t len) REQUIRES(c->lock)
{
	size_t done = 0;

	while (done < len && c->free != 0) {
		unsigned i = ctz64(c->free);
		size_t n = MIN(len - done, SLOT_BYTES);
		const struct ring_buf b = {
			c->out_bus + i * SLOT_BYTES, (uint32_t)n };

		memcpy(c->out + i * SLOT_BYTES, buf + done, n);
		if (virtq_add(c->tx, &b, 1, 0, c->out + i * SLOT_BYTES) != OK)
			break;
		c->free &= ~(1u << i);
		done += n;
	}
	virtq_kick(c->tx);
	return done;
}

static size_t
vcon_tty_write(struct tty *t, const char *buf, size_t len)
{
	struct vcon *c = tty_driver_data(t);
	unsigned long flags = spin_lock_irq(&c->lock);
	size_t n;

	reclaim(c);
	n = send(c, buf, len);
	while (n < len && !virtq_listen(c->tx)) {
		reclaim(c);
		n += send(c, buf + n, len - n);
	}
	c->full = n < len;
	if (!c->full)
		virtq_silence(c->tx);
	spin_unlock_irq(&c->lock, flags);
	return n;
}

static const struct tty_lower_ops vcon_tty_ops = { .write = vcon_tty_write };

static void
sent(struct virtq *q UNUSED, void *arg)
{
	struct vcon *c = arg;
	unsigned long flags = spin_lock_irq(&c->lock);
	bool room;

	reclaim(c);
	room = c->full && c->free != 0;
	if (room)
		c->full = false;
	spin_unlock_irq(&c->lock, flags);
	if (room)
		tty_output_ready(c->tty);
}

/* Waits until there is a free slot, or until all are. */
static void
wait_sent(struct vcon *c, unsigned wanted, ns_t limit) REQUIRES(c->lock)
{
	for (reclaim(c); (c->free & wanted) != wanted || c->free == 0;
	    reclaim(c)) {
		c->stuck = c->stuck || arch_time() > limit;
		if (c->stuck)
			return;
		arch_pause();
	}
}

static void
console_write(const char *s, size_t len)
{
	struct vcon *c = console;
	ns_t limit = arch_time() + SEND_LIMIT;
	unsigned long flags = spin_lock_irq(&c->lock);

	while (len > 0 && !c->stuck) {
		const char *end = memchr(s, '\n', len);
		size_t n = end != NULL ? (size_t)(end - s) : len;

		wait_sent(c, 0, limit);
		if (n == 0) {
			(void)send(c, "\r\n", 2);
			n = 1;
		} else {
			n = send(c, s, n);
		}
		s += n;
		len -= n;
	}
	wait_sent(c, (1u << SLOTS) - 1, limit);
	spin_unlock_irq(&c->lock, flags);
}

/* ---- input --------------------------------------------------------------- */

static enum err
offer(struct vcon *c, char *slot) REQUIRES(c->rx_lock)
{
	const struct ring_buf b = {
		c->in_bus + (uint64_t)(slot - c->in), SLOT_BYTES };

	return virtq_add(c->rx, &b, 0, 1, slot);
}

/* Copies one answer out and gives the slot back. False: there is none. */
static bool
receive(struct vcon *c, char buf[SLOT_BYTES], uint32_t *len)
{
	unsigned long flags = spin_lock_irq(&c->rx_lock);
	void *slot;
	bool any;

	do {
		any = virtq_take(c->rx, &slot, len) == OK;
	} while (!any && !virtq_listen(c->rx));
	if (any) {
		memcpy(buf, slot, *len);
		any = offer(c, slot) == OK;
		virtq_kick(c->rx);
	}
	spin_unlock_irq(&c->rx_lock, flags);
	return any;
}

static void
received(struct virtq *q UNUSED, void *arg)
{
	struct vcon *c = arg;
	char buf[SLOT_BYTES];
	uint32_t len;

	/* To the end, since only an empty queue asks for an interrupt; a host
	 * that types without end could as well stop us. */
	while (receive(c, buf, &len))
		(void)tty_input(c->tty, buf, len);
}

/* ---- probing ------------------------------------------------------------- */

static enum err
start(struct vcon *c, struct device *d)
{
	struct virtq_setup rx = { .index = QUEUE_INPUT, .size = SLOTS,
		.fn = received, .arg = c };
	struct virtq_setup tx = { .index = QUEUE_OUTPUT, .size = SLOTS,
		.fn = sent, .arg = c };
	unsigned long flags;
	enum err e;

	c->in = dev_dma_alloc(d, SLOTS * SLOT_BYTES, &c->in_bus);
	c->out = dev_dma_alloc(d, SLOTS * SLOT_BYTES, &c->out_bus);
	if (c->in == NULL || c->out == NULL)
		return ERR_NOMEM;
	e = virtio_begin(c->v, 0);
	if (e == OK)
		e = virtio_queue(c->v, &rx, &c->rx);
	if (e == OK)
		e = virtio_queue(c->v, &tx, &c->tx);
	if (e != OK)
		return e;
	if (virtq_size(c->rx) < SLOTS || virtq_size(c->tx) < SLOTS)
		return ERR_NOTSUP;
	virtq_silence(c->tx);
	flags = spin_lock_irq(&c->rx_lock);
	for (unsigned i = 0; i < SLOTS && e == OK; i++)
		e = offer(c, c->in + i * SLOT_BYTES);
	spin_unlock_irq(&c->rx_lock, flags);
	return e;
}

static enum err
vcon_probe(struct device *d)
{
	static unsigned count;
	struct vcon *c = d->state;
	char name[16];
	enum err e;

	c->v = virtio_of(d);
	c->free = (1u << SLOTS) - 1;
	spin_init(&c->lock, RANK_CONSOLE, "virtio-console");
	spin_init(&c->rx_lock, RANK_DRIVER, "virtio-console input");
	e = start(c, d);
	if (e != OK)
		return e;
	snprintf(name, sizeof(name), "hvc%u", count);
	c->tty = tty_create(name, RDEV(HVC_MAJOR, count), &vcon_tty_ops, c);
	if (c->tty == NULL)
		return ERR_NOMEM;
	/* The tty lives for ever, and so does what it writes to: a device that
	 * does not start now is a terminal that says nothing. */
	count++;
	e = virtio_start(c->v);
	if (e != OK) {
		klog(LOG_WARN, "%s: %s", virtio_name(c->v), err_text(e));
		return OK;
	}
	if (tty_offer_console(c->tty)) {
		console = c;
		log_set_console(console_write);
	}
	return OK;
}

static const struct dev_match vcon_match[] = {
	{ .bus = "virtio", .device = TYPE_CONSOLE },
	{ .bus = NULL },
};

static const struct driver virtio_console = {
	.name = "virtio-console",
	.match = vcon_match,
	.state_size = sizeof(struct vcon),
	.probe = vcon_probe,
	.order = 5,
};
DRIVER(virtio_console);

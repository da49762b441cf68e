/* SPDX-License-Identifier: MIT */
/*
 * Virtio devices: status, features, queues, interrupts, over any carrier.
 *
 * Start of a device: reset -> ACKNOWLEDGE, DRIVER -> features agreed
 * (FEATURES_OK, but for legacy ones) -> queues -> DRIVER_OK. Its end, when the
 * driver leaves for whatever reason: reset, and only then do its interrupts
 * and its memory go (a device gives back the newest first, and the reset is
 * registered by virtio_start, after all of that).
 *
 * Interrupts: where there are messages, a queue has one of its own, and those
 * that came too late for one share the one of configuration changes.
 * Otherwise all share the device's line, whose handler reads the interrupt
 * status and asks each.
 *
 * Locks: none here. Probing is single-threaded, and a queue is its driver's.
 */
#include "virtio.h"

#include <kernel/log.h>
#include <kernel/time.h>

#include <lib/fmt.h>
#include <lib/string.h>

#define RESET_LIMIT   (100 * NS_PER_MS)
#define CONFIG_TRIES  16
#define LINE_ROUNDS   8

struct virtio *
virtio_of(struct device *d)
{
	return d->on_bus;
}

const char *
virtio_name(const struct virtio *v)
{
	return v->device->name;
}

enum err
virtio_create(struct device *parent, unsigned type,
    const struct virtio_carrier *carrier, void *data, bool legacy)
{
	static unsigned count;
	char name[32];
	struct virtio *v = kzalloc(sizeof(*v));

	if (v == NULL)
		return ERR_NOMEM;
	snprintf(name, sizeof(name), "virtio%u", count++);
	v->device = device_create(parent, "virtio", name);
	if (v->device == NULL) {
		kfree(v, sizeof(*v));
		return ERR_NOMEM;
	}
	v->carrier = carrier;
	v->data = data;
	v->legacy = legacy;
	v->device->on_bus = v;
	v->device->id = type;
	memcpy(v->device->irqs, parent->irqs, sizeof(parent->irqs));
	v->device->irq_count = parent->irq_count;
	klog(LOG_DEBUG, "%s: type %u at %s%s", name, type, parent->name,
	    legacy ? ", legacy" : "");
	return OK;
}

static void
add_status(struct virtio *v, uint8_t bits)
{
	v->carrier->set_status(v,
	    (uint8_t)(v->carrier->status(v) | bits));
}

static enum err
reset(struct virtio *v)
{
	ns_t limit = arch_time() + RESET_LIMIT;

	v->carrier->set_status(v, 0);
	while (v->carrier->status(v) != 0) {
		if (arch_time() > limit) {
			klog(LOG_WARN, "%s: does not reset", virtio_name(v));
			return ERR_TIMEDOUT;
		}
		arch_pause();
	}
	return OK;
}

static void
reset_at_end(void *virtio)
{
	struct virtio *v = virtio;

	(void)reset(v);
	v->queue_count = 0;
}

/* ---- interrupts ---------------------------------------------------------- */

void
virtq_irq(void *queue)
{
	struct virtq *q = queue;

	q->fn(q, q->arg);
	/* Said here and not by virtq_take, whose caller may be the console. */
	if (UNLIKELY(q->ring.broken != NULL && !q->told)) {
		q->told = true;
		klog(LOG_ERROR, "%s: queue %u: %s; it is used no more",
		    virtio_name(q->v), q->index, q->ring.broken);
	}
}

static void
changed(struct virtio *v)
{
	if (v->carrier->status(v) & STATUS_NEEDS_RESET)
		klog(LOG_WARN, "%s: says that it is broken", virtio_name(v));
	else if (v->change != NULL)
		v->change(v->change_arg);
}

static void
ask_queues(struct virtio *v)
{
	for (unsigned i = 0; i < v->queue_count; i++)
		if (!v->queues[i]->own_irq)
			virtq_irq(v->queues[i]);
}

void
virtio_shared_irq(void *virtio)
{
	struct virtio *v = virtio;

	ask_queues(v);
	changed(v);
}

/* The shared line. Rounds, because a line that was programmed for edges says
 * nothing of what comes between reading the status and the end. */
static void
line_irq(void *virtio)
{
	struct virtio *v = virtio;
	uint8_t isr;

	for (unsigned n = 0; n < LINE_ROUNDS; n++) {
		isr = v->carrier->isr(v);
		if (isr == 0)
			return;
		if (isr & ISR_QUEUE)
			ask_queues(v);
		if (isr & ISR_CONFIG)
			changed(v);
	}
}

void
virtio_on_change(struct virtio *v, void (*fn)(void *arg), void *arg)
{
	v->change_arg = arg;
	v->change = fn;
}

/* ---- start --------------------------------------------------------------- */

enum err
virtio_begin(struct virtio *v, uint64_t wanted)
{
	uint64_t offered;
	enum err e = reset(v);

	if (e != OK)
		return e;
	e = dev_on_release(v->device, reset_at_end, v);
	if (e != OK)
		return e;
	v->queue_count = 0;
	v->messages = false;
	add_status(v, STATUS_ACKNOWLEDGE);
	add_status(v, STATUS_DRIVER);
	offered = v->carrier->features(v);
	wanted |= VIRTIO_F(VIRTIO_F_INDIRECT_DESC) |
	    VIRTIO_F(VIRTIO_F_EVENT_IDX);
	if (!v->legacy) {
		wanted |= VIRTIO_F(VIRTIO_F_VERSION_1);
		if (!(offered & VIRTIO_F(VIRTIO_F_VERSION_1))) {
			klog(LOG_WARN, "%s: a modern device that is none",
			    virtio_name(v));
			return ERR_NOTSUP;
		}
	}
	v->features = offered & wanted;
	v->carrier->accept(v, v->features);
	if (v->carrier->messages != NULL)
		e = v->carrier->messages(v);
	if (v->legacy || e != OK)
		return e;
	add_status(v, STATUS_FEATURES_OK);
	if (!(v->carrier->status(v) & STATUS_FEATURES_OK)) {
		klog(LOG_WARN, "%s: does not work with features %llx",
		    virtio_name(v), (unsigned long long)v->features);
		return ERR_NOTSUP;
	}
	return OK;
}

bool
virtio_has(const struct virtio *v, unsigned feature)
{
	return v->features >> feature & 1;
}

enum err
virtio_start(struct virtio *v)
{
	enum err e = OK;

	if (!v->messages)
		e = dev_irq(v->device, 0, line_irq, v);
	if (e == ERR_NODEV)
		klog(LOG_WARN, "%s: has no interrupt", virtio_name(v));
	if (e == OK)
		e = dev_on_release(v->device, reset_at_end, v);
	if (e != OK)
		return e;
	add_status(v, STATUS_DRIVER_OK);
	for (unsigned i = 0; i < v->queue_count; i++)
		virtq_kick(v->queues[i]);
	return OK;
}

void
virtio_config(struct virtio *v, size_t off, void *buf, size_t len)
{
	for (unsigned n = 0; n < CONFIG_TRIES; n++) {
		uint32_t before = v->carrier->generation(v);

		v->carrier->config(v, off, buf, len);
		if (v->carrier->generation(v) == before)
			return;
	}
	klog(LOG_WARN, "%s: its configuration keeps changing", virtio_name(v));
}

/* ---- queues -------------------------------------------------------------- */

static void
queue_free(void *queue)
{
	struct virtq *q = queue;

	kfree(q->ring.slots, q->ring.size * sizeof(*q->ring.slots));
	kfree(q, sizeof(*q));
}

/* The ring of q; what it is made of is the device's to give back. */
static enum err
queue_memory(struct virtq *q, const struct virtq_setup *s, unsigned size)
{
	struct device *d = q->v->device;
	bool tables = s->segments > 1 &&
	    virtio_has(q->v, VIRTIO_F_INDIRECT_DESC);
	struct ring_setup r = {
		.size = size,
		.segments = s->segments,
		.event_idx = virtio_has(q->v, VIRTIO_F_EVENT_IDX),
		.legacy = q->v->legacy,
		.slots = kzalloc(size * sizeof(struct ring_slot)),
	};

	if (r.slots == NULL)
		return ERR_NOMEM;
	r.memory = dev_dma_alloc(d, ring_bytes(size), &q->bus);
	if (tables)
		r.tables = dev_dma_alloc(d,
		    (size_t)size * s->segments * RING_DESC_BYTES,
		    &r.tables_bus);
	if (r.memory == NULL || (tables && r.tables == NULL) ||
	    ring_init(&q->ring, &r) != OK) {
		kfree(r.slots, size * sizeof(struct ring_slot));
		return ERR_NOMEM;
	}
	return OK;
}

/* How many descriptors; 0: it cannot be. */
static unsigned
queue_size(struct virtio *v, unsigned wanted, unsigned has)
{
	if (v->carrier->fixed_size)
		return has <= RING_SIZE_MAX && (has & (has - 1)) == 0 ?
		    has : 0;
	if (wanted == 0 || wanted > has)
		wanted = has;
	wanted = MIN(wanted, RING_SIZE_MAX);
	while ((wanted & (wanted - 1)) != 0)
		wanted &= wanted - 1;
	return wanted;
}

/* Gives the queue to the device, which may not touch it before DRIVER_OK. */
static enum err
queue_enable(struct virtq *q, unsigned cpu)
{
	struct virtio *v = q->v;
	enum err e = dev_on_release(v->device, queue_free, q);

	if (e != OK) {
		queue_free(q);
		return e;
	}
	if (v->messages)
		e = v->carrier->own_irq(q, cpu);
	if (e == OK)
		e = v->carrier->enable(v, q);
	if (e == OK)
		v->queues[v->queue_count++] = q;
	return e;
}

enum err
virtio_queue(
    struct virtio *v, const struct virtq_setup *s, struct virtq **out)
{
	unsigned has = v->carrier->select(v, s->index), size;
	struct virtq *q;
	enum err e;

	if (has == 0 || v->queue_count == VIRTIO_QUEUES_MAX)
		return ERR_NODEV;
	size = queue_size(v, s->size, has);
	if (size == 0) {
		klog(LOG_WARN, "%s: queue %u of %u descriptors cannot be",
		    virtio_name(v), s->index, has);
		return ERR_NOTSUP;
	}
	q = kzalloc(sizeof(*q));
	if (q == NULL)
		return ERR_NOMEM;
	q->v = v;
	q->index = s->index;
	q->fn = s->fn;
	q->arg = s->arg;
	e = queue_memory(q, s, size);
	if (e != OK) {
		kfree(q, sizeof(*q));
		return e;
	}
	e = queue_enable(q, s->cpu);
	if (e == OK)
		*out = q;
	return e;
}

unsigned
virtq_size(const struct virtq *q)
{
	return q->ring.size;
}

enum err
virtq_add(struct virtq *q, const struct ring_buf *bufs, unsigned out,
    unsigned in, void *cookie)
{
	return ring_add(&q->ring, bufs, out, in, cookie);
}

void
virtq_kick(struct virtq *q)
{
	if (!ring_publish(&q->ring))
		return;
	arch_io_barrier();
	q->v->carrier->notify(q);
}

enum err
virtq_take(struct virtq *q, void **cookie, uint32_t *len)
{
	return ring_take(&q->ring, cookie, len);
}

void
virtq_silence(struct virtq *q)
{
	ring_silence(&q->ring);
}

bool
virtq_listen(struct virtq *q)
{
	return ring_listen(&q->ring);
}

enum err
virtq_set_cpu(struct virtq *q, unsigned cpu)
{
	return q->own_irq ? q->v->carrier->move_irq(q, cpu) : ERR_NOTSUP;
}

/*
 * Virtio as drivers see it (drivers/virtio): one core, whatever carries the
 * device (PCI or memory-mapped registers, modern or legacy).
 *
 * A driver matches { .bus = "virtio", .device = type }. Its probe calls
 * virtio_begin, then virtio_queue for each queue, then virtio_start. Queues
 * share nothing, neither locks nor, where the machine has enough of them,
 * interrupts: their driver lets one CPU at a time into each.
 *
 * When the driver leaves, the device is reset before the memory is freed that
 * the driver got (dev_dma_alloc) before virtio_start.
 * A device that breaks the rules loses the queue: the calls answer ERR_IO and
 * the log says what it did.
 *
 * Source: VIRTIO 1.2, chapters 2 and 3.
 */
#pragma once

#include <kernel/err.h>
#include <lib/base.h>

struct device;
struct virtio;
struct virtq;

/* Features that are the core's business; the others are numbers of a type. */
#define VIRTIO_F_INDIRECT_DESC 28
#define VIRTIO_F_EVENT_IDX     29
#define VIRTIO_F_VERSION_1     32
#define VIRTIO_F(n)            (UINT64_C(1) << (n))

struct virtio *virtio_of(struct device *d);
const char *virtio_name(const struct virtio *v);

/*
 * Resets the device and agrees on features: those of wanted that it offers.
 * Errors: ERR_TIMEDOUT it does not reset, ERR_NOTSUP it insists on others.
 */
enum err virtio_begin(struct virtio *v, uint64_t wanted);
bool virtio_has(const struct virtio *v, unsigned feature);

/* irqs off: answers may be there. Also called for nothing at times. */
typedef void virtq_fn(struct virtq *q, void *arg);

struct virtq_setup {
	unsigned index;
	unsigned size; /* chains wanted, at most; 0: what the device has */
	unsigned segments; /* of the longest chain; more than 1: tables */
	unsigned cpu; /* that takes its interrupts, where queues have theirs */
	virtq_fn *fn;
	void *arg;
};
/* Errors: ERR_NODEV the device has no such queue, ERR_NOMEM, ERR_NOTSUP. */
enum err virtio_queue(
    struct virtio *v, const struct virtq_setup *s, struct virtq **out);
/* fn(arg), irqs off, when the device changed its configuration. */
void virtio_on_change(struct virtio *v, void (*fn)(void *arg), void *arg);
enum err virtio_start(struct virtio *v);

/* len bytes of the type's configuration, of one moment. */
void virtio_config(struct virtio *v, size_t off, void *buf, size_t len);

/* ---- queues: as drivers/virtio/ring.h says ------------------------------ */

/* One piece of memory, as the device addresses it. */
struct ring_buf {
	uint64_t bus;
	uint32_t len;
};

/* Descriptors of the queue. */
unsigned virtq_size(const struct virtq *q);
enum err virtq_add(struct virtq *q, const struct ring_buf *bufs, unsigned out,
    unsigned in, void *cookie);
/* Tells the device, if it wants to be told. */
void virtq_kick(struct virtq *q);
enum err virtq_take(struct virtq *q, void **cookie, uint32_t *len);
/* No interrupts, please; and: one at the next answer, which has to be asked for
 * after each. False: answers came meanwhile, take them first. */
void virtq_silence(struct virtq *q);
bool virtq_listen(struct virtq *q);
/* Moves the interrupt. ERR_NOTSUP: the queue has none of its own. */
enum err virtq_set_cpu(struct virtq *q, unsigned cpu);

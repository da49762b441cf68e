/* SPDX-License-Identifier: MIT */
/* Between the core and what carries a device; internal to drivers/virtio. */
#pragma once

#include <kernel/device.h>
#include <kernel/virtio.h>

#include "ring.h"

#define VIRTIO_QUEUES_MAX 64u

/* Of the device status field. */
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 64u
#define STATUS_FAILED      128u

/* Of the interrupt status. */
#define ISR_QUEUE  1u
#define ISR_CONFIG 2u

struct virtq {
	struct ring ring; /* of whoever the driver lets in */
	struct virtio *v; /* [I] */
	unsigned index; /* [I] */
	uint64_t bus; /* [I] of the ring's memory */
	virtq_fn *fn; /* [I] */
	void *arg; /* [I] */
	size_t bell; /* [I] the carrier's: where to kick */
	bool own_irq; /* [I] */
	bool told; /* the log has said that the ring is broken */
};

/* What carries a device. The core calls these one at a time, but notify. */
struct virtio_carrier {
	uint8_t (*status)(struct virtio *v);
	void (*set_status)(struct virtio *v, uint8_t status);
	uint64_t (*features)(struct virtio *v);
	void (*accept)(struct virtio *v, uint64_t features);
	uint32_t (*generation)(struct virtio *v); /* of the configuration */
	void (*config)(struct virtio *v, size_t off, void *buf, size_t len);
	/* Selects a queue: the most descriptors it can have, 0: no queue. */
	unsigned (*select)(struct virtio *v, unsigned index);
	enum err (*enable)(struct virtio *v, struct virtq *q); /* selected */
	void (*notify)(struct virtq *q);
	uint8_t (*isr)(struct virtio *v); /* reads and acknowledges */
	/* After a reset: turns messages on, if it can. May be NULL. */
	enum err (*messages)(struct virtio *v);
	/* Where messages are on: gives the selected queue one of its own
	 * (q->own_irq), or the one it shares with changes; moves its own. */
	enum err (*own_irq)(struct virtq *q, unsigned cpu);
	enum err (*move_irq)(struct virtq *q, unsigned cpu);
	bool fixed_size; /* queues have the size they have */
};

struct virtio {
	const struct virtio_carrier *carrier; /* [I] */
	void *data; /* [I] the carrier's */
	struct device *device; /* [I] which drivers match */
	bool legacy; /* [I] the device's interface is that before 1.0 */
	bool messages; /* [I] they are on: the line is not used */
	uint64_t features; /* [I] agreed on */
	struct virtq *queues[VIRTIO_QUEUES_MAX]; /* [I] of the shared line */
	unsigned queue_count; /* [I] after virtio_start */
	void (*change)(void *arg); /* [I] */
	void *change_arg;
};

/* A device of that type below parent, carried by data's carrier. Interrupts
 * are parent's. */
enum err virtio_create(struct device *parent, unsigned type,
    const struct virtio_carrier *carrier, void *data, bool legacy);
/* A queue's own message, and the one for all the rest. */
void virtq_irq(void *queue);
void virtio_shared_irq(void *virtio);

/* SPDX-License-Identifier: MIT */
/*
 * The split virtqueue: memory that a driver and its device share.
 *
 * Pure logic over memory that the caller brings, so that it runs in tests
 * against a device that lies. The driver's own state (which descriptors are
 * free, what a chain may be answered with) is kept in slots that the device
 * cannot reach; of what the device writes only used.idx, one used element a
 * time, used.flags and avail_event are read, each once, and checked.
 *
 * Life of a slot: free -> ring_add -> in flight -> ring_take -> free. A ring
 * whose device broke the rules is broken for good (ring.broken says how) and
 * gives nothing back but by ring_lost().
 *
 * Locks: none. The caller lets one thread at a time in; rings share nothing.
 * Source: VIRTIO 1.2, 2.6 and 2.7.
 */
#pragma once

#include <kernel/virtio.h>
#include <stdatomic.h>

#define RING_SIZE_MAX 1024u /* descriptors; the specification has 32768 */
#define RING_ALIGN    4096u /* of the used part: what legacy devices want */
#define RING_DESC_BYTES 16u

struct ring_slot {
	void *cookie; /* the caller's */
	uint32_t room; /* bytes that the device may write */
	uint16_t next; /* in the free list, or of the chain */
	uint16_t count; /* descriptors of the chain; 0: not its head */
};

struct ring_setup {
	void *memory; /* ring_bytes(size), zero, aligned to RING_ALIGN */
	struct ring_slot *slots; /* size of them */
	void *tables; /* NULL, or size * segments descriptors, with their */
	uint64_t tables_bus; /* address */
	unsigned size; /* a power of two */
	unsigned segments; /* of a chain in one table */
	bool event_idx; /* VIRTIO_F_EVENT_IDX was agreed on */
	bool legacy; /* whose lengths were never to be relied on */
};

struct ring {
	struct ring_desc *desc;
	struct ring_avail *avail;
	struct ring_used *used;
	struct ring_slot *slots;
	struct ring_desc *tables;
	uint64_t tables_bus;
	uint16_t size, segments;
	uint16_t free_head, free_count;
	uint16_t added, published; /* avail.idx, ours and the device's view */
	uint16_t seen; /* used elements taken */
	uint16_t in_flight; /* chains */
	bool event_idx, legacy;
	const char *broken; /* NULL: the device kept the rules so far */
};

/* Bytes of the ring's memory; and where its parts start. */
size_t ring_bytes(unsigned size);
size_t ring_avail_offset(unsigned size);
size_t ring_used_offset(unsigned size);

/* Errors: ERR_INVAL for a size that cannot be. */
enum err ring_init(struct ring *r, const struct ring_setup *s);

/*
 * Queues a chain: out pieces that the device reads, then in pieces that it
 * writes. The device sees it after ring_publish.
 * Errors: ERR_AGAIN no room, ERR_INVAL no pieces or more than fit ever,
 * ERR_IO the ring is broken.
 */
enum err ring_add(struct ring *r, const struct ring_buf *bufs, unsigned out,
    unsigned in, void *cookie);

/* Shows the device all that was added. True: it wants to be told. */
bool ring_publish(struct ring *r);

/*
 * Takes one chain back. *len: bytes that the device says it wrote, never
 * more than it had room for.
 * Errors: ERR_AGAIN nothing is there, ERR_IO the device lies (r->broken).
 */
enum err ring_take(struct ring *r, void **cookie, uint32_t *len);

/* Whether ring_take would give something. */
bool ring_pending(const struct ring *r);

/* Asks for no interrupts (a hint); asks for one at the next chain. listen
 * gives false when chains came meanwhile: take them, then listen again. */
void ring_silence(struct ring *r);
bool ring_listen(struct ring *r);

/* After the device was reset: the cookie of one chain that was in flight,
 * which is free then; NULL: no more. */
void *ring_lost(struct ring *r);

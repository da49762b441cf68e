/* SPDX-License-Identifier: MIT */
#include "ring.h"

#define DESC_NEXT     1u
#define DESC_WRITE    2u
#define DESC_INDIRECT 4u
#define AVAIL_NO_INTERRUPT 1u
#define USED_NO_NOTIFY     1u
#define NONE UINT16_MAX /* ends the free list */

struct ring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

/* Both are followed by the other side's event index. */
struct ring_avail {
	_Atomic uint16_t flags, idx;
	uint16_t ring[];
};

struct ring_element {
	_Atomic uint32_t id, len;
};

struct ring_used {
	_Atomic uint16_t flags, idx;
	struct ring_element ring[];
};

_Static_assert(sizeof(struct ring_desc) == RING_DESC_BYTES, "2.7.5");
_Static_assert(sizeof(struct ring_element) == 8, "2.7.8");

size_t
ring_avail_offset(unsigned size)
{
	return (size_t)size * RING_DESC_BYTES;
}

size_t
ring_used_offset(unsigned size)
{
	size_t end = ring_avail_offset(size) + 6 + 2 * (size_t)size;

	return ALIGN_UP(end, RING_ALIGN);
}

size_t
ring_bytes(unsigned size)
{
	return ring_used_offset(size) + 6 + 8 * (size_t)size;
}

/* Where we say at which used index we want an interrupt. */
static _Atomic uint16_t *
used_event(const struct ring *r)
{
	return (_Atomic uint16_t *)&r->avail->ring[r->size];
}

/* Where the device says at which avail index it wants to be told. */
static _Atomic uint16_t *
avail_event(const struct ring *r)
{
	return (_Atomic uint16_t *)(void *)&r->used->ring[r->size];
}

enum err
ring_init(struct ring *r, const struct ring_setup *s)
{
	char *m = s->memory;

	if (s->size == 0 || s->size > RING_SIZE_MAX ||
	    (s->size & (s->size - 1)) != 0)
		return ERR_INVAL;
	*r = (struct ring){
		.desc = (struct ring_desc *)(void *)m,
		.avail = (void *)(m + ring_avail_offset(s->size)),
		.used = (void *)(m + ring_used_offset(s->size)),
		.slots = s->slots,
		.tables = s->tables,
		.tables_bus = s->tables_bus,
		.size = (uint16_t)s->size,
		.segments = (uint16_t)s->segments,
		.free_count = (uint16_t)s->size,
		.event_idx = s->event_idx,
		.legacy = s->legacy,
	};
	for (unsigned i = 0; i < s->size; i++)
		r->slots[i] = (struct ring_slot){
			.next = (uint16_t)(i + 1 < s->size ? i + 1 : NONE),
		};
	return OK;
}

/* ---- driver to device --------------------------------------------------- */

static uint16_t
desc_flags(unsigned i, unsigned out, unsigned count)
{
	return (uint16_t)((i >= out ? DESC_WRITE : 0) |
	    (i + 1 < count ? DESC_NEXT : 0));
}

/* The chain in the slot's own table, which one descriptor names. */
static void
fill_table(struct ring *r, uint16_t head, const struct ring_buf *bufs,
    unsigned out, unsigned count)
{
	size_t first = (size_t)head * r->segments;
	struct ring_desc *t = &r->tables[first];

	for (unsigned i = 0; i < count; i++)
		t[i] = (struct ring_desc){ bufs[i].bus, bufs[i].len,
			desc_flags(i, out, count), (uint16_t)(i + 1) };
	r->desc[head] = (struct ring_desc){
		.addr = r->tables_bus + first * RING_DESC_BYTES,
		.len = count * RING_DESC_BYTES,
		.flags = DESC_INDIRECT,
	};
	r->free_head = r->slots[head].next;
}

static void
fill_chain(struct ring *r, const struct ring_buf *bufs, unsigned out,
    unsigned count)
{
	uint16_t at = r->free_head;

	for (unsigned i = 0; i < count; i++) {
		r->desc[at] = (struct ring_desc){ bufs[i].bus, bufs[i].len,
			desc_flags(i, out, count), r->slots[at].next };
		at = r->slots[at].next;
	}
	r->free_head = at;
}

enum err
ring_add(struct ring *r, const struct ring_buf *bufs, unsigned out,
    unsigned in, void *cookie)
{
	unsigned count = out + in;
	bool table = r->tables != NULL && count > 1 && count <= r->segments;
	unsigned slots = table ? 1 : count;
	uint16_t head = r->free_head;
	uint64_t room = 0;

	if (r->broken != NULL)
		return ERR_IO;
	if (count == 0 || slots > r->size)
		return ERR_INVAL;
	if (slots > r->free_count)
		return ERR_AGAIN;
	for (unsigned i = out; i < count; i++)
		room += bufs[i].len;
	if (table)
		fill_table(r, head, bufs, out, count);
	else
		fill_chain(r, bufs, out, count);
	r->slots[head].cookie = cookie;
	r->slots[head].room = (uint32_t)MIN(room, UINT32_MAX);
	r->slots[head].count = (uint16_t)slots;
	r->free_count = (uint16_t)(r->free_count - slots);
	r->in_flight++;
	r->avail->ring[r->added++ & (r->size - 1)] = head;
	return OK;
}

/* Did the index pass event on its way from old to now? VIRTIO 1.2, 2.7.7.1. */
static bool
passed(uint16_t event, uint16_t now, uint16_t old)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

bool
ring_publish(struct ring *r)
{
	uint16_t old = r->published;

	if (old == r->added)
		return false;
	/* The chains are written before the device may see their index. */
	atomic_store_explicit(&r->avail->idx, r->added, memory_order_release);
	r->published = r->added;
	/* It is seen before the device's wish is read: the device writes its
	 * wish and then looks at the index once more. */
	atomic_thread_fence(memory_order_seq_cst);
	if (r->event_idx)
		return passed(atomic_load_explicit(
		    avail_event(r), memory_order_relaxed), r->added, old);
	return !(atomic_load_explicit(&r->used->flags, memory_order_relaxed) &
	    USED_NO_NOTIFY);
}

/* ---- device to driver --------------------------------------------------- */

static enum err
lie(struct ring *r, const char *how)
{
	r->broken = how;
	return ERR_IO;
}

/* Gives a chain's slots back. The order within it is kept by the slots, since
 * the device may have written to the descriptors. */
static void
release(struct ring *r, uint16_t head)
{
	uint16_t count = r->slots[head].count, last = head;

	for (unsigned i = 1; i < count; i++)
		last = r->slots[last].next;
	r->slots[last].next = r->free_count != 0 ? r->free_head : NONE;
	r->free_head = head;
	r->free_count = (uint16_t)(r->free_count + count);
	r->slots[head].count = 0;
	r->in_flight--;
}

bool
ring_pending(const struct ring *r)
{
	return r->broken == NULL && atomic_load_explicit(
	    &r->used->idx, memory_order_relaxed) != r->seen;
}

enum err
ring_take(struct ring *r, void **cookie, uint32_t *len)
{
	const struct ring_element *e = &r->used->ring[r->seen & (r->size - 1)];
	uint16_t count;
	uint32_t id, n;

	if (r->broken != NULL)
		return ERR_IO;
	count = (uint16_t)(atomic_load_explicit(
	    &r->used->idx, memory_order_acquire) - r->seen);
	if (count == 0)
		return ERR_AGAIN;
	if (count > r->in_flight)
		return lie(r, "more answers than requests");
	id = atomic_load_explicit(&e->id, memory_order_relaxed);
	n = atomic_load_explicit(&e->len, memory_order_relaxed);
	if (id >= r->size)
		return lie(r, "an answer to a descriptor that is not there");
	if (r->slots[id].count == 0)
		return lie(r, "an answer to no request");
	if (n > r->slots[id].room) {
		if (!r->legacy)
			return lie(r, "an answer longer than its buffer");
		n = r->slots[id].room;
	}
	*cookie = r->slots[id].cookie;
	*len = n;
	release(r, (uint16_t)id);
	r->seen++;
	return OK;
}

void
ring_silence(struct ring *r)
{
	/* With event indexes there is nothing to turn off: one passed long
	 * ago asks for no interrupt in the next 65535 chains. */
	if (r->event_idx)
		atomic_store_explicit(used_event(r),
		    (uint16_t)(r->seen - 1), memory_order_relaxed);
	else
		atomic_store_explicit(&r->avail->flags, AVAIL_NO_INTERRUPT,
		    memory_order_relaxed);
}

bool
ring_listen(struct ring *r)
{
	if (r->event_idx)
		atomic_store_explicit(
		    used_event(r), r->seen, memory_order_relaxed);
	else
		atomic_store_explicit(
		    &r->avail->flags, 0, memory_order_relaxed);
	/* The wish is seen before the index is looked at again. */
	atomic_thread_fence(memory_order_seq_cst);
	return !ring_pending(r);
}

void *
ring_lost(struct ring *r)
{
	for (unsigned i = 0; i < r->size; i++) {
		if (r->slots[i].count == 0)
			continue;
		release(r, (uint16_t)i);
		return r->slots[i].cookie;
	}
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * A ring of bytes over a buffer of the caller's, whose size is a power of
 * two. head and tail run freely and are reduced on use, so all bytes can be
 * filled and the ring is empty exactly when they are equal. No locking.
 */
#pragma once

#include <lib/string.h>

struct ring {
	uint8_t *buf;
	size_t size; /* bytes; a power of two */
	size_t head; /* next byte to read */
	size_t tail; /* next byte to write */
};

static inline void
ring_init(struct ring *r, void *buf, size_t size)
{
	r->buf = buf;
	r->size = size;
	r->head = 0;
	r->tail = 0;
}

static inline size_t
ring_used(const struct ring *r)
{
	return r->tail - r->head;
}

static inline size_t
ring_room(const struct ring *r)
{
	return r->size - ring_used(r);
}

static inline void
ring_clear(struct ring *r)
{
	r->head = r->tail;
}

static inline bool
ring_put_byte(struct ring *r, uint8_t byte)
{
	if (ring_room(r) == 0)
		return false;
	r->buf[r->tail++ & (r->size - 1)] = byte;
	return true;
}

static inline bool
ring_get_byte(struct ring *r, uint8_t *byte)
{
	if (ring_used(r) == 0)
		return false;
	*byte = r->buf[r->head++ & (r->size - 1)];
	return true;
}

/* Takes back the byte put last: line editing. */
static inline bool
ring_unput_byte(struct ring *r, uint8_t *byte)
{
	if (ring_used(r) == 0)
		return false;
	*byte = r->buf[--r->tail & (r->size - 1)];
	return true;
}

/* The byte at distance offset from the oldest; offset < ring_used(). */
static inline uint8_t
ring_at(const struct ring *r, size_t offset)
{
	return r->buf[(r->head + offset) & (r->size - 1)];
}

/* The readable bytes that lie in one piece, without consuming them. */
static inline size_t
ring_peek(const struct ring *r, const uint8_t **at)
{
	size_t start = r->head & (r->size - 1);

	*at = r->buf + start;
	return MIN(ring_used(r), r->size - start);
}

/* The free bytes that lie in one piece; ring_produce() makes them count. */
static inline size_t
ring_space(const struct ring *r, uint8_t **at)
{
	size_t start = r->tail & (r->size - 1);

	*at = r->buf + start;
	return MIN(ring_room(r), r->size - start);
}

/* count <= ring_used(). */
static inline void
ring_consume(struct ring *r, size_t count)
{
	r->head += count;
}

/* count <= ring_room(), and the bytes are written. */
static inline void
ring_produce(struct ring *r, size_t count)
{
	r->tail += count;
}

/* Copies in as much as fits; returns how much. */
static inline size_t
ring_put(struct ring *r, const void *from, size_t len)
{
	size_t done = 0;

	while (done < len) {
		uint8_t *at;
		size_t n = MIN(ring_space(r, &at), len - done);

		if (n == 0)
			break;
		memcpy(at, (const uint8_t *)from + done, n);
		ring_produce(r, n);
		done += n;
	}
	return done;
}

/* Copies out as much as there is, up to len; returns how much. */
static inline size_t
ring_get(struct ring *r, void *to, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const uint8_t *at;
		size_t n = MIN(ring_peek(r, &at), len - done);

		if (n == 0)
			break;
		memcpy((uint8_t *)to + done, at, n);
		ring_consume(r, n);
		done += n;
	}
	return done;
}

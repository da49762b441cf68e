/* SPDX-License-Identifier: MIT */
/*
 * Arrays of bits in 64-bit words. nbits is the size of the map; bits behind
 * it in the last word are never reported. No locking.
 */
#pragma once

#include <lib/bits.h>

#define BITMAP_WORDS(nbits) (((nbits) + 63) / 64)

static inline bool
bitmap_test(const uint64_t *map, size_t bit)
{
	return ((map[bit / 64] >> (bit % 64)) & 1) != 0;
}

static inline void
bitmap_set(uint64_t *map, size_t bit)
{
	map[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static inline void
bitmap_clear(uint64_t *map, size_t bit)
{
	map[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}

/* The bits [from, to) of the word they share; from < to. */
static inline uint64_t
bitmap_mask_(size_t from, size_t to)
{
	uint64_t low = ~UINT64_C(0) << (from % 64);

	return to % 64 == 0 ? low : low & ~(~UINT64_C(0) << (to % 64));
}

static inline void
bitmap_set_range(uint64_t *map, size_t first, size_t count)
{
	for (size_t end = first + count, next; first < end; first = next) {
		next = MIN(end, (first / 64 + 1) * 64);
		map[first / 64] |= bitmap_mask_(first, next);
	}
}

static inline void
bitmap_clear_range(uint64_t *map, size_t first, size_t count)
{
	for (size_t end = first + count, next; first < end; first = next) {
		next = MIN(end, (first / 64 + 1) * 64);
		map[first / 64] &= ~bitmap_mask_(first, next);
	}
}

/* flip: 0 to find set bits, all ones to find clear ones. */
static inline size_t
bitmap_find_(const uint64_t *map, size_t nbits, size_t start, uint64_t flip)
{
	size_t i = start / 64;
	uint64_t word;

	if (start >= nbits)
		return nbits;
	word = (map[i] ^ flip) & (~UINT64_C(0) << (start % 64));
	while (word == 0) {
		if (++i >= BITMAP_WORDS(nbits))
			return nbits;
		word = map[i] ^ flip;
	}
	i = i * 64 + ctz64(word);
	return MIN(i, nbits);
}

/* The first set bit at start or above; nbits if there is none. */
static inline size_t
bitmap_find_set(const uint64_t *map, size_t nbits, size_t start)
{
	return bitmap_find_(map, nbits, start, 0);
}

/* The first clear bit at start or above; nbits if there is none. */
static inline size_t
bitmap_find_clear(const uint64_t *map, size_t nbits, size_t start)
{
	return bitmap_find_(map, nbits, start, ~UINT64_C(0));
}

/* How many bits are set. */
static inline size_t
bitmap_weight(const uint64_t *map, size_t nbits)
{
	size_t n = 0;

	for (size_t i = 0; i < nbits / 64; i++)
		n += popcount64(map[i]);
	if (nbits % 64 != 0)
		n += popcount64(map[nbits / 64] & bitmap_mask_(0, nbits % 64));
	return n;
}

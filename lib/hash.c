/* SPDX-License-Identifier: MIT */
/* The seeded hash of bytes; see hash.h. */
#include <lib/hash.h>

typedef uint64_t MAY_ALIAS word_t;

#define HASH_A UINT64_C(0xa0761d6478bd642f)
#define HASH_B UINT64_C(0xe7037ed1a0b428db)

static ALWAYS_INLINE uint64_t
fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * 1 to 8 bytes at p as a little-endian number, from aligned loads of the
 * one or two words they are in.
 */
__attribute__((no_sanitize("address"))) static uint64_t
load_bytes(const uint8_t *p, size_t len)
{
	size_t skip = (uintptr_t)p & 7;
	const word_t *w = (const word_t *)(const void *)(p - skip);
	uint64_t value = w[0] >> (skip * 8);

	if (skip + len > 8)
		value |= w[1] << (64 - skip * 8);
	return len == 8 ? value : value & ((UINT64_C(1) << (len * 8)) - 1);
}

uint64_t
hash_bytes(uint64_t seed, const void *p, size_t len)
{
	const uint8_t *at = p;
	uint64_t hash = seed ^ HASH_A;
	size_t left = len;

	for (; left > 8; left -= 8, at += 8)
		hash = fold(hash ^ load_bytes(at, 8), seed ^ HASH_B);
	if (left != 0)
		hash ^= load_bytes(at, left);
	return fold(hash ^ HASH_B, (seed ^ HASH_B) + len * HASH_A);
}

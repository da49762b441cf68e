/* SPDX-License-Identifier: MIT */
/*
 * Random numbers: the ChaCha20 block function, on which the kernel's
 * generator is built, and a small fast generator for tests, back-off and
 * balancing, which an observer can predict.
 */
#pragma once

#include <lib/base.h>

/* One block of key stream from a state of 16 words. Source: RFC 8439, 2.3. */
void chacha20_block(const uint32_t state[16], uint8_t out[64]);

/* Sets the constants, a 256-bit key, a block counter and a 96-bit nonce. */
void chacha20_init(uint32_t state[16], const uint8_t key[32],
    uint32_t counter, const uint8_t nonce[12]);

struct prng {
	uint64_t state;
};

static inline void
prng_seed(struct prng *g, uint64_t seed)
{
	g->state = seed;
}

/* A Weyl sequence through a mixer: every seed is good, period 2^64. */
static inline uint64_t
prng_next(struct prng *g)
{
	uint64_t x = g->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* 0 .. limit - 1, for limit > 0; bias below 2^-32 for 32-bit limits. */
static inline uint64_t
prng_below(struct prng *g, uint64_t limit)
{
	return prng_next(g) % limit;
}

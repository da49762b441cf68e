/* SPDX-License-Identifier: MIT */
/*
 * Hash functions for tables in memory. Values are not stable between
 * versions and must not reach a disk or the network.
 *
 * hash_bytes() takes a secret seed drawn at boot, so that a program cannot
 * choose names that all fall into one chain. It folds 64 x 64 -> 128 bit
 * products: two multiplications per eight bytes, which is several times
 * cheaper than a round-based hash where there is no rotate instruction.
 */
#pragma once

#include <lib/base.h>

/* Spreads every input bit over the whole result; a bijection. */
static inline uint64_t
hash_u64(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	return x;
}

/* The top bits of one multiplication: a cheap table index, 1 <= bits <= 64. */
static inline uint64_t
hash_u64_bits(uint64_t x, unsigned bits)
{
	return (x * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - bits);
}

static inline uint64_t
hash_ptr(const void *p)
{
	return hash_u64((uintptr_t)p);
}

/* Folds b into the running hash a; order matters. */
static inline uint64_t
hash_mix(uint64_t a, uint64_t b)
{
	return hash_u64((a ^ (a << 23)) + b + UINT64_C(0x9e3779b97f4a7c15));
}

/* len bytes at p under a secret seed. */
uint64_t hash_bytes(uint64_t seed, const void *p, size_t len);

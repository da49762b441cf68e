/* SPDX-License-Identifier: MIT */
/*
 * Bit counting without calls into the compiler's run-time library.
 *
 * A target without count instructions (plain rv64gc) would get calls to
 * __ctzdi2 and friends from the builtins. The functions here multiply by a
 * de Bruijn number instead: the top six bits of B << n differ for every n,
 * so a 64-byte table turns them back into n. A port whose compiler has the
 * instructions builds with -DBITS_BUILTIN and gets them.
 */
#pragma once

#include <lib/base.h>

#ifdef BITS_BUILTIN

/* The number of the lowest set bit; x != 0. */
static inline unsigned
ctz64(uint64_t x)
{
	return (unsigned)__builtin_ctzll(x);
}

/* The number of the highest set bit; x != 0. */
static inline unsigned
log2_floor(uint64_t x)
{
	return 63u ^ (unsigned)__builtin_clzll(x);
}

static inline unsigned
popcount64(uint64_t x)
{
	return (unsigned)__builtin_popcountll(x);
}

#else

#define BITS_DE_BRUIJN UINT64_C(0x03f79d71b4cb0a89)

static const uint8_t bits_de_bruijn_[64] UNUSED = {
	0, 1, 48, 2, 57, 49, 28, 3, 61, 58, 50, 42, 38, 29, 17, 4,
	62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
	63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11,
	46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9, 13, 8, 7, 6
};

/* The number of the lowest set bit; x != 0. */
static inline unsigned
ctz64(uint64_t x)
{
	return bits_de_bruijn_[((x & -x) * BITS_DE_BRUIJN) >> 58];
}

/* The number of the highest set bit; x != 0. */
static inline unsigned
log2_floor(uint64_t x)
{
	x |= x >> 1;
	x |= x >> 2;
	x |= x >> 4;
	x |= x >> 8;
	x |= x >> 16;
	x |= x >> 32;
	return bits_de_bruijn_[((x - (x >> 1)) * BITS_DE_BRUIJN) >> 58];
}

static inline unsigned
popcount64(uint64_t x)
{
	x -= (x >> 1) & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) +
	    ((x >> 2) & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)((x * UINT64_C(0x0101010101010101)) >> 56);
}

#endif

/* 64 for 0. */
static inline unsigned
clz64(uint64_t x)
{
	return x == 0 ? 64 : 63 - log2_floor(x);
}

/* Counted from 1; 0 if no bit is set. */
static inline unsigned
ffs64(uint64_t x)
{
	return x == 0 ? 0 : ctz64(x) + 1;
}

static inline unsigned
fls64(uint64_t x)
{
	return x == 0 ? 0 : log2_floor(x) + 1;
}

/* The smallest n with 2^n >= x; 0 for 0 and 1. */
static inline unsigned
log2_ceil(uint64_t x)
{
	return x <= 1 ? 0 : log2_floor(x - 1) + 1;
}

static inline bool
is_power_of_2(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

/*
 * What libfdt needs of its surroundings: types, byte order, and the string
 * functions of lib/.
 */
#pragma once

#include <lib/string.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef INT_MAX
#define INT_MAX  __INT_MAX__
#define UINT_MAX (__INT_MAX__ * 2u + 1u)
#endif

typedef uint16_t fdt16_t;
typedef uint32_t fdt32_t;
typedef uint64_t fdt64_t;

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "a big-endian port needs its own conversions here"
#endif

static inline uint16_t
fdt16_to_cpu(fdt16_t x)
{
	return __builtin_bswap16(x);
}

static inline fdt16_t
cpu_to_fdt16(uint16_t x)
{
	return __builtin_bswap16(x);
}

static inline uint32_t
fdt32_to_cpu(fdt32_t x)
{
	return __builtin_bswap32(x);
}

static inline fdt32_t
cpu_to_fdt32(uint32_t x)
{
	return __builtin_bswap32(x);
}

static inline uint64_t
fdt64_to_cpu(fdt64_t x)
{
	return __builtin_bswap64(x);
}

static inline fdt64_t
cpu_to_fdt64(uint64_t x)
{
	return __builtin_bswap64(x);
}

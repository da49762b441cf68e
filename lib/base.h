/* SPDX-License-Identifier: MIT */
/*
 * Words every file needs: sizes, alignment, container_of, attributes.
 *
 * The attribute macros exist so that a declaration reads as prose and so that
 * one place knows what both compilers accept. MUST_USE is a C2x attribute and
 * therefore stands first in a declaration (or after the word enum or struct).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALWAYS_INLINE     inline __attribute__((always_inline))
#define NOINLINE          __attribute__((noinline))
#define PACKED            __attribute__((packed))
#define ALIGNED(n)        __attribute__((aligned(n)))
#define MUST_USE          [[nodiscard]]
#define NORETURN          __attribute__((noreturn))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define SECTION(name)     __attribute__((section(name)))
#define USED              __attribute__((used))
#define UNUSED            __attribute__((unused))
#define WEAK              __attribute__((weak))
/* What each call or switch of threads reads, together in few pages. */
#define HOT_DATA          __attribute__((section(".data.hot")))
#define HOT_CONST         __attribute__((section(".rodata.hot")))
#define NO_CANARY         __attribute__((no_stack_protector))
#define MAY_ALIAS         __attribute__((may_alias))

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#define CONCAT_(a, b) a##b
#define CONCAT(a, b)  CONCAT_(a, b)

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Constant expressions when their arguments are; arguments appear twice. */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* a is a power of two; the result has the type of x, which may wrap to 0. */
#define ALIGN_UP(x, a) \
	(((x) + ((typeof((x) + 0))(a) - 1)) & ~((typeof((x) + 0))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((typeof((x) + 0))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((typeof((x) + 0))(a) - 1)) == 0)
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))

/* The struct whose member ptr points at; ptr must really be that member. */
#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(uintptr_t)(ptr) - offsetof(type, member)))

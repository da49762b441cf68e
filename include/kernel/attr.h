/*
 * Types and attributes that every kernel file may use: physical and virtual
 * addresses, time, lock contracts that clang checks, and the mark of a
 * user pointer that sparse checks.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lib/base.h>

/* The build always sets it; a host unit test may not. */
#ifndef CARMINE_CHECK
#define CARMINE_CHECK 0
#endif

typedef uint64_t paddr_t;  /* physical address, bytes */
typedef uintptr_t vaddr_t; /* kernel or user virtual address, bytes */
typedef uint64_t ns_t;     /* nanoseconds since boot, or a duration */

#define NS_NEVER   UINT64_MAX
#define NS_PER_US  UINT64_C(1000)
#define NS_PER_MS  UINT64_C(1000000)
#define NS_PER_SEC UINT64_C(1000000000)

#ifdef __CHECKER__
#define USER __attribute__((noderef, address_space(1)))
#else
#define USER
#endif

/*
 * A function that reads what others may be writing: under a sequence that
 * tells afterwards, or a figure that may be old. The race checker does not
 * look into it, so it does nothing else.
 */
#ifdef __SANITIZE_THREAD__
#define RACY_READ __attribute__((no_sanitize_thread))
#else
#define RACY_READ
#endif

/* Lock contracts: clang -Wthread-safety reports a broken one. */
#ifdef __clang__
#define LOCKABLE(name)         __attribute__((capability(name)))
#define ACQUIRES(...)          __attribute__((acquire_capability(__VA_ARGS__)))
#define RELEASES(...)          __attribute__((release_capability(__VA_ARGS__)))
#define ACQUIRES_SHARED(...)   __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define RELEASES_SHARED(...)   __attribute__((release_shared_capability(__VA_ARGS__)))
#define RELEASES_ANY(...)      __attribute__((release_generic_capability(__VA_ARGS__)))
#define TRY_ACQUIRES(...)      __attribute__((try_acquire_capability(__VA_ARGS__)))
#define REQUIRES(...)          __attribute__((requires_capability(__VA_ARGS__)))
#define REQUIRES_SHARED(...)   __attribute__((requires_shared_capability(__VA_ARGS__)))
#define NO_LOCK_ANALYSIS       __attribute__((no_thread_safety_analysis))
#else
#define LOCKABLE(name)
#define ACQUIRES(...)
#define RELEASES(...)
#define ACQUIRES_SHARED(...)
#define RELEASES_SHARED(...)
#define RELEASES_ANY(...)
#define TRY_ACQUIRES(...)
#define REQUIRES(...)
#define REQUIRES_SHARED(...)
#define NO_LOCK_ANALYSIS
#endif

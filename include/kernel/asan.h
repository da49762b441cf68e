/*
 * Address checks (BUILD=asan): the allocators say which bytes may be used.
 * kernel/core/asan.c does it for machines, arch/host/asan.c by the host's own
 * sanitizer. Lengths are rounded outwards to 8 bytes where nothing else is
 * said; starts are 8-byte aligned.
 */
#pragma once

#include <kernel/attr.h>

#if CARMINE_ASAN
/* From boot_info: takes the shadow's memory; before page_init(). */
void asan_init(void);
void asan_poison(const void *p, size_t len);
void asan_unpoison(const void *p, size_t len);
/* Exactly len bytes of the room bytes at p may be used. */
void asan_trim(const void *p, size_t len, size_t room);
/* True: one of the bytes may not be used. */
bool asan_is_bad(const void *p, size_t len);
#else
static inline void
asan_init(void)
{
}

static inline void
asan_poison(const void *p UNUSED, size_t len UNUSED)
{
}

static inline void
asan_unpoison(const void *p UNUSED, size_t len UNUSED)
{
}

static inline void
asan_trim(const void *p UNUSED, size_t len UNUSED, size_t room UNUSED)
{
}

static inline bool
asan_is_bad(const void *p UNUSED, size_t len UNUSED)
{
	return false;
}
#endif

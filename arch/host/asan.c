/*
 * The allocators' word to the host's address sanitizer.
 */
#include <kernel/asan.h>

#include <sanitizer/asan_interface.h>

void
asan_init(void)
{
}

void
asan_poison(const void *p, size_t len)
{
	__asan_poison_memory_region(p, ALIGN_UP(len, (size_t)8));
}

void
asan_unpoison(const void *p, size_t len)
{
	__asan_unpoison_memory_region(p, ALIGN_UP(len, (size_t)8));
}

void
asan_trim(const void *p, size_t len, size_t room)
{
	__asan_poison_memory_region(p, room);
	__asan_unpoison_memory_region(p, len);
}

bool
asan_is_bad(const void *p, size_t len)
{
	/* The interface takes the address without const. */
	return __asan_region_is_poisoned((void *)(uintptr_t)p, len) != NULL;
}

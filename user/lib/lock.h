/*
 * A lock in one word of memory: 0 free, 1 held, 2 held and somebody may
 * sleep.
 */
#pragma once

#include <stdatomic.h>

#include "internal.h"

struct _reent;
extern __thread struct _reent *__cm_reent; /* NULL in the first thread */

void __cm_lock_slow(_Atomic uint32_t *word);

static inline int
__cm_trylock(_Atomic uint32_t *word)
{
	uint32_t is_free = 0;

	return atomic_compare_exchange_strong_explicit(word, &is_free, 1,
	    memory_order_acquire, memory_order_relaxed);
}

static inline void
__cm_lock(_Atomic uint32_t *word)
{
	if (!__cm_trylock(word))
		__cm_lock_slow(word);
}

static inline void
__cm_unlock(_Atomic uint32_t *word)
{
	if (atomic_exchange_explicit(word, 0, memory_order_release) == 2)
		cm_futex_wake((uint32_t *)word, 1, 0);
}

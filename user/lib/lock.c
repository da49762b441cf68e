/*
 * The locks newlib takes around its shared state, on futexes.
 *
 * state: 0 free, 1 held, 2 held and somebody may sleep. owner and depth are
 * written by the holder only.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/lock.h>
#include <sys/reent.h>

#include "lock.h"

struct __lock {
	_Atomic uint32_t state;
	uint32_t depth;
	_Atomic uintptr_t owner;
};

struct __lock __lock___sinit_recursive_mutex;
struct __lock __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex;
struct __lock __lock___at_quick_exit_mutex;
struct __lock __lock___malloc_recursive_mutex;
struct __lock __lock___env_recursive_mutex;
struct __lock __lock___tz_mutex;
struct __lock __lock___dd_hash_mutex;
struct __lock __lock___arc4random_mutex;

__thread struct _reent *__cm_reent;

/* errno, stdio buffers and the like of the calling thread. */
struct _reent *
__getreent(void)
{
	return __cm_reent != NULL ? __cm_reent : _global_impure_ptr;
}

void
__cm_lock_slow(_Atomic uint32_t *word)
{
	while (atomic_exchange_explicit(word, 2, memory_order_acquire) != 0)
		cm_futex_wait((uint32_t *)word, 2, CM_FOREVER, 0);
}

static uintptr_t
self(void)
{
	return (uintptr_t)&__cm_reent;
}

void
__retarget_lock_init(_LOCK_T *lock)
{
	*lock = calloc(1, sizeof(**lock));
}

void
__retarget_lock_init_recursive(_LOCK_T *lock)
{
	__retarget_lock_init(lock);
}

void
__retarget_lock_close(_LOCK_T lock)
{
	free(lock);
}

void
__retarget_lock_close_recursive(_LOCK_T lock)
{
	free(lock);
}

void
__retarget_lock_acquire(_LOCK_T lock)
{
	__cm_lock(&lock->state);
}

int
__retarget_lock_try_acquire(_LOCK_T lock)
{
	return __cm_trylock(&lock->state);
}

void
__retarget_lock_release(_LOCK_T lock)
{
	__cm_unlock(&lock->state);
}

void
__retarget_lock_acquire_recursive(_LOCK_T lock)
{
	if (atomic_load_explicit(&lock->owner, memory_order_relaxed) !=
	    self()) {
		__cm_lock(&lock->state);
		atomic_store_explicit(
		    &lock->owner, self(), memory_order_relaxed);
	}
	lock->depth++;
}

int
__retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
	if (atomic_load_explicit(&lock->owner, memory_order_relaxed) !=
	    self()) {
		if (!__cm_trylock(&lock->state))
			return 0;
		atomic_store_explicit(
		    &lock->owner, self(), memory_order_relaxed);
	}
	lock->depth++;
	return 1;
}

void
__retarget_lock_release_recursive(_LOCK_T lock)
{
	if (--lock->depth != 0)
		return;
	atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
	__cm_unlock(&lock->state);
}

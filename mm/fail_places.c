/* SPDX-License-Identifier: MIT */
/*
 * Which allocations fail on purpose: each place once. A place is the call and
 * the calls it came by, so that every failure path is walked once, however
 * often the allocation before it is made. Of the check build alone; the set
 * of places that had their turn only grows.
 */
#include <kernel/mm.h>
#include <kernel/unwind.h>

#define PLACES 8192u /* a power of two */
#define DEPTH  8u    /* calls that tell places apart, the allocator's too */
#define MIX    UINT64_C(0x9e3779b97f4a7c15)

static struct {
	_Atomic uint64_t had[CARMINE_CHECK ? PLACES : 1]; /* hashes; 0: none */
	atomic_ulong count;
} places;

static uint64_t
place_hash(void)
{
	uint64_t hash = MIX;
	struct unwind u;

	UNWIND_HERE(&u);
	for (size_t i = 0; i < DEPTH && unwind_next(&u); i++)
		hash = ((hash ^ u.pc) * MIX) ^ (hash >> 29);
	return hash | 1;
}

/* True for the first that asks from this place. */
static bool
place_is_new(void)
{
	uint64_t hash = place_hash();

	for (unsigned i = 0; CARMINE_CHECK && i < PLACES / 2; i++) {
		_Atomic uint64_t *slot = &places.had[((hash >> 8) + i) &
		    (PLACES - 1)];
		uint64_t old = 0;

		if (atomic_compare_exchange_strong(slot, &old, hash)) {
			atomic_fetch_add(&places.count, 1);
			return true;
		}
		if (old == hash)
			return false;
	}
	return false;
}

void
alloc_fail_places(void)
{
	alloc_fail_when(place_is_new);
}

unsigned long
alloc_failed_places(void)
{
	return atomic_load(&places.count);
}

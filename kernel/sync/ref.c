/* SPDX-License-Identifier: MIT */
/*
 * Reference counts that went wrong: the count is pinned, so that the thing
 * leaks instead of being freed twice, and the first cases are reported.
 */
#include <kernel/log.h>
#include <kernel/sync.h>

void
ref_bug(struct ref *r)
{
	static atomic_uint reports;

	/* Far from both ends: later changes cannot bring it to zero. */
	atomic_store_explicit(&r->count, REF_STUCK + REF_STUCK / 2,
	    memory_order_relaxed);
	if (atomic_fetch_add_explicit(&reports, 1, memory_order_relaxed) >= 8)
		return;
	log_raw("reference count of %p was wrong; it is pinned\n", (void *)r);
	backtrace_print();
}

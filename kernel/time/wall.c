/* SPDX-License-Identifier: MIT */
/*
 * The wall clock: monotonic time plus an offset that only a step changes.
 *
 * Who waits for an absolute wall time sleeps on the step queue as well and
 * computes its deadline again when the generation moved.
 */
#include <kernel/time.h>

static struct {
	atomic_uint_fast64_t offset; /* [A] wall - monotonic, ns */
	atomic_uint generation; /* [A] */
	struct waitq stepped;
} wall = {
	.stepped = WAITQ_INIT(wall.stepped),
};

ns_t
time_wall(void)
{
	return time_now() +
	    atomic_load_explicit(&wall.offset, memory_order_relaxed);
}

void
time_set_wall(ns_t now)
{
	atomic_store_explicit(
	    &wall.offset, now - time_now(), memory_order_relaxed);
	/* Release: who sees the new generation sees the new offset. */
	atomic_fetch_add_explicit(&wall.generation, 1, memory_order_release);
	waitq_wake(&wall.stepped, 0);
}

unsigned
time_wall_generation(void)
{
	return atomic_load_explicit(&wall.generation, memory_order_acquire);
}

struct waitq *
time_wall_waitq(void)
{
	return &wall.stepped;
}

void
time_wall_init(void)
{
	atomic_store_explicit(&wall.offset,
	    arch_wall_seconds() * NS_PER_SEC - time_now(),
	    memory_order_relaxed);
}

/* SPDX-License-Identifier: MIT */
/* Futexes: what futex.c and futex_pi.c share. */
#pragma once

#include <kernel/futex.h>
#include <kernel/task.h>

#define FUTEX_WAITERS    0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK   0x3fffffffu

struct futex_bucket {
	struct spinlock lock; /* RANK_FUTEX */
	struct list waiters; /* [l] struct futex_waiter.link */
} ALIGNED(64); /* strangers do not share a line */

/*
 * One waiting thread (or one word of several it waits for); on its stack.
 * Who takes it off the list under the bucket's lock sets woken last, and
 * holds the lock until the thread is awake; the sleeper takes the lock of
 * its bucket before it leaves. A requeue moves bucket; see lock_bucket_of.
 */
struct futex_waiter {
	struct list link; /* [b] the bucket's lock */
	_Atomic(struct futex_bucket *) bucket; /* [b] */
	struct futex_key key; /* [b] */
	struct thread *thread; /* [I] */
	uint32_t bits; /* [I] */
	bool pi; /* [I] waits in futex_lock_pi */
	atomic_uint *woken; /* [I] what the thread sleeps on */
	bool taken; /* [b] off the list by a waker */
};

enum err futex_key_get(uintptr_t addr, bool shared, struct futex_key *out);
struct futex_bucket *futex_bucket(const struct futex_key *k);

static inline bool
futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->offset == b->offset && a->base == b->base;
}

void futex_enqueue(struct futex_bucket *b, struct futex_waiter *w);
/* Takes the sleeper's entry off if it still is on; true: a waker did. */
bool futex_dequeue(struct futex_waiter *w);
/* Bucket lock held: takes w off and wakes its thread. */
void futex_wake_one(struct futex_waiter *w);
/* Reads the word under the bucket's lock; ERR_AGAIN: fault it in first. */
enum err futex_load(uintptr_t addr, uint32_t *out);
void futex_pi_exit(struct thread *t, uintptr_t addr);

/* SPDX-License-Identifier: MIT */
/*
 * Futexes with priority inheritance.
 *
 * The word holds the owner's thread id, FUTEX_WAITERS when the kernel has to
 * choose the next owner, and FUTEX_OWNER_DIED when the last one ended. The
 * kernel's part is the list of waiters in the bucket: the unlocker, or the
 * exit of the owner, passes the word on to the waiter of the highest
 * priority, the longest waiting one among equals.
 *
 * Inheritance: while somebody waits, the owner runs with the best priority
 * of the waiters if that is better than its own (boost); its own parameters
 * come back when it passes the word on. A chain of owners is followed one
 * step only.
 *
 * Source: futex(2), man-pages 6.05, "Priority-inheritance futexes".
 */
#include "futex.h"

#include <kernel/log.h>
#include <kernel/user.h>

/* Bucket lock held: the waiter to get the word next; NULL: nobody. */
static struct futex_waiter *
best_waiter(struct futex_bucket *b, const struct futex_key *k)
{
	struct futex_waiter *w, *best = NULL;

	list_each(w, &b->waiters, link) {
		if (!w->pi || !futex_key_equal(&w->key, k))
			continue;
		if (best == NULL ||
		    w->thread->se.priority > best->thread->se.priority)
			best = w;
	}
	return best;
}

static bool
has_another(struct futex_bucket *b, const struct futex_key *k,
    const struct futex_waiter *but)
{
	struct futex_waiter *w;

	list_each(w, &b->waiters, link) {
		if (w != but && w->pi && futex_key_equal(&w->key, k))
			return true;
	}
	return false;
}

/* ---- inheritance ------------------------------------------------------- */

static void
boost(int tid, const struct thread *waiter)
{
	struct thread *owner = NULL;

	if (waiter->se.priority == 0 || thread_find(tid, &owner) != OK)
		return;
	if (owner->se.priority < waiter->se.priority) {
		if (!owner->boosted) {
			owner->boosted = true;
			owner->own_class = owner->se.class;
			owner->own_priority = owner->se.priority;
		}
		err_ignore(sched_set_class(
		    owner, SCHED_FIFO, waiter->se.priority));
	}
	obj_unref(&owner->obj);
}

static void
unboost(struct thread *t)
{
	if (!t->boosted)
		return;
	t->boosted = false;
	err_ignore(sched_set_class(t, t->own_class, t->own_priority));
}

/* ---- lock -------------------------------------------------------------- */

/*
 * One step under the bucket's lock: takes the free word, or queues w behind
 * the owner. OK: taken. ERR_BUSY: queued. ERR_AGAIN: fault the page in.
 */
static enum err
lock_step(uintptr_t addr, struct futex_bucket *b, struct futex_waiter *w,
    bool try, uint32_t *owner)
{
	uint32_t me = (uint32_t)thread_current()->tid, old = 0, word = 0;
	enum err e = futex_load(addr, &word);

	while (e == OK) {
		uint32_t tid = word & FUTEX_TID_MASK, want;

		*owner = tid;
		if (tid == me)
			return ERR_DEADLOCK;
		if (tid == 0)
			want = me | (word & FUTEX_OWNER_DIED) |
			    (has_another(b, &w->key, w) ? FUTEX_WAITERS : 0);
		else if (try)
			return ERR_AGAIN;
		else
			want = word | FUTEX_WAITERS;
		e = user_cmpxchg32_nofault(addr, word, want, &old);
		if (e != OK)
			break;
		if (old != word) {
			word = old;
			continue;
		}
		if (tid == 0)
			return OK;
		futex_enqueue(b, w);
		return ERR_BUSY;
	}
	/* Told apart from "would block". */
	return e == ERR_AGAIN ? ERR_FAULT : e;
}

static bool
thread_lives(int tid)
{
	struct thread *t = NULL;

	if (thread_find(tid, &t) != OK)
		return false;
	obj_unref(&t->obj);
	return true;
}

static enum err
lock_wait(struct futex_waiter *w, uint32_t owner, ns_t deadline)
{
	enum err e;

	boost((int)owner, thread_current());
	/* An owner that ended without a robust list never unlocks. */
	if (!thread_lives((int)owner)) {
		if (futex_dequeue(w))
			return OK;
		return ERR_NOTASK;
	}
	e = wait_flag(w->woken, WAIT_SIGNALS, deadline);
	/* The unlocker has written our id into the word before. */
	if (futex_dequeue(w))
		return OK;
	return e;
}

enum err
futex_lock_pi(uintptr_t addr, bool shared, bool try, ns_t deadline)
{
	atomic_uint woken = 0;
	struct futex_waiter w = {
		.thread = thread_current(),
		.bits = FUTEX_ANY_BITS,
		.pi = true,
		.woken = &woken,
	};
	struct futex_bucket *b;
	uint32_t owner = 0;
	enum err e;

	e = futex_key_get(addr, shared, &w.key);
	if (e != OK)
		return e;
	b = futex_bucket(&w.key);
	for (;;) {
		spin_lock(&b->lock);
		e = lock_step(addr, b, &w, try, &owner);
		spin_unlock(&b->lock);
		if (e != ERR_FAULT)
			break;
		e = user_fault_in(addr, 4, PROT_WRITE);
		if (e != OK)
			break;
	}
	if (e == ERR_BUSY)
		e = lock_wait(&w, owner, deadline);
	if (w.key.ref != NULL)
		futex_key_drop(&w.key);
	return e;
}

/* ---- unlock ------------------------------------------------------------ */

/*
 * Passes the word on to the best waiter, or frees it; bucket lock held.
 * flags: FUTEX_OWNER_DIED or 0. ERR_AGAIN: fault the page in.
 */
static enum err
pass_on(uintptr_t addr, struct futex_bucket *b, const struct futex_key *k,
    uint32_t word, uint32_t flags)
{
	struct futex_waiter *w = best_waiter(b, k);
	uint32_t want = flags, old = 0;
	enum err e;

	if (w != NULL) {
		want |= (uint32_t)w->thread->tid;
		if (has_another(b, k, w))
			want |= FUTEX_WAITERS;
	}
	for (;;) {
		e = user_cmpxchg32_nofault(addr, word, want, &old);
		if (e != OK || old == word)
			break;
		word = old;
	}
	if (e == OK && w != NULL)
		futex_wake_one(w);
	return e;
}

static enum err
unlock_as(uintptr_t addr, bool shared, uint32_t tid, uint32_t flags)
{
	struct futex_key k = { 0 };
	struct futex_bucket *b;
	uint32_t word = 0;
	enum err e;

	e = futex_key_get(addr, shared, &k);
	if (e != OK)
		return e;
	b = futex_bucket(&k);
	for (;;) {
		spin_lock(&b->lock);
		e = futex_load(addr, &word);
		if (e == OK && (word & FUTEX_TID_MASK) != tid)
			e = ERR_PERM;
		else if (e == OK)
			e = pass_on(addr, b, &k, word, flags);
		spin_unlock(&b->lock);
		if (e != ERR_AGAIN)
			break;
		e = user_fault_in(addr, 4, PROT_WRITE);
		if (e != OK)
			break;
	}
	if (k.ref != NULL)
		futex_key_drop(&k);
	return e;
}

enum err
futex_unlock_pi(uintptr_t addr, bool shared)
{
	struct thread *t = thread_current();
	enum err e = unlock_as(addr, shared, (uint32_t)t->tid, 0);

	if (e == OK)
		unboost(t);
	return e;
}

/* The owner ends: waiters hang under the private or the shared key. */
void
futex_pi_exit(struct thread *t, uintptr_t addr)
{
	struct futex_key k = { 0 };
	struct futex_bucket *b;
	bool private;

	if (futex_key_get(addr, false, &k) != OK)
		return;
	b = futex_bucket(&k);
	spin_lock(&b->lock);
	private = best_waiter(b, &k) != NULL;
	spin_unlock(&b->lock);
	err_ignore(unlock_as(
	    addr, !private, (uint32_t)t->tid, FUTEX_OWNER_DIED));
}

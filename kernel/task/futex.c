/* SPDX-License-Identifier: MIT */
/*
 * Futexes.
 *
 * Waiters hang in a hash table by key (object and offset, or space and
 * address). Why no wake is lost: the waiter queues itself under the bucket's
 * lock and reads the word under the same hold; the waker's program has
 * changed the word before its call takes that lock. So either the waiter
 * sees the new value, or the waker sees the waiter. A waker may skip an
 * empty bucket without the lock: both sides have a full barrier between
 * their write (the entry, the word) and their look (the word, the bucket).
 *
 * Words are read under the lock without faulting; a page that is not there
 * is brought in without the lock, and the whole step is done again.
 *
 * Source: futex(2), set_robust_list(2), man-pages 6.05.
 */
#include "futex.h"

#include <kernel/htable.h>
#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/panic.h>
#include <kernel/trace.h>
#include <kernel/user.h>
#include <lib/bits.h>
#include <lib/hash.h>

#define WAIT_MANY_MAX 128
#define ROBUST_MAX  2048 /* list entries: a loop must end */

STEP_COUNTER(futex_steps, "futex: waiters looked at");

static struct futex_bucket *buckets;
static unsigned bucket_bits;

/* A bucket for 512 KiB of memory: a waiter, which is a thread, takes 32 KiB
 * or more, so lists stay short until memory is full of threads. */
void
futex_init(void)
{
	struct page_stats st;

	page_stats(&st);
	bucket_bits = log2_ceil(MAX(MIN(st.total / 128, 1u << 16), 256));
	buckets = htable_alloc(sizeof(*buckets) << bucket_bits);
	if (buckets == NULL)
		panic("no memory for futexes");
	for (unsigned i = 0; i < 1u << bucket_bits; i++) {
		spin_init(&buckets[i].lock, RANK_FUTEX, "futex");
		list_init(&buckets[i].waiters);
	}
}

static struct futex_bucket *
futex_bucket_of(uintptr_t base, uint64_t offset)
{
	return &buckets[hash_u64_bits(
	    base ^ (offset << 6) ^ offset, bucket_bits)];
}

struct futex_bucket *
futex_bucket(const struct futex_key *k)
{
	return futex_bucket_of(k->base, k->offset);
}

enum err
futex_key_get(uintptr_t addr, bool shared, struct futex_key *out)
{
	struct space *s = task_current()->space;

	if (addr % 4 != 0)
		return ERR_INVAL;
	if (addr >= arch_user_end)
		return ERR_FAULT;
	if (shared)
		return space_futex_key(s, addr, true, out);
	*out = (struct futex_key){ .base = (uintptr_t)s, .offset = addr };
	return OK;
}

static void
key_put(struct futex_key *k)
{
	if (k->ref != NULL)
		futex_key_drop(k);
}

enum err
futex_load(uintptr_t addr, uint32_t *out)
{
	return user_load32_nofault(addr, out);
}

/* ---- queueing ---------------------------------------------------------- */

void
futex_enqueue(struct futex_bucket *b, struct futex_waiter *w)
{
	atomic_store_explicit(&w->bucket, b, memory_order_relaxed);
	w->taken = false;
	list_add_tail(&b->waiters, &w->link);
	atomic_thread_fence(memory_order_seq_cst);
}

/* A requeue may change the bucket until its lock is held. */
static struct futex_bucket *
lock_bucket_of(struct futex_waiter *w) NO_LOCK_ANALYSIS
{
	for (;;) {
		struct futex_bucket *b = atomic_load_explicit(
		    &w->bucket, memory_order_acquire);

		spin_lock(&b->lock);
		if (LIKELY(b == atomic_load_explicit(
		    &w->bucket, memory_order_relaxed)))
			return b;
		spin_unlock(&b->lock);
	}
}

NO_LOCK_ANALYSIS bool
futex_dequeue(struct futex_waiter *w)
{
	struct futex_bucket *b = lock_bucket_of(w);
	bool taken = w->taken;

	if (!taken) {
		list_del(&w->link);
		w->taken = true;
	}
	spin_unlock(&b->lock);
	return taken;
}

void
futex_wake_one(struct futex_waiter *w)
{
	list_del(&w->link);
	w->taken = true;
	atomic_store_explicit(w->woken, 1, memory_order_seq_cst);
	sched_wake(w->thread, false);
}

/* ---- waiting ----------------------------------------------------------- */

/* Queues w if the word is expect. ERR_AGAIN: it is not. */
static enum err
wait_setup(uintptr_t addr, uint32_t expect, struct futex_waiter *w)
{
	struct futex_bucket *b = futex_bucket(&w->key);

	for (;;) {
		uint32_t now = 0;
		enum err e;

		spin_lock(&b->lock);
		futex_enqueue(b, w);
		e = futex_load(addr, &now);
		if (e != OK || now != expect) {
			list_del(&w->link);
			w->taken = true;
		}
		spin_unlock(&b->lock);
		if (e == OK)
			return now == expect ? OK : ERR_AGAIN;
		if (e != ERR_AGAIN)
			return e;
		e = user_fault_in(addr, 4, PROT_READ);
		if (e != OK)
			return e;
	}
}

enum err
futex_wait(uintptr_t addr, bool shared, uint32_t expect, uint32_t bits,
    ns_t deadline)
{
	atomic_uint woken = 0;
	struct futex_waiter w = {
		.thread = thread_current(),
		.bits = bits,
		.woken = &woken,
	};
	enum err e;

	if (bits == 0)
		return ERR_INVAL;
	e = futex_key_get(addr, shared, &w.key);
	if (e != OK)
		return e;
	e = wait_setup(addr, expect, &w);
	if (e == OK) {
		e = wait_flag(&woken, WAIT_SIGNALS, deadline);
		/* A wake that came as we gave up counts. */
		if (futex_dequeue(&w))
			e = OK;
	}
	key_put(&w.key);
	return e;
}

/* True: one of them was woken; *index is the first such. */
static bool
dequeue_many(struct futex_waiter *w, unsigned count, unsigned *index)
{
	bool any = false;

	for (unsigned i = 0; i < count; i++) {
		if (futex_dequeue(&w[i]) && !any) {
			any = true;
			*index = i;
		}
		key_put(&w[i].key);
	}
	return any;
}

enum err
futex_wait_many(const struct futex_wait_one *want, unsigned count,
    ns_t deadline, unsigned *index)
{
	struct futex_waiter *w;
	atomic_uint woken = 0;
	unsigned queued = 0;
	enum err e = OK;

	if (count == 0 || count > WAIT_MANY_MAX)
		return ERR_INVAL;
	w = kzalloc(count * sizeof(*w));
	if (w == NULL)
		return ERR_NOMEM;
	while (queued < count && e == OK) {
		struct futex_waiter *one = &w[queued];

		one->thread = thread_current();
		one->bits = FUTEX_ANY_BITS;
		one->woken = &woken;
		e = futex_key_get(
		    want[queued].addr, want[queued].shared, &one->key);
		if (e != OK)
			break;
		e = wait_setup(want[queued].addr, want[queued].expect, one);
		if (e == OK)
			queued++;
		else
			key_put(&one->key);
	}
	if (e == OK)
		e = wait_flag(&woken, WAIT_SIGNALS, deadline);
	if (dequeue_many(w, queued, index))
		e = OK;
	kfree(w, count * sizeof(*w));
	return e;
}

/* ---- waking ------------------------------------------------------------ */

/* Bucket lock held. */
static unsigned
wake_matching(struct futex_bucket *b, const struct futex_key *k,
    unsigned count, uint32_t bits)
{
	struct futex_waiter *w, *ahead;
	unsigned woken = 0;

	if (count == 0)
		return 0;
	list_each_safe(w, ahead, &b->waiters, link) {
		STEP(futex_steps);
		if (!futex_key_equal(&w->key, k) || !(w->bits & bits) || w->pi)
			continue;
		futex_wake_one(w);
		if (++woken == count)
			break;
	}
	return woken;
}

static unsigned
wake_key(const struct futex_key *k, unsigned count, uint32_t bits)
{
	struct futex_bucket *b = futex_bucket(k);
	unsigned n;

	atomic_thread_fence(memory_order_seq_cst);
	if (list_empty(&b->waiters)) /* read anew after the barrier */
		return 0;
	spin_lock(&b->lock);
	n = wake_matching(b, k, count, bits);
	spin_unlock(&b->lock);
	return n;
}

/* Most wakes find nobody: the look before the lock, without more. */
static bool
nobody_waits(uintptr_t addr)
{
	const struct futex_bucket *b = futex_bucket_of(
	    (uintptr_t)task_current()->space, addr);

	atomic_thread_fence(memory_order_seq_cst);
	return list_empty(&b->waiters);
}

static NOINLINE enum err
wake_slow(uintptr_t addr, bool shared, unsigned count, uint32_t bits,
    unsigned *woken)
{
	struct futex_key k = { 0 };
	enum err e;

	e = futex_key_get(addr, shared, &k);
	if (e != OK)
		return e;
	*woken = wake_key(&k, count, bits);
	key_put(&k);
	return OK;
}

enum err
futex_wake(uintptr_t addr, bool shared, unsigned count, uint32_t bits,
    unsigned *woken)
{
	if (UNLIKELY(bits == 0))
		return ERR_INVAL;
	if (!shared && addr % 4 == 0 && addr < arch_user_end &&
	    nobody_waits(addr)) {
		*woken = 0;
		return OK;
	}
	return wake_slow(addr, shared, count, bits, woken);
}

/* Two buckets in the order of their addresses. */
static NO_LOCK_ANALYSIS void
lock_both(struct futex_bucket *a, struct futex_bucket *b)
{
	if (a > b) {
		struct futex_bucket *low = b;

		b = a;
		a = low;
	}
	spin_lock(&a->lock);
	if (a != b)
		spin_lock(&b->lock);
}

static NO_LOCK_ANALYSIS void
unlock_both(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

static void
move_waiter(struct futex_waiter *w, struct futex_bucket *to,
    const struct futex_key *key)
{
	list_del(&w->link);
	list_add_tail(&to->waiters, &w->link);
	w->key.base = key->base;
	w->key.offset = key->offset;
	/* The reference that the waiter holds stays that of its first key:
	 * the second one is held by the requeuer's own mapping of it. */
	atomic_store_explicit(&w->bucket, to, memory_order_release);
}

/* Both locks held. */
static unsigned
wake_and_move(const struct futex_requeue_request *r,
    const struct futex_key *from, const struct futex_key *to)
{
	struct futex_bucket *b = futex_bucket(from), *b2 = futex_bucket(to);
	unsigned n = wake_matching(b, from, r->wake, FUTEX_ANY_BITS);
	unsigned moved = 0;
	struct futex_waiter *w, *ahead;

	if (futex_key_equal(from, to))
		return n;
	list_each_safe(w, ahead, &b->waiters, link) {
		if (moved == r->requeue)
			break;
		if (!futex_key_equal(&w->key, from) || w->pi)
			continue;
		move_waiter(w, b2, to);
		moved++;
	}
	return n + moved;
}

static enum err
requeue_keys(const struct futex_requeue_request *r,
    const struct futex_key *from, const struct futex_key *to,
    unsigned *moved)
{
	struct futex_bucket *b = futex_bucket(from), *b2 = futex_bucket(to);

	for (;;) {
		uint32_t now = r->expect;
		enum err e = OK;

		lock_both(b, b2);
		if (r->check)
			e = futex_load(r->addr, &now);
		if (e == OK && now == r->expect)
			*moved = wake_and_move(r, from, to);
		unlock_both(b, b2);
		if (e == OK)
			return now == r->expect ? OK : ERR_AGAIN;
		if (e != ERR_AGAIN)
			return e;
		e = user_fault_in(r->addr, 4, PROT_READ);
		if (e != OK)
			return e;
	}
}

enum err
futex_requeue(const struct futex_requeue_request *r, unsigned *moved)
{
	struct futex_key from = { 0 }, to = { 0 };
	enum err e;

	e = futex_key_get(r->addr, r->shared, &from);
	if (e != OK)
		return e;
	e = futex_key_get(r->addr2, r->shared, &to);
	if (e == OK) {
		e = requeue_keys(r, &from, &to, moved);
		key_put(&to);
	}
	key_put(&from);
	return e;
}

/* ---- FUTEX_WAKE_OP ----------------------------------------------------- */

/* op: 4 bits operation (bit 3: shift the argument), 4 bits comparison, 12
 * bits argument, 12 bits comparand. */
static enum err
op_result(uint32_t op, uint32_t old, uint32_t *new)
{
	int32_t arg = (int32_t)(op << 8) >> 20;

	if (op >> 28 & 8)
		arg = (int32_t)(UINT32_C(1) << (arg & 31));
	switch (op >> 28 & 7) {
	case 0:
		*new = (uint32_t)arg;
		break;
	case 1:
		*new = old + (uint32_t)arg;
		break;
	case 2:
		*new = old | (uint32_t)arg;
		break;
	case 3:
		*new = old & ~(uint32_t)arg;
		break;
	case 4:
		*new = old ^ (uint32_t)arg;
		break;
	default:
		return ERR_NOSYS;
	}
	return OK;
}

#define OP_COMPARE_LAST 5u

static bool
op_compare(uint32_t op, uint32_t old)
{
	int32_t with = (int32_t)(op << 20) >> 20, value = (int32_t)old;

	switch (op >> 24 & 15) {
	case 0:
		return value == with;
	case 1:
		return value != with;
	case 2:
		return value < with;
	case 3:
		return value <= with;
	case 4:
		return value > with;
	default:
		return value >= with;
	}
}

/* Applies op to the word; bucket locks held. ERR_AGAIN: fault it in. */
static enum err
apply_op(uintptr_t addr, uint32_t op, uint32_t *old)
{
	uint32_t seen = 0, new = 0;
	enum err e = futex_load(addr, &seen);

	while (e == OK) {
		e = op_result(op, seen, &new);
		if (e == OK)
			e = user_cmpxchg32_nofault(addr, seen, new, old);
		if (e != OK || *old == seen)
			break;
		seen = *old;
	}
	return e;
}

enum err
futex_wake_op(const struct futex_op_request *req, unsigned *woken)
{
	struct futex_key k = { 0 }, k2 = { 0 };
	struct futex_bucket *b, *b2;
	enum err e;

	e = futex_key_get(req->addr, req->shared, &k);
	if (e != OK)
		return e;
	e = futex_key_get(req->addr2, req->shared, &k2);
	if (e != OK)
		goto out;
	b = futex_bucket(&k);
	b2 = futex_bucket(&k2);
	for (;;) {
		uint32_t old = 0;

		lock_both(b, b2);
		e = apply_op(req->addr2, req->op, &old);
		if (e == OK && (req->op >> 24 & 15) > OP_COMPARE_LAST)
			e = ERR_NOSYS; /* the word is changed, as on Linux */
		if (e == OK) {
			*woken = wake_matching(
			    b, &k, req->wake, FUTEX_ANY_BITS);
			if (op_compare(req->op, old))
				*woken += wake_matching(
				    b2, &k2, req->wake2, FUTEX_ANY_BITS);
		}
		unlock_both(b, b2);
		if (e != ERR_AGAIN)
			break;
		e = user_fault_in(req->addr2, 4, PROT_WRITE);
		if (e != OK)
			break;
	}
	key_put(&k2);
out:
	key_put(&k);
	return e;
}

/* ---- the end of a thread ----------------------------------------------- */

/* The dead owner's word: marked, one waiter woken. */
static void
robust_word(struct thread *t, uintptr_t addr, bool pi)
{
	uint32_t word = 0, old = 0;
	unsigned n;

	if (addr % 4 != 0 || user_load32(addr, &word) != OK)
		return;
	for (;;) {
		enum err e;

		if ((word & FUTEX_TID_MASK) != (uint32_t)t->tid)
			return;
		if (pi && (word & FUTEX_WAITERS)) {
			futex_pi_exit(t, addr);
			return;
		}
		e = user_cmpxchg32_nofault(addr, word,
		    (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &old);
		if (e == ERR_AGAIN)
			e = user_fault_in(addr, 4, PROT_WRITE);
		else if (e == OK && old == word)
			break;
		else
			word = old;
		if (e != OK)
			return;
	}
	/* Robust words may be shared; the key of shared ones serves both, as
	 * the waiters in private ones are found by the private key. */
	if (word & FUTEX_WAITERS) {
		err_ignore(futex_wake(addr, false, 1, FUTEX_ANY_BITS, &n));
		err_ignore(futex_wake(addr, true, 1, FUTEX_ANY_BITS, &n));
	}
}

/* struct robust_list_head { next, offset, pending }; bit 0 of a link: PI. */
static void
robust_list(struct thread *t)
{
	uint64_t head = t->robust_list, next = 0, offset = 0, pending = 0;

	if (user_load64(head, &next) != OK ||
	    user_load64(head + 8, &offset) != OK ||
	    user_load64(head + 16, &pending) != OK)
		return;
	for (unsigned i = 0; i < ROBUST_MAX && (next & ~UINT64_C(1)) != head;
	    i++) {
		uint64_t entry = next & ~UINT64_C(1);
		bool pi = next & 1;

		/* Read on before the word: its memory may go with it. */
		if (user_load64(entry, &next) != OK)
			return;
		if (entry != (pending & ~UINT64_C(1)))
			robust_word(t, entry + offset, pi);
	}
	if ((pending & ~UINT64_C(1)) != 0)
		robust_word(t, (pending & ~UINT64_C(1)) + offset, pending & 1);
}

void
futex_thread_exit(struct thread *t)
{
	unsigned n;

	if (t->task->space == NULL)
		return;
	if (t->robust_list != 0)
		robust_list(t);
	if (t->clear_tid != 0) {
		/* Who joins waits with a shared or a private futex. */
		if (user_store32(t->clear_tid, 0) == OK) {
			err_ignore(futex_wake(t->clear_tid, false, 1,
			    FUTEX_ANY_BITS, &n));
			err_ignore(futex_wake(t->clear_tid, true, 1,
			    FUTEX_ANY_BITS, &n));
		}
		t->clear_tid = 0;
	}
	t->robust_list = 0;
}

/*
 * Futexes: waiting on a word of user memory, keyed by object and offset.
 */
#pragma once

#include <kernel/space.h>

#define FUTEX_ANY_BITS UINT32_MAX

/* Sleeps while *addr == expect. ERR_AGAIN at once when it differs; ERR_INTR
 * as the wait mode WAIT_SIGNALS gives it, ERR_TIMEDOUT, ERR_FAULT. */
enum err futex_wait(uintptr_t addr, bool shared, uint32_t expect,
    uint32_t bits, ns_t deadline);
enum err futex_wake(uintptr_t addr, bool shared, unsigned count,
    uint32_t bits, unsigned *woken);
/* Wakes some of addr, moves others to addr2; check: *addr must equal
 * *expect, else ERR_AGAIN. */
struct futex_requeue_request {
	uintptr_t addr, addr2;
	bool shared, check;
	uint32_t expect;
	unsigned wake, requeue;
};
enum err futex_requeue(
    const struct futex_requeue_request *req, unsigned *moved);
/* FUTEX_WAKE_OP: changes *addr2, wakes some of addr, and of addr2 if the old
 * value was so. */
struct futex_op_request {
	uintptr_t addr, addr2;
	bool shared;
	unsigned wake, wake2;
	uint32_t op; /* encoded as Linux does */
};
enum err futex_wake_op(const struct futex_op_request *req, unsigned *woken);
/* futex_waitv */
struct futex_wait_one {
	uintptr_t addr;
	uint32_t expect;
	bool shared;
};
enum err futex_wait_many(const struct futex_wait_one *w, unsigned count,
    ns_t deadline, unsigned *index);
/* Priority inheritance: lock, trylock, unlock. */
enum err futex_lock_pi(uintptr_t addr, bool shared, bool try, ns_t deadline);
enum err futex_unlock_pi(uintptr_t addr, bool shared);
/* Thread exit: clear_tid, robust list. */
void futex_thread_exit(struct thread *t);
void futex_init(void);

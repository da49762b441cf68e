/*
 * Waiting: for many handles at once, and on words of memory.
 */
#pragma once

#include "handle.h"

/* What to wait for, and what happened. */
#define CM_WAIT_READ     0x0001u /* a read would not wait */
#define CM_WAIT_PRIORITY 0x0002u
#define CM_WAIT_WRITE    0x0004u /* a write would not wait */
#define CM_WAIT_ERROR    0x0008u /* always told */
#define CM_WAIT_HANGUP   0x0010u /* always told: the other end is closed */
#define CM_WAIT_INVALID  0x0020u /* told only: no such handle */
#define CM_WAIT_READ_END 0x2000u /* the other end writes no more */

struct cm_wait_item {
	cm_handle_t handle; /* CM_HANDLE_NONE: skipped */
	uint16_t events; /* CM_WAIT_* */
	uint16_t happened;
};
#define CM_WAIT_ITEMS_MAX 65536

/*
 * Waits until at least one item's events happened, at most timeout ns (0: not
 * at all, CM_FOREVER), with the signal mask *mask (NULL: unchanged).
 *
 * Rights: WAIT on every handle; a handle that cannot be waited for is told
 *         INVALID in its item.
 * Gives:  the number of items with happened != 0.
 * Errors: CM_EINTR, CM_EINVAL count, CM_ENOMEM.
 */
long cm_handles_wait(struct cm_wait_item *items, size_t count,
    int64_t timeout, const cm_sigset_t *mask);

/* Makes a wait set. flags: CM_OPEN_CLOEXEC (native/fs.h). Gives: a handle of
 * kind WAITSET. */
long cm_waitset_create(uint32_t flags);

enum cm_waitset_op { CM_WAITSET_ADD, CM_WAITSET_MODIFY, CM_WAITSET_REMOVE };

#define CM_WAITSET_EDGE      0x1u /* told once each time it becomes true */
#define CM_WAITSET_ONESHOT   0x2u /* told once, until MODIFY */
#define CM_WAITSET_EXCLUSIVE 0x4u /* wakes one of several sets */

struct cm_waitset_event {
	uint32_t events; /* CM_WAIT_* */
	uint32_t flags; /* CM_WAITSET_* */
	uint64_t value; /* the caller's; told back */
};

/*
 * Adds target to the set, changes or removes it. It leaves by itself when its
 * object is gone. ev is not looked at by REMOVE.
 *
 * Rights: CONTROL on the set, WAIT on target.
 * Errors: CM_EEXISTS, CM_ENOENT, CM_ELOOP sets in sets, CM_EPERM cannot be
 *         waited for, CM_EINVAL.
 */
long cm_waitset_control(cm_handle_t set, enum cm_waitset_op op,
    cm_handle_t target, const struct cm_waitset_event *ev);

/*
 * Waits up to timeout ns for members of the set.
 *
 * Rights: READ.
 * Gives:  how many of out[0..max-1] were filled; 0 when time was up.
 * Errors: CM_EINTR, CM_EINVAL max.
 */
long cm_waitset_wait(cm_handle_t set, struct cm_waitset_event *out,
    size_t max, int64_t timeout);

/* ---- words of memory ---------------------------------------------------- */

#define CM_FUTEX_SHARED 0x1u /* the word is in memory shared by tasks */

/* Sleeps while *word == value, at most timeout ns. Errors: CM_EAGAIN it
 * differs, CM_ETIMEDOUT, CM_EINTR, CM_EINVAL not aligned. */
long cm_futex_wait(
    uint32_t *word, uint32_t value, int64_t timeout, uint32_t flags);

/* Wakes up to count sleepers. Gives: how many. */
long cm_futex_wake(uint32_t *word, uint32_t count, uint32_t flags);

/* Wakes up to wake sleepers of word and lets up to move others sleep on to
 * instead. Gives: how many in all. */
long cm_futex_requeue(uint32_t *word, uint32_t wake, uint32_t move,
    uint32_t *to, uint32_t flags);

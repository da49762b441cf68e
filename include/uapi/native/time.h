/*
 * Clocks, sleeping and timers. All times are nanoseconds.
 */
#pragma once

#include "handle.h"

enum cm_clock {
	CM_CLOCK_WALL,   /* since 1970; may step */
	CM_CLOCK_STEADY, /* since boot; never steps */
	CM_CLOCK_TASK,   /* CPU time of the task */
	CM_CLOCK_THREAD, /* CPU time of the thread */
};

/* Tells a clock's time. Errors: CM_EINVAL. */
long cm_clock_get(enum cm_clock clock, int64_t *out);

/* Sets CM_CLOCK_WALL. Errors: CM_EPERM, CM_EINVAL. */
long cm_clock_set(enum cm_clock clock, int64_t now);

#define CM_TIME_ABSOLUTE 0x1u /* a point in time, not a duration */

/*
 * Sleeps for a duration or until a point of CM_CLOCK_WALL or CM_CLOCK_STEADY.
 *
 * left:   NULL, or gets what was left of a duration with CM_EINTR.
 * Errors: CM_EINTR a handler ran, CM_EINVAL.
 */
long cm_clock_sleep(
    enum cm_clock clock, int64_t time, uint32_t flags, int64_t *left);

/*
 * Makes a timer, not set. Reading it (stream_read, 8 bytes) waits until it
 * fired and answers how often since the last read.
 *
 * clock:  CM_CLOCK_WALL or CM_CLOCK_STEADY.
 * flags:  CM_OPEN_NONBLOCK, CM_OPEN_CLOEXEC (native/fs.h).
 * Gives:  a handle of kind TIMER.
 */
long cm_timer_create(enum cm_clock clock, uint32_t flags);

/* Sets a timer to fire at time (CM_TIME_ABSOLUTE) or after it, then every
 * interval (0: once); time 0 stops it. Rights: CONTROL. Errors: CM_EINVAL. */
long cm_timer_set(
    cm_handle_t h, int64_t time, int64_t interval, uint32_t flags);

struct cm_timer {
	int64_t left; /* until it fires; 0: not set */
	int64_t interval;
};

/* Tells a timer's setting. Rights: READ. */
long cm_timer_get(cm_handle_t h, struct cm_timer *out);

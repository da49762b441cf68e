/*
 * Pipes and events.
 *
 * A pipe is a byte stream between two handles. An event is a 64-bit counter
 * to signal and wait on. An event group broadcasts values to every queue that
 * subscribed to it with a matching filter; a queue gives them out by
 * priority, then in order.
 */
#pragma once

#include "stream.h"

/*
 * Makes a pipe: ends[0] is read, ends[1] written. Writes of up to 4096 bytes
 * are not mixed with others.
 *
 * flags:  CM_OPEN_NONBLOCK, CM_OPEN_CLOEXEC (native/fs.h).
 * Errors: CM_EINVAL flags.
 */
long cm_pipe_create(cm_handle_t ends[2], uint32_t flags);

/* Sets how many bytes a pipe holds; 0 only asks. Rights: CONTROL. Gives: the
 * size afterwards. Errors: CM_EBUSY it holds more, CM_EPERM, CM_EINVAL. */
long cm_pipe_size(cm_handle_t h, size_t bytes);

#define CM_EVENT_SEMAPHORE 0x10000u /* with CM_OPEN_NONBLOCK, CLOEXEC */

/*
 * Makes an event with this count. Reading it (stream_read, 8 bytes) waits
 * until the count is not 0, answers it and sets it to 0; a SEMAPHORE answers
 * 1 and takes 1 away. Writing 8 bytes is event_signal.
 *
 * Gives: a handle of kind EVENT.
 */
long cm_event_create(uint64_t count, uint32_t flags);

/* Adds n to the count; waits when that would overflow. Rights: WRITE SIGNAL.
 * Errors: CM_EINVAL n is UINT64_MAX, CM_EAGAIN, CM_EINTR. */
long cm_event_signal(cm_handle_t h, uint64_t n);

/* Makes an event group. flags: CM_OPEN_CLOEXEC. Gives: a handle of kind
 * EVENT. */
long cm_event_group_create(uint32_t flags);

/*
 * Subscribes to a group: values v with (v & mask) == value reach a new queue.
 * Reading the queue (stream_read, 8 bytes each) answers values, those of the
 * higher priority first.
 *
 * flags:  CM_OPEN_NONBLOCK, CM_OPEN_CLOEXEC.
 * Rights: READ WAIT on the group.
 * Gives:  a handle of kind EVENT: the queue. Closing it ends it.
 * Errors: CM_ENOTSUP not a group, CM_EINVAL.
 */
long cm_event_subscribe(cm_handle_t group, uint32_t priority, uint64_t mask,
    uint64_t value, uint32_t flags);

/* Sends value to all matching queues of a group. Rights: WRITE SIGNAL.
 * Errors: CM_ENOTSUP not a group, CM_ENOMEM. */
long cm_event_broadcast(cm_handle_t group, uint64_t value);

/*
 * Channels: two ends that exchange messages of bytes and handles, in order.
 */
#pragma once

#include "handle.h"

#define CM_CHANNEL_BYTES   65536 /* most in one message */
#define CM_CHANNEL_HANDLES 64

struct cm_message {
	void *bytes;
	uint64_t size; /* bytes; receiving: room, then what came */
	cm_handle_t *handles;
	cm_rights_t *rights; /* sending: kept rights, NULL all; receiving: NULL
	                        or gets them */
	uint32_t handle_count; /* receiving: room, then what came */
	uint32_t reserved;
};

#define CM_CHANNEL_NOWAIT 0x1u

/* Makes a channel: both ends may send and receive. flags: CM_OPEN_CLOEXEC
 * (native/fs.h). */
long cm_channel_create(cm_handle_t ends[2], uint32_t flags);

/*
 * Sends a message. The handles leave the caller's table in the moment it is
 * queued, all together; when the call fails they stay.
 *
 * Rights: WRITE; TRANSFER on every handle sent.
 * Errors: CM_EMSGSIZE too long, CM_EAGAIN queue full and NOWAIT, CM_EPIPE
 *         the other end is closed, CM_EINTR, CM_EINVAL the channel itself or
 *         a handle twice, CM_EBADHANDLE also when another thread has closed
 *         one meanwhile.
 */
long cm_channel_send(
    cm_handle_t h, const struct cm_message *m, uint32_t flags);

/*
 * Receives the next message.
 *
 * Rights: READ.
 * Gives:  m->size, m->handle_count, the bytes and new handles.
 * Errors: CM_EMSGSIZE no room: the message stays; CM_EAGAIN nothing there
 *         and NOWAIT; CM_EPIPE nothing will come; CM_EINTR; CM_EMFILE.
 */
long cm_channel_receive(cm_handle_t h, struct cm_message *m, uint32_t flags);

/*
 * Handles.
 *
 * A handle is a number in the task's table that stands for an object and a
 * set of rights. POSIX descriptors are the same numbers: 0, 1 and 2 are the
 * standard streams. Rights only shrink: a copy may have fewer, never more.
 */
#pragma once

#include "call.h"

/* Rights. What each call needs stands at the call and in call.def. */
#define CM_RIGHT_READ     0x001u
#define CM_RIGHT_WRITE    0x002u
#define CM_RIGHT_EXEC     0x004u /* map executable */
#define CM_RIGHT_MAP      0x008u /* map into memory */
#define CM_RIGHT_SEEK     0x010u /* positions: seek, pread, pwrite */
#define CM_RIGHT_STAT     0x020u /* read attributes */
#define CM_RIGHT_CONTROL  0x040u /* set attributes, options, terminal modes */
#define CM_RIGHT_WAIT     0x080u /* wait for, add to a wait set */
#define CM_RIGHT_TRANSFER 0x100u /* send through a channel or socket */
#define CM_RIGHT_DUP      0x200u /* make copies, hand to a spawned task */
#define CM_RIGHT_SIGNAL   0x400u /* signal a task or an event */
#define CM_RIGHT_MANAGE   0x800u /* change a task, space or container */
#define CM_RIGHT_LOOKUP   0x1000u /* walk below a directory */
#define CM_RIGHT_CREATE   0x2000u /* make, remove, rename entries below */
#define CM_RIGHTS_ALL     0x3fffu

/* Kinds of objects, one bit each. */
#define CM_KIND_FILE      0x000001u /* regular file or device */
#define CM_KIND_DIR       0x000002u
#define CM_KIND_PIPE      0x000004u
#define CM_KIND_SOCKET    0x000008u
#define CM_KIND_EVENT     0x000010u
#define CM_KIND_TIMER     0x000020u
#define CM_KIND_WAITSET   0x000040u
#define CM_KIND_SIGNALFD  0x000080u
#define CM_KIND_CHANNEL   0x000100u
#define CM_KIND_TASKFD    0x000200u
#define CM_KIND_PATH      0x000400u /* only names a file */
#define CM_KIND_MISC      0x000800u
#define CM_KIND_TASK      0x010000u
#define CM_KIND_THREAD    0x020000u
#define CM_KIND_SPACE     0x040000u
#define CM_KIND_MEMORY    0x080000u
#define CM_KIND_CONTAINER 0x100000u
#define CM_KIND_NAMESPACE 0x200000u
#define CM_KIND_DEVICE    0x400000u

/* Flags of a handle (not of its object). */
#define CM_HANDLE_CLOEXEC 0x1u /* closed by task_exec */

struct cm_handle_info {
	uint32_t kind; /* CM_KIND_* */
	cm_rights_t rights;
	uint32_t flags; /* CM_HANDLE_* */
	uint32_t reserved;
};

/*
 * Closes h. The object lives on while other handles, mappings or tasks use
 * it. A handle is free for reuse at once.
 */
long cm_handle_close(cm_handle_t h);

/*
 * Makes another handle for the object of h with rights & mask.
 *
 * Rights: DUP.
 * Gives:  the lowest free number >= from.
 * Errors: CM_EINVAL flags, CM_EMFILE.
 */
long cm_handle_dup(
    cm_handle_t h, cm_rights_t mask, uint32_t flags, uint32_t from);

/*
 * Puts a copy of h with rights & mask at exactly target; what was there is
 * closed. h == target answers CM_EINVAL.
 *
 * Rights: DUP.
 * Gives:  target.
 * Errors: CM_EINVAL, CM_EMFILE target beyond the limit.
 */
long cm_handle_place(
    cm_handle_t h, cm_handle_t target, cm_rights_t mask, uint32_t flags);

/* Tells kind, rights and flags. Rights: none. */
long cm_handle_info(cm_handle_t h, struct cm_handle_info *out);

/*
 * Sets the flags selected by mask to value; mask 0 only asks.
 *
 * Gives:  the flags as they were.
 */
long cm_handle_flags(cm_handle_t h, uint32_t mask, uint32_t value);

/*
 * Closes all handles from first to last, both included; with
 * CM_HANDLE_CLOEXEC they are only marked to be closed by task_exec.
 *
 * Errors: CM_EINVAL first > last, flags.
 */
long cm_handle_close_range(
    cm_handle_t first, cm_handle_t last, uint32_t flags);

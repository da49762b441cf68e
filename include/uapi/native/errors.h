/*
 * Errors of the native ABI: enum cm_error, CM_OK = 0, CM_ENOENT and so on,
 * one for each line of errors.def.
 *
 * Four errors every call may answer, not repeated at each call:
 *   CM_EFAULT      a pointer argument does not point to accessible memory
 *   CM_EBADHANDLE  no such handle
 *   CM_ETYPE       the handle's object is of another kind
 *   CM_ERIGHTS     the handle lacks a right that the call needs
 * A call that blocks may answer CM_EINTR when a signal handler ran that was
 * installed without CM_SA_RESTART. A call that makes a handle may answer
 * CM_EMFILE (table full) or CM_ENOMEM, and then nothing was made.
 */
#pragma once

enum cm_error {
	CM_OK,
#define CM_ERROR(number, name, text) CM_E##name = number,
#include "errors.def"
#undef CM_ERROR
};

/* The text of an error, negative or positive (C library). */
const char *cm_error_text(long error);

/*
 * Kernel errors as native ones: the same words, numbers of their own. An
 * error that errors.def does not know does not compile here.
 */
#include "native.h"

/* How an interrupted call wants to be restarted is not told to programs. */
#define CM_ERESTART           CM_EINTR
#define CM_ERESTART_NOHANDLER CM_EINTR
#define CM_ERESTART_BLOCK     CM_EINTR
#define CM_EJUSTRETURN        CM_OK
#define CM_EWHOLEFRAME        CM_OK

static enum cm_error
native_error(enum err e)
{
	switch (e) {
	case OK:
	case ERR_COUNT:
		return CM_OK;
#define ERR(name, text) \
	case ERR_##name: \
		return CM_E##name;
#include <kernel/err.def>
#undef ERR
	}
	return CM_EIO;
}

long
nt_answer(enum err e, long ret)
{
	return e == OK ? ret : -(long)native_error(e);
}

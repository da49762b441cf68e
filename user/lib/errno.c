/*
 * Native errors as errno.
 */
#include "internal.h"

int
__cm_errno(long error)
{
	switch ((enum cm_error)error) {
	case CM_OK: return 0;
	case CM_EPERM: return EPERM;
	case CM_ENOENT: return ENOENT;
	case CM_ENOTASK: return ESRCH;
	case CM_EINTR: return EINTR;
	case CM_EIO: return EIO;
	case CM_ENODEV: return ENODEV;
	case CM_ETOOBIG: return E2BIG;
	case CM_ENOEXEC: return ENOEXEC;
	case CM_EBADHANDLE: return EBADF;
	case CM_ENOCHILD: return ECHILD;
	case CM_EAGAIN: return EAGAIN;
	case CM_ENOMEM: return ENOMEM;
	case CM_EACCESS: return EACCES;
	case CM_EFAULT: return EFAULT;
	case CM_EBUSY: return EBUSY;
	case CM_EEXISTS: return EEXIST;
	case CM_EXDEV: return EXDEV;
	case CM_ENOTDIR: return ENOTDIR;
	case CM_EISDIR: return EISDIR;
	case CM_EINVAL: return EINVAL;
	case CM_ENFILE: return ENFILE;
	case CM_EMFILE: return EMFILE;
	case CM_ENOTTY: return ENOTTY;
	case CM_ETXTBUSY: return ETXTBSY;
	case CM_EFBIG: return EFBIG;
	case CM_ENOSPC: return ENOSPC;
	case CM_ESPIPE: return ESPIPE;
	case CM_EROFS: return EROFS;
	case CM_EMLINK: return EMLINK;
	case CM_EPIPE: return EPIPE;
	case CM_EDOM: return EDOM;
	case CM_ERANGE: return ERANGE;
	case CM_EDEADLOCK: return EDEADLK;
	case CM_ENAMETOOLONG: return ENAMETOOLONG;
	case CM_ENOSYS: return ENOSYS;
	case CM_ENOTEMPTY: return ENOTEMPTY;
	case CM_ELOOP: return ELOOP;
	case CM_EOVERFLOW: return EOVERFLOW;
	case CM_ENOTSUP: return ENOTSUP;
	case CM_ETIMEDOUT: return ETIMEDOUT;
	case CM_ETYPE: return EBADF;
	case CM_ERIGHTS: return EBADF; /* as for a descriptor not open so */
	case CM_EQUOTA: return EDQUOT;
	case CM_ENODATA: return ENODATA;
	case CM_EDESTADDRREQ: return EDESTADDRREQ;
	case CM_EMSGSIZE: return EMSGSIZE;
	case CM_EPROTOTYPE: return EPROTOTYPE;
	case CM_ENOPROTOOPT: return ENOPROTOOPT;
	case CM_EPROTONOSUPPORT: return EPROTONOSUPPORT;
	case CM_ESOCKTNOSUPPORT: return EPROTONOSUPPORT;
	case CM_EAFNOSUPPORT: return EAFNOSUPPORT;
	case CM_EADDRINUSE: return EADDRINUSE;
	case CM_EADDRNOTAVAIL: return EADDRNOTAVAIL;
	case CM_ENETUNREACH: return ENETUNREACH;
	case CM_ECONNABORTED: return ECONNABORTED;
	case CM_ECONNRESET: return ECONNRESET;
	case CM_ENOBUFS: return ENOBUFS;
	case CM_EISCONN: return EISCONN;
	case CM_ENOTCONN: return ENOTCONN;
	case CM_ECONNREFUSED: return ECONNREFUSED;
	case CM_EHOSTUNREACH: return EHOSTUNREACH;
	case CM_EALREADY: return EALREADY;
	case CM_EINPROGRESS: return EINPROGRESS;
	case CM_ENOTSOCK: return ENOTSOCK;
	case CM_ESTALE: return ESTALE;
	case CM_ECANCELED: return ECANCELED;
	case CM_EOWNERDEAD: return EOWNERDEAD;
	case CM_ENOTRECOVERABLE: return ENOTRECOVERABLE;
	case CM_EBADMSG: return EBADMSG;
	case CM_ENOTBLK: return ENODEV;
	case CM_ELIBBAD: return ENOEXEC;
	case CM_ENXIO: return ENXIO;
	}
	return EIO;
}

long
__cm_result(long result)
{
	if (result >= 0)
		return result;
	errno = __cm_errno(-result);
	return -1;
}

/* The text of errors.def. */
const char *
cm_error_text(long error)
{
	switch (error < 0 ? -error : error) {
#define CM_ERROR(number, name, text) \
	case number: \
		return text;
#include <native/errors.def>
#undef CM_ERROR
	default:
		return "unknown error";
	}
}

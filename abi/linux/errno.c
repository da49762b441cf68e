/*
 * From the kernel's errors to Linux's numbers: once, at the edge. The switch
 * has no default, so that a new kernel error does not build without answer.
 * Source: Linux 6.6 asm-generic/errno-base.h, errno.h.
 */
#include "lx.h"

int
lx_errno(enum err e)
{
	/* long: table */
	switch (e) {
	case OK: return 0;
	case ERR_PERM: return 1;
	case ERR_NOENT: return 2;
	case ERR_NOTASK: return 3;
	case ERR_INTR: return 4;
	case ERR_IO: return 5;
	case ERR_NODEV: return 19;
	case ERR_TOOBIG: return 7;
	case ERR_NOEXEC: return 8;
	case ERR_BADHANDLE: return 9;
	case ERR_NOCHILD: return 10;
	case ERR_AGAIN: return 11;
	case ERR_NOMEM: return 12;
	case ERR_ACCESS: return 13;
	case ERR_FAULT: return 14;
	case ERR_NOTBLK: return 15;
	case ERR_NXIO: return 6;
	case ERR_BUSY: return 16;
	case ERR_EXISTS: return 17;
	case ERR_XDEV: return 18;
	case ERR_NOTDIR: return 20;
	case ERR_ISDIR: return 21;
	case ERR_INVAL: return 22;
	case ERR_NFILE: return 23;
	case ERR_MFILE: return 24;
	case ERR_NOTTY: return 25;
	case ERR_TXTBUSY: return 26;
	case ERR_FBIG: return 27;
	case ERR_NOSPC: return 28;
	case ERR_SPIPE: return 29;
	case ERR_ROFS: return 30;
	case ERR_MLINK: return 31;
	case ERR_PIPE: return 32;
	case ERR_DOM: return 33;
	case ERR_RANGE: return 34;
	case ERR_DEADLOCK: return 35;
	case ERR_NAMETOOLONG: return 36;
	case ERR_NOSYS: return 38;
	case ERR_NOTEMPTY: return 39;
	case ERR_LOOP: return 40;
	case ERR_NODATA: return 61;
	case ERR_OVERFLOW: return 75;
	case ERR_LIBBAD: return 80;
	case ERR_NOTSOCK: return 88;
	case ERR_DESTADDRREQ: return 89;
	case ERR_MSGSIZE: return 90;
	case ERR_PROTOTYPE: return 91;
	case ERR_NOPROTOOPT: return 92;
	case ERR_PROTONOSUPPORT: return 93;
	case ERR_SOCKTNOSUPPORT: return 94;
	case ERR_NOTSUP: return 95;
	case ERR_AFNOSUPPORT: return 97;
	case ERR_ADDRINUSE: return 98;
	case ERR_ADDRNOTAVAIL: return 99;
	case ERR_NETUNREACH: return 101;
	case ERR_CONNABORTED: return 103;
	case ERR_CONNRESET: return 104;
	case ERR_NOBUFS: return 105;
	case ERR_ISCONN: return 106;
	case ERR_NOTCONN: return 107;
	case ERR_TIMEDOUT: return 110;
	case ERR_CONNREFUSED: return 111;
	case ERR_HOSTUNREACH: return 113;
	case ERR_ALREADY: return 114;
	case ERR_INPROGRESS: return 115;
	case ERR_STALE: return 116;
	case ERR_CANCELED: return 125;
	case ERR_OWNERDEAD: return 130;
	case ERR_NOTRECOVERABLE: return 131;
	case ERR_BADMSG: return 74;
	/* A descriptor of the wrong kind or opened for less. */
	case ERR_TYPE: return 9;
	case ERR_RIGHTS: return 9;
	/* Container limits look like the resource they guard ran out. */
	case ERR_QUOTA: return 11;
	/* Interrupted, and nobody decided to restart. */
	case ERR_RESTART: return 4;
	case ERR_RESTART_NOHANDLER: return 4;
	case ERR_RESTART_BLOCK: return 4;
	case ERR_JUSTRETURN: return 0;
	case ERR_WHOLEFRAME: return 0;
	case ERR_COUNT: return 5;
	}
	return 5;
}

long
lx_answer(enum err e, long ret)
{
	return LIKELY(e == OK) ? ret : -(long)lx_errno(e);
}

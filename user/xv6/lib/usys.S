/* The calls as functions; lib/<arch>/call.h says how one is made. */
#include <uapi/xv6/xv6.h>

#include <call.h>

	.text
	XV6_CALL(fork, XV6_SYS_fork)
	XV6_CALL(exit, XV6_SYS_exit)
	XV6_CALL(wait, XV6_SYS_wait)
	XV6_CALL(pipe, XV6_SYS_pipe)
	XV6_CALL(read, XV6_SYS_read)
	XV6_CALL(kill, XV6_SYS_kill)
	XV6_CALL(exec, XV6_SYS_exec)
	XV6_CALL(fstat, XV6_SYS_fstat)
	XV6_CALL(chdir, XV6_SYS_chdir)
	XV6_CALL(dup, XV6_SYS_dup)
	XV6_CALL(getpid, XV6_SYS_getpid)
	XV6_CALL(sys_sbrk, XV6_SYS_sbrk)
	XV6_CALL(sleep, XV6_SYS_sleep)
	XV6_CALL(uptime, XV6_SYS_uptime)
	XV6_CALL(open, XV6_SYS_open)
	XV6_CALL(write, XV6_SYS_write)
	XV6_CALL(mknod, XV6_SYS_mknod)
	XV6_CALL(unlink, XV6_SYS_unlink)
	XV6_CALL(link, XV6_SYS_link)
	XV6_CALL(mkdir, XV6_SYS_mkdir)
	XV6_CALL(close, XV6_SYS_close)
	.section .note.GNU-stack, "", @progbits

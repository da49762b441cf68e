/* SPDX-License-Identifier: MIT */
/*
 * The xv6 calls as a program sees them: numbers, flags, layouts. May be
 * included from C and, with __ASSEMBLER__ defined, from assembly.
 *
 * Source: the xv6 book, MIT 6.1810.
 */
#pragma once

#define XV6_SYS_fork   1
#define XV6_SYS_exit   2
#define XV6_SYS_wait   3
#define XV6_SYS_pipe   4
#define XV6_SYS_read   5
#define XV6_SYS_kill   6
#define XV6_SYS_exec   7
#define XV6_SYS_fstat  8
#define XV6_SYS_chdir  9
#define XV6_SYS_dup    10
#define XV6_SYS_getpid 11
#define XV6_SYS_sbrk   12
#define XV6_SYS_sleep  13
#define XV6_SYS_uptime 14
#define XV6_SYS_open   15
#define XV6_SYS_write  16
#define XV6_SYS_mknod  17
#define XV6_SYS_unlink 18
#define XV6_SYS_link   19
#define XV6_SYS_mkdir  20
#define XV6_SYS_close  21

/* open */
#define XV6_O_RDONLY 0x000
#define XV6_O_WRONLY 0x001
#define XV6_O_RDWR   0x002
#define XV6_O_CREATE 0x200
#define XV6_O_TRUNC  0x400

/* xv6_stat.type */
#define XV6_T_DIR    1
#define XV6_T_FILE   2
#define XV6_T_DEVICE 3

#define XV6_NAME_LEN  14  /* bytes of a name; no NUL when all are used */
#define XV6_PATH_MAX  128 /* with the NUL */
#define XV6_ARGS_MAX  32  /* of exec, without the final 0 */
#define XV6_FILES_MAX 16  /* descriptors of a process */
#define XV6_TICK_MS   100
#define XV6_CONSOLE_MAJOR 1
#define XV6_SBRK_LAZY 2   /* second argument of sbrk */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct xv6_stat {
	int32_t dev;
	uint32_t ino;
	int16_t type;
	int16_t nlink;
	uint64_t size;
};

/* What reading a directory gives; inum 0 is a free slot. */
struct xv6_dirent {
	uint16_t inum;
	char name[XV6_NAME_LEN];
};
#endif

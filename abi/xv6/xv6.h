/*
 * What the files of the xv6 ABI share. A handler fetches and checks its
 * arguments, calls services with kernel types, and sets *ret; any error
 * becomes -1 in one place (xv6_answer).
 */
#pragma once

#include <kernel/abi.h>
#include <kernel/file.h>
#include <kernel/task.h>
#include <kernel/user.h>
#include <kernel/vfs.h>
#include <lib/string.h>
#include <uapi/xv6/xv6.h>

typedef enum err xv6_handler(
    struct thread *t, const struct sysargs *a, long *ret);

#define SYS(number, name, handler, kinds) xv6_handler handler;
#include "table.def"
#undef SYS

/* process.c: an xv6 program runs in one more, or one less, task. */
void xv6_process_begins(void);
void xv6_process_ends(void);
/* The counts of a new child; they are of one task each. */
void xv6_counts_fork(struct task *child, const struct task *parent);

/* path.c: a path as the VFS has to see it. */
struct xv6_path {
	char text[512]; /* more than was given: cut names are completed */
};
/*
 * Fetches the path at user address src.
 *
 * Names longer than 14 bytes stand for their first 14, as in a file system
 * that stores no more; where another file system has a longer name that
 * begins with 14 given bytes, that one is meant.
 *
 * Errors: ERR_FAULT, ERR_NAMETOOLONG (128 bytes with the NUL).
 */
enum err xv6_path_in(uintptr_t src, struct xv6_path *p);
/*
 * A program's name without "/" that the working directory does not have is
 * one of the zone's programs: the original's shell looks nowhere else, as
 * there all programs lie in the directory where it starts.
 */
void xv6_path_of_program(struct xv6_path *p);

/* dir.c: entries of directory f in xv6's layout; len is a user buffer's. */
enum err xv6_read_dir(struct file *f, uintptr_t buf, size_t len, long *ret);

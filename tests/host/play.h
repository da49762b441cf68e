/*
 * Programs that tests play.
 *
 * A host test boots the kernel in its process with a small initial file
 * system. The "programs" in there are ELF files of one page; what they do is
 * a C function of the test: the kernel execs the file, goes to user mode, and
 * the host port calls host_user_mode() with the frame, which finds the
 * function by the program counter. The function makes system calls by
 * play_call(), whose arguments are user addresses: play_put() copies things
 * to user memory, play_get() back.
 *
 * play_start() boots; the first program runs the tests (KTEST bodies, in the
 * context of a Linux process of pid 1) and powers off.
 */
#pragma once

#include <kernel/abi.h>
#include <kernel/ktest.h>
#include <kernel/task.h>
#include <kernel/user.h>

#include <host.h>

/* Call numbers: LX_openat, XV6_open, NT_... */
enum play_linux {
#define SYS(number, name, handler, kinds) LX_##name = (number),
#include <abi/linux/table_generic.def>
#undef SYS
};
enum play_xv6 {
#define SYS(number, name, handler, kinds) XV6_##name = (number),
#include <abi/xv6/table.def>
#undef SYS
};

typedef void play_fn(void);

struct play_program {
	const char *path; /* in the initial file system, without '/' */
	unsigned abi; /* ABI_* */
	play_fn *main;
};

/*
 * Boots with programs (NULL path ends them; may be NULL) and runs the tests
 * whose names contain want, or argv[1]. Does not return.
 */
NORETURN void play_start(int argc, char **argv, const char *want,
    const struct play_program *programs);
/* The same, but the first program is a function that never returns. */
NORETURN void play_boot(const char *cmdline, unsigned cpus,
    const struct play_program *programs, play_fn *first);

/* A system call of the running program, with signals and restarts as on the
 * way to user mode. More arguments are 0. */
long play_call6(uintptr_t nr, const struct sysargs *args);
#define play_call(nr, ...) \
	play_call6((nr), &(const struct sysargs){ { __VA_ARGS__ } })

/* User memory of the running process: a few hundred KiB that play_reset()
 * gives back as a whole. 16-byte aligned addresses. */
uintptr_t play_room(size_t len);
uintptr_t play_put(const void *p, size_t len);
uintptr_t play_str(const char *s);
void play_get(void *p, uintptr_t from, size_t len);
void play_reset(void);

/* A new process of the same ABI that runs fn and exits; fn says failures by
 * EXPECT. Its pid, or the error. */
long play_fork(play_fn *fn);
/* A new thread of the process (Linux ABI only). */
long play_thread(play_fn *fn);
NORETURN void play_exit(int status);
/* Waits for a child of the running Linux process: its wait status. */
int play_wait(long pid);
/* Forks, waits, and fails the test unless the child ends with 0. */
void play_run(play_fn *fn);
/* The program counter that stands for fn; for signal handlers. */
uintptr_t play_pc(play_fn *fn);
/* Arguments of the running function (a handler's signal number). */
uintptr_t play_arg(unsigned i);

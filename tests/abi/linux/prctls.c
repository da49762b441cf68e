/* What a process sets about itself: prctl, capabilities, no_new_privs, signals
 * of a parent's end, membarrier, a table of files of its own. */
#include "check.h"

#include <linux/capability.h>
#include <linux/membarrier.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define SECURE_NOROOT 1

static struct __user_cap_header_struct head = {
	_LINUX_CAPABILITY_VERSION_3, 0
};
static struct __user_cap_data_struct caps[2];

static void
in_child(const char *name, void (*fn)(void))
{
	int status;

	printf("-- %s\n", name);
	fflush(stdout);
	if (fork() == 0) {
		fn();
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	fate(name, status);
}

static void
names(void)
{
	char name[17] = "";

	SHOW(prctl(PR_SET_NAME, "a name of more than fifteen"));
	SHOW(prctl(PR_GET_NAME, name));
	printf("%s\n", name);
	SHOW(prctl(PR_SET_NAME, nowhere));
	SHOW(prctl(PR_GET_NAME, nowhere));
	SHOW(prctl(9999, 0, 0, 0, 0));
}

static void
flags(void)
{
	int signal = -1;

	SHOW(prctl(PR_SET_DUMPABLE, 0));
	SHOW(prctl(PR_GET_DUMPABLE));
	SHOW(prctl(PR_SET_DUMPABLE, 1));
	SHOW(prctl(PR_GET_DUMPABLE));
	SHOW(prctl(PR_SET_DUMPABLE, 3));
	SHOW(prctl(PR_SET_PDEATHSIG, 65));
	SHOW(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	SHOW(prctl(PR_GET_PDEATHSIG, &signal));
	SHOW(signal);
	SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SHOW(prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0));
	SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
	SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SHOW(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) > 0);
	SHOW(prctl(PR_GET_KEEPCAPS));
	SHOW(prctl(PR_SET_KEEPCAPS, 1));
	SHOW(prctl(PR_GET_KEEPCAPS));
	SHOW(prctl(PR_SET_KEEPCAPS, 2));
}

/* A child of a child learns that its parent ended. */
static volatile sig_atomic_t orphaned;

static void
on_orphan(int number)
{
	orphaned = number;
}

static void
parent_ends(void)
{
	int ends[2];
	char c = 'n';

	pipe(ends);
	if (fork() == 0) {
		if (fork() == 0) {
			sigset_t set;

			sigemptyset(&set);
			sigaddset(&set, SIGUSR2);
			sigprocmask(SIG_BLOCK, &set, NULL);
			signal(SIGUSR2, on_orphan);
			prctl(PR_SET_PDEATHSIG, SIGUSR2);
			write(ends[1], "r", 1);
			sigemptyset(&set);
			while (!orphaned)
				sigsuspend(&set);
			write(ends[1], "o", 1);
			_exit(0);
		}
		read(ends[0], &c, 1);
		_exit(0);
	}
	wait(NULL);
	SHOW(read(ends[0], &c, 1));
	SHOW(c == 'o');
}

/* ---- capabilities ------------------------------------------------------ */

static bool
has(unsigned cap)
{
	syscall(SYS_capget, &head, caps);
	return caps[0].effective >> cap & 1;
}

static void
ambient(int what, unsigned cap)
{
	printf("ambient %d of %u: ", what, cap);
	SHOW(prctl(PR_CAP_AMBIENT, what, cap, 0, 0));
}

static void
capabilities(void)
{
	IS(has(CAP_SETUID));
	SHOW(syscall(SYS_capget, &head, nowhere));
	head.pid = 0x3fffffff;
	SHOW(syscall(SYS_capget, &head, caps));
	head.pid = -1;
	SHOW(syscall(SYS_capget, &head, caps));
	head.pid = getppid();
	SHOW(syscall(SYS_capget, &head, caps));
	SHOW(syscall(SYS_capset, &head, caps));
	head.pid = 0;
	head.version = 7;
	SHOW(syscall(SYS_capget, &head, caps));
	IS(head.version == _LINUX_CAPABILITY_VERSION_3);
	ambient(PR_CAP_AMBIENT_RAISE, CAP_SETUID); /* not inheritable yet */
	has(0);
	caps[0].inheritable = 1u << CAP_SETUID;
	SHOW(syscall(SYS_capset, &head, caps));
	ambient(PR_CAP_AMBIENT_RAISE, CAP_SETUID);
	ambient(PR_CAP_AMBIENT_IS_SET, CAP_SETUID);
	ambient(PR_CAP_AMBIENT_LOWER, CAP_SETUID);
	ambient(PR_CAP_AMBIENT_IS_SET, CAP_SETUID);
	ambient(PR_CAP_AMBIENT_RAISE, CAP_SETUID);
	ambient(PR_CAP_AMBIENT_CLEAR_ALL, 0);
	ambient(PR_CAP_AMBIENT_IS_SET, CAP_SETUID);
	ambient(PR_CAP_AMBIENT_RAISE, 99);
	ambient(9, 0);
	SHOW(prctl(PR_CAPBSET_READ, CAP_SETUID));
	SHOW(prctl(PR_CAPBSET_DROP, CAP_SETUID));
	SHOW(prctl(PR_CAPBSET_READ, CAP_SETUID));
	SHOW(prctl(PR_CAPBSET_READ, 99));
	SHOW(prctl(PR_CAPBSET_DROP, 99));
	SHOW(prctl(PR_SET_SECUREBITS, SECURE_NOROOT));
	SHOW(prctl(PR_GET_SECUREBITS));
	SHOW(prctl(PR_SET_SECUREBITS, 0x10000));
	has(0);
	caps[0].effective &= ~(1u << CAP_SETGID);
	SHOW(syscall(SYS_capset, &head, caps));
	IS(has(CAP_SETGID));
	caps[0].effective |= 1u << CAP_SETGID; /* still permitted */
	SHOW(syscall(SYS_capset, &head, caps));
	caps[0].effective = caps[0].permitted = 0;
	caps[1].effective = caps[1].permitted = 0;
	SHOW(syscall(SYS_capset, &head, caps));
	caps[0].permitted = 1u << CAP_SETGID;
	SHOW(syscall(SYS_capset, &head, caps));
	SHOW(setuid(1));
	SHOW(prctl(PR_CAPBSET_DROP, CAP_SETGID));
	SHOW(prctl(PR_SET_SECUREBITS, 0));
	SHOW(prctl(PR_SET_NAME, "powerless"));
}

/* ---- priorities -------------------------------------------------------- */

static void
priorities(void)
{
	errno = 0;
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(setuid(54321));
	SHOW(setpriority(PRIO_USER, 0, 5));
	SHOW(getpriority(PRIO_USER, 0));
	SHOW(getpriority(PRIO_USER, 54321));
	SHOW(getpriority(PRIO_USER, 54320));
	SHOW(setpriority(PRIO_PROCESS, 0, 100));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(setpriority(PRIO_PROCESS, 0, 18));
	SHOW(setpriority(PRIO_PROCESS, 0x3fffffff, 0));
	SHOW(setpriority(PRIO_PROCESS, 1, 0));
	SHOW(setpriority(7, 0, 0));
	SHOW(setpgid(0, 0));
	SHOW(getpriority(PRIO_PGRP, 0));
}

static void
classes(void)
{
	struct sched_param p = { 5 };

	SHOW(sched_get_priority_max(SCHED_FIFO));
	SHOW(sched_setscheduler(0, SCHED_FIFO, &p));
	SHOW(sched_getscheduler(0));
	SHOW(sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &p));
	SHOW(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK);
	p.sched_priority = 0;
	SHOW(sched_getparam(0, &p));
	SHOW(p.sched_priority);
	SHOW(sched_yield());
	p.sched_priority = 100;
	SHOW(sched_setparam(0, &p));
	p.sched_priority = 0;
	SHOW(sched_setscheduler(0, SCHED_FIFO, &p));
	SHOW(sched_setscheduler(0, SCHED_BATCH, &p));
	SHOW(sched_setscheduler(0, 99, &p));
	SHOW(sched_setscheduler(0x3fffffff, SCHED_OTHER, &p));
	SHOW(sched_setscheduler(0, SCHED_OTHER, nowhere));
	SHOW(setuid(1));
	p.sched_priority = 1;
	SHOW(sched_setscheduler(0, SCHED_FIFO, &p));
}

/* ---- the rest ---------------------------------------------------------- */

static void
own_files(void)
{
	int fd = dup(1);

	SHOW(unshare(CLONE_FILES));
	SHOW(close(fd));
	SHOW(unshare(0));
	SHOW(unshare(CLONE_FS));
	SHOW(unshare(0x1));
}

static void
barriers(void)
{
	long q = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	IS(q >= 0 && (q & MEMBARRIER_CMD_PRIVATE_EXPEDITED));
	SHOW(syscall(SYS_membarrier,
	    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	SHOW(syscall(SYS_membarrier, 1 << 30, 0, 0));
	SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 77, 0));
}

int
main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	in_child("names", names);
	in_child("flags", flags);
	in_child("parent_ends", parent_ends);
	in_child("capabilities", capabilities);
	in_child("priorities", priorities);
	in_child("classes", classes);
	in_child("own_files", own_files);
	in_child("barriers", barriers);
	return 0;
}

// uses: tests/calls/fuzz.c
/* Random Linux calls:  linux SEED COUNT root|user */
#include "fuzz.h"

#include <asm/sockios.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <lx_table.h>

static const struct fuzz_call calls[] = {
#define SYS(number, name, handler, kinds) { number, #name, kinds, NULL },
#include LX_TABLE
#undef SYS
};

static const char *const none[] = { NULL };
/* What would end or change the machine, or programs that are not the case's. */
static const char *const careful[] = { "reboot", "kill", "tkill", "tgkill",
	"rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal",
	"pidfd_open", "setpriority", "sched_setscheduler", "sched_setparam",
	"sched_setattr", "sched_setaffinity", "prlimit64", "sethostname",
	"setdomainname", "clock_settime", "settimeofday", "clock_adjtime",
	"adjtimex", NULL };

static struct fuzz main_fuzz;

/* Root makes anybody the owner of a file, who gets signals of any number. */
static bool
names_owner(const char *name, const uintptr_t *a)
{
	int what = (int)a[1];

	if (strcmp(name, "fcntl") == 0)
		return what == F_SETOWN || what == F_SETOWN_EX;
	return strcmp(name, "ioctl") == 0 &&
	    (what == FIOSETOWN || what == SIOCSPGRP);
}

static long
make(const struct fuzz_call *c, const uintptr_t *a)
{
	if (main_fuzz.root && names_owner(c->name, a))
		return -1;
	return syscall((long)c->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void *
code_page(void)
{
	void *p = mmap(NULL, FUZZ_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static long
make_child(void)
{
	return fork();
}

static void
wait_child(void)
{
	(void)wait(NULL);
}

static const struct fuzz_abi abi = {
	.calls = calls,
	.count = sizeof(calls) / sizeof(calls[0]),
	.pointers = "bca",
	.here = (uintptr_t)AT_FDCWD,
	.spared = none,
	.careful = careful,
	.make = make,
	.code_page = code_page,
	.fork = make_child,
	.exit = _exit,
	.wait = wait_child,
};

static volatile sig_atomic_t faults;

static void
scribble(void *context)
{
	size_t bytes;
	void *rest = fuzz_frame_rest(&main_fuzz, context, &bytes);

	if (bytes > 0 && fuzz_below(&main_fuzz, 2))
		fuzz_scribble(&main_fuzz, rest, bytes);
	else
		fuzz_scribble(&main_fuzz, context, sizeof(ucontext_t));
}

/* Returns to a context that is not the one that was interrupted. */
static void
on_signal(int number, siginfo_t *info, void *context)
{
	bool fault = number == SIGSEGV || number == SIGBUS ||
	    number == SIGILL || number == SIGFPE || number == SIGTRAP;

	if (fault && fuzz_skip(context, sizeof(ucontext_t)))
		return;
	if (!fault && fuzz_below(&main_fuzz, 16) == 0)
		fuzz_keep_frame(&main_fuzz, info, context, sizeof(ucontext_t));
	if (fault && ++faults > 6)
		_exit(3);
	if (fault || fuzz_below(&main_fuzz, 64) == 0)
		scribble(context);
}

static void
catch_signals(void)
{
	static char stack[1 << 16];
	const stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction sa = { .sa_sigaction = on_signal };

	sigaltstack(&ss, NULL);
	for (int i = 1; i < 40; i++) {
		sa.sa_flags = SA_SIGINFO | (fuzz_below(&main_fuzz, 4) ?
		    SA_ONSTACK : 0) | (i & 1 ? SA_RESTART : 0);
		if (i != SIGCHLD && i != SIGTERM)
			sigaction(i, &sa, NULL);
	}
	/* A call that waits does not wait for long. */
	setitimer(ITIMER_REAL, &often, NULL);
}

static void
make_files(void)
{
	int fd[2];

	mkdir("d", 0777);
	mkfifo("fifo", 0666);
	symlink("loop", "loop");
	open("a", O_RDWR | O_CREAT, 0666);
	open("b", O_RDWR | O_CREAT | O_NONBLOCK, 0600);
	open("d", O_RDONLY | O_DIRECTORY);
	open(".", O_PATH);
	open("fifo", O_RDWR | O_NONBLOCK);
	pipe(fd);
	pipe2(fd, O_NONBLOCK);
	socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fd);
	socket(AF_UNIX, SOCK_SEQPACKET, 0);
	eventfd(3, 0);
	epoll_create1(0);
	timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	inotify_init1(IN_NONBLOCK);
	memfd_create("memory", MFD_ALLOW_SEALING);
	open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	open("/proc/self/maps", O_RDONLY);
	open("/dev/zero", O_RDWR);
}

/* Room with nothing behind it. */
static uintptr_t
make_room(void)
{
	char *p = mmap(NULL, FUZZ_ROOM + 2 * FUZZ_PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(4);
	munmap(p + FUZZ_ROOM, 2 * FUZZ_PAGE);
	return (uintptr_t)p;
}

static unsigned long count;

static void *
thread(void *fuzz)
{
	fuzz_run(fuzz, count);
	return NULL;
}

int
main(int argc, char **argv)
{
	static struct fuzz others[2];
	unsigned long seed;

	if (argc != 4)
		return 2;
	seed = fuzz_parse(argv[1]);
	count = fuzz_parse(argv[2]);
	main_fuzz.abi = &abi;
	main_fuzz.root = strcmp(argv[3], "root") == 0;
	main_fuzz.room = make_room();
	fuzz_seed(&main_fuzz, seed);
	fuzz_fill(&main_fuzz);
	make_files();
	catch_signals();
	for (unsigned i = 0; seed % 3 == 0 && i < 2; i++) {
		pthread_t id;

		others[i] = main_fuzz;
		fuzz_seed(&others[i], seed * 7919 + i);
		pthread_create(&id, NULL, thread, &others[i]);
	}
	fuzz_run(&main_fuzz, count);
	_exit(0);
}

/*
 * What pipes and sockets between processes cost, processes and threads
 * themselves, and their memory.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- pipes and sockets ------------------------------------------------- */

static int fds[2], back[2];
static pid_t peer;

static int
pipe_here(void)
{
	return pipe(fds);
}

static void
pipe_gone(void)
{
	close(fds[0]);
	close(fds[1]);
}

static int
pipe_self(unsigned n)
{
	char c = 0;

	while (n-- > 0)
		if (write(fds[1], &c, 1) != 1 || read(fds[0], &c, 1) != 1)
			return 1;
	return 0;
}

static void
echo(int in, int out)
{
	char c;

	while (read(in, &c, 1) == 1)
		if (write(out, &c, 1) != 1)
			break;
	_exit(0);
}

/* fds is the way to the peer, back the way from it. */
static int
echo_pipe(void)
{
	if (pipe(fds) != 0 || pipe(back) != 0)
		return 1;
	peer = fork();
	if (peer == 0) {
		close(fds[1]);
		close(back[0]);
		echo(fds[0], back[1]);
	}
	close(fds[0]);
	close(back[1]);
	fds[0] = back[0];
	return peer < 0;
}

static int
echo_socket(void)
{
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0)
		return 1;
	peer = fork();
	if (peer == 0) {
		close(s[0]);
		echo(s[1], s[1]);
	}
	close(s[1]);
	fds[0] = s[0];
	fds[1] = dup(s[0]);
	return peer < 0;
}

static void
peer_gone(void)
{
	pipe_gone();
	waitpid(peer, NULL, 0);
}

static void
sink(int in)
{
	static char buf[65536];

	while (read(in, buf, sizeof(buf)) > 0)
		;
	_exit(0);
}

static int
sink_pipe(void)
{
	if (pipe(fds) != 0)
		return 1;
	peer = fork();
	if (peer == 0) {
		close(fds[1]);
		sink(fds[0]);
	}
	return peer < 0;
}

static int
sink_socket(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return 1;
	peer = fork();
	if (peer == 0) {
		close(fds[1]);
		sink(fds[0]);
	}
	return peer < 0;
}

static int
send_64k(unsigned n)
{
	while (n-- > 0) {
		size_t left = sizeof(page);

		while (left > 0) {
			ssize_t got = write(fds[1], page, left);

			if (got <= 0)
				return 1;
			left -= (size_t)got;
		}
	}
	return 0;
}

/* ---- processes and threads --------------------------------------------- */

static int
reap(pid_t pid)
{
	int status;

	return pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
}

static int
fork_exit(unsigned n)
{
	while (n-- > 0) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (reap(pid))
			return 1;
	}
	return 0;
}

static char *const exit_argv[] = { self, "exit", "0", NULL };
static char *const no_env[] = { NULL };

static int
vfork_exec(unsigned n)
{
	while (n-- > 0) {
		pid_t pid = vfork();

		if (pid == 0) {
			execve(self, exit_argv, no_env);
			_exit(99);
		}
		if (reap(pid))
			return 1;
	}
	return 0;
}

static int
fork_exec(unsigned n)
{
	while (n-- > 0) {
		pid_t pid = fork();

		if (pid == 0) {
			execve(self, exit_argv, no_env);
			_exit(99);
		}
		if (reap(pid))
			return 1;
	}
	return 0;
}

static int
spawn_exec(unsigned n)
{
	while (n-- > 0) {
		pid_t pid;

		if (posix_spawn(&pid, self, NULL, NULL, exit_argv, no_env) !=
		    0 || reap(pid))
			return 1;
	}
	return 0;
}

static void *
thread_nothing(void *arg)
{
	return arg;
}

static int
thread_create(unsigned n)
{
	while (n-- > 0) {
		pthread_t t;

		if (pthread_create(&t, NULL, thread_nothing, NULL) != 0 ||
		    pthread_join(t, NULL) != 0)
			return 1;
	}
	return 0;
}

/* Two threads hand a word to each other: two switches a turn. */
static _Atomic uint32_t turn;
static unsigned turns_left;
static pthread_t partner;

static void
turn_wait(uint32_t mine)
{
	while (turn != mine)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 1 - mine, NULL,
		    NULL, 0);
}

static void
turn_give(uint32_t other)
{
	turn = other;
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *
turn_partner(void *arg)
{
	for (unsigned i = turns_left; i > 0; i--) {
		turn_wait(1);
		turn_give(0);
	}
	return arg;
}

static int
hand_over(unsigned n)
{
	turns_left = n;
	turn = 0;
	if (pthread_create(&partner, NULL, turn_partner, NULL) != 0)
		return 1;
	while (n-- > 0) {
		turn_give(1);
		turn_wait(0);
	}
	return pthread_join(partner, NULL);
}

/* On one CPU and with priorities of real time, where a yield has to go to the
 * other: what it does among ordinary threads is left to the kernel. */
static cpu_set_t every_cpu;

static int
real_time(void)
{
	struct sched_param first = { .sched_priority = 1 };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	return sched_getaffinity(0, sizeof(every_cpu), &every_cpu) != 0 ||
	    sched_setaffinity(0, sizeof(one), &one) != 0 ||
	    sched_setscheduler(0, SCHED_FIFO, &first) != 0;
}

static void
ordinary(void)
{
	struct sched_param none = { .sched_priority = 0 };

	sched_setscheduler(0, SCHED_OTHER, &none);
	sched_setaffinity(0, sizeof(every_cpu), &every_cpu);
}

static int
yield_pair(unsigned n)
{
	/* The partner of hand_over sleeps; here both stay runnable. */
	turns_left = 0;
	pid_t pid = fork();

	if (pid == 0) {
		for (unsigned i = 0; i < n; i++)
			sched_yield();
		_exit(0);
	}
	for (unsigned i = 0; i < n; i++)
		sched_yield();
	return reap(pid);
}

/* ---- memory ------------------------------------------------------------ */

#define FAULT_PAGES 256u

static int
touch(char *p, unsigned pages, int write)
{
	for (unsigned i = 0; i < pages; i++) {
		volatile char *c = &p[(size_t)i * PAGE];

		if (write)
			*c = 1;
		else
			(void)*c;
	}
	return 0;
}

static int
anon_fault(unsigned n)
{
	size_t len = (size_t)FAULT_PAGES * PAGE;

	while (n-- > 0) {
		char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return 1;
		madvise(p, len, MADV_NOHUGEPAGE);
		touch(p, FAULT_PAGES, 1);
		munmap(p, len);
	}
	return 0;
}

static int fd_file;

static int
big_file(void)
{
	fd_file = open("big", O_RDWR | O_CREAT, 0644);
	if (fd_file < 0)
		return 1;
	for (unsigned i = 0; i < FAULT_PAGES; i += 16)
		if (write(fd_file, page, sizeof(page)) !=
		    (ssize_t)sizeof(page))
			return 1;
	return 0;
}

static void
no_big_file(void)
{
	close(fd_file);
	unlink("big");
}

static int
file_fault(unsigned n)
{
	size_t len = (size_t)FAULT_PAGES * PAGE;

	while (n-- > 0) {
		char *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd_file, 0);

		if (p == MAP_FAILED)
			return 1;
		touch(p, FAULT_PAGES, 0);
		munmap(p, len);
	}
	return 0;
}

static int
map_file(unsigned n)
{
	while (n-- > 0) {
		char *p = mmap(NULL, FAULT_PAGES * PAGE, PROT_READ,
		    MAP_SHARED, fd_file, 0);

		if (p == MAP_FAILED)
			return 1;
		munmap(p, FAULT_PAGES * PAGE);
	}
	return 0;
}

static int
map_unmap(unsigned n)
{
	while (n-- > 0) {
		char *p = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED || munmap(p, 4 << 20) != 0)
			return 1;
	}
	return 0;
}

#define COW_PAGES 512u /* 2 MiB */

/* A child writes all pages of its parent's; fork and exit are not counted
 * because the child measures. */
static int
cow_fault(unsigned n)
{
	size_t len = (size_t)COW_PAGES * PAGE;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int bad = p == MAP_FAILED;

	if (bad)
		return 1;
	madvise(p, len, MADV_NOHUGEPAGE);
	touch(p, COW_PAGES, 1);
	while (n-- > 0 && !bad) {
		pid_t pid = fork();

		if (pid == 0) {
			touch(p, COW_PAGES, 1);
			_exit(0);
		}
		bad = reap(pid);
	}
	munmap(p, len);
	return bad;
}

static int
grow_break(unsigned n)
{
	while (n-- > 0)
		if (sbrk(16 * PAGE) == (void *)-1 ||
		    sbrk(-16 * PAGE) == (void *)-1)
			return 1;
	return 0;
}

/* ---- the list ---------------------------------------------------------- */

const struct bench task_benches[] = {
	WITH("pipe 1 B, one process", 300, pipe_here, pipe_self, pipe_gone),
	WITH("pipe round trip", 200, echo_pipe, pipe_self, peer_gone),
	WITH("unix round trip", 200, echo_socket, pipe_self, peer_gone),
	WITH("pipe 64 KiB", 30, sink_pipe, send_64k, peer_gone),
	WITH("unix 64 KiB", 30, sink_socket, send_64k, peer_gone),
	PLAIN("fork+exit+wait", 10, fork_exit),
	PLAIN("vfork+exec+wait", 10, vfork_exec),
	PLAIN("fork+exec+wait", 10, fork_exec),
	PLAIN("posix_spawn+wait", 10, spawn_exec),
	{ "yield, switching", 500, real_time, yield_pair, ordinary, 2, 0 },
	{ "anonymous fault", 2, NULL, anon_fault, NULL, FAULT_PAGES, 0 },
	{ "file-map fault", 2, big_file, file_fault, no_big_file,
	    FAULT_PAGES, 0 },
	{ "copy-on-write fault, with fork", 2, NULL, cow_fault, NULL,
	    COW_PAGES, 0 },
	WITH("mmap+munmap cached file", 100, big_file, map_file, no_big_file),
	PLAIN("mmap+munmap 4 MiB", 100, map_unmap),
	PLAIN("brk up and down", 100, grow_break),
	{ 0 },
};

/* For the rest of a program's life the C library pays for its having made a
 * thread, in each call that can be cancelled: so these lines are the last. */
const struct bench thread_benches[] = {
	PLAIN("thread create+join", 20, thread_create),
	PLAIN("futex hand-over, 2 switches", 200, hand_over),
	{ 0 },
};

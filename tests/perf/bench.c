/*
 * What operations cost: one static Linux program that runs under Linux and
 * under Carmine on the same machine. `make bench` compares (tools/bench.py).
 *
 * Each line of output is "BENCH name value": nanoseconds per operation, the
 * least of several rounds; with QEMU's -icount a nanosecond is an instruction.
 * "BYTES name value" lines are sizes. As pid 1 it makes the file systems that
 * it needs first and powers off at the end. An operation that does not work
 * is left out, with a line "MISSING name: why".
 *
 * bench exit N     ends with status N: what the exec tests run
 * bench [text]     only lines that contain text; as init, bench=text in the
 *                  environment says so
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE   4096
#define ROUNDS 5

static char self[256];
static const char *wanted = "";
static char page[65536];

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct bench {
	const char *name;
	unsigned count; /* operations a round */
	int (*setup)(void); /* NULL or 0: good */
	int (*run)(unsigned count); /* 0: good */
	void (*done)(void);
	unsigned per; /* operations inside one count, 0: 1 */
};

/* ---- calls ------------------------------------------------------------- */

static int fd_zero, fd_null, fd_file, fds[2], back[2];

static int
null_call(unsigned n)
{
	while (n-- > 0)
		syscall(SYS_getppid);
	return 0;
}

static int
getpid_call(unsigned n)
{
	while (n-- > 0)
		syscall(SYS_getpid);
	return 0;
}

static int
clock_read(unsigned n)
{
	struct timespec t;

	while (n-- > 0)
		clock_gettime(CLOCK_MONOTONIC, &t);
	return 0;
}

static int
open_devices(void)
{
	fd_zero = open("/dev/zero", O_RDONLY);
	fd_null = open("/dev/null", O_WRONLY);
	return fd_zero < 0 || fd_null < 0;
}

static void
close_devices(void)
{
	close(fd_zero);
	close(fd_null);
}

static int
read_byte(unsigned n)
{
	char c;

	while (n-- > 0)
		if (read(fd_zero, &c, 1) != 1)
			return 1;
	return 0;
}

static int
write_byte(unsigned n)
{
	while (n-- > 0)
		if (write(fd_null, "x", 1) != 1)
			return 1;
	return 0;
}

static int
yield(unsigned n)
{
	while (n-- > 0)
		sched_yield();
	return 0;
}

static int
futex_wake(unsigned n)
{
	static uint32_t word;

	while (n-- > 0)
		syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
	return 0;
}

/* ---- files ------------------------------------------------------------- */

static int
open_file(void)
{
	fd_file = open("file", O_RDWR | O_CREAT, 0644);
	return fd_file < 0 || write(fd_file, page, PAGE) != PAGE;
}

static void
close_file(void)
{
	close(fd_file);
	unlink("file");
}

static int
pread_page(unsigned n)
{
	while (n-- > 0)
		if (pread(fd_file, page, PAGE, 0) != PAGE)
			return 1;
	return 0;
}

static int
pwrite_page(unsigned n)
{
	while (n-- > 0)
		if (pwrite(fd_file, page, PAGE, 0) != PAGE)
			return 1;
	return 0;
}

static int
stat_file(unsigned n)
{
	struct stat st;

	while (n-- > 0)
		if (stat("file", &st) != 0)
			return 1;
	return 0;
}

static int
fstat_file(unsigned n)
{
	struct stat st;

	while (n-- > 0)
		if (fstat(fd_file, &st) != 0)
			return 1;
	return 0;
}

static int
open_close(unsigned n)
{
	while (n-- > 0) {
		int fd = open("file", O_RDONLY);

		if (fd < 0 || close(fd) != 0)
			return 1;
	}
	return 0;
}

static int
create_unlink(unsigned n)
{
	while (n-- > 0) {
		int fd = open("new", O_WRONLY | O_CREAT | O_EXCL, 0644);

		if (fd < 0 || close(fd) != 0 || unlink("new") != 0)
			return 1;
	}
	return 0;
}

static int
dup_close(unsigned n)
{
	while (n-- > 0) {
		int fd = dup(fd_file);

		if (fd < 0 || close(fd) != 0)
			return 1;
	}
	return 0;
}

/* Paths of depth 1 to 8, on the file system that is the working directory. */
static char deep[9][64];

static int
make_deep(void)
{
	for (int i = 1; i <= 8; i++) {
		memset(deep[i], 0, sizeof(deep[i]));
		for (int j = 0; j < 2 * i - 1; j++)
			deep[i][j] = j % 2 ? '/' : 'd';
		if (mkdir(deep[i], 0755) != 0 && errno != EEXIST)
			return 1;
	}
	return 0;
}

static void
remove_deep(void)
{
	for (int i = 8; i > 0; i--)
		rmdir(deep[i]);
}

static int
lookup_depth(unsigned n, int depth)
{
	while (n-- > 0)
		if (access(deep[depth], F_OK) != 0)
			return 1;
	return 0;
}

#define LOOKUP(d) \
	static int lookup_##d(unsigned n) { return lookup_depth(n, d); }
LOOKUP(1)
LOOKUP(2)
LOOKUP(4)
LOOKUP(8)

static int
make_entries(void)
{
	char name[32];

	if (mkdir("many", 0755) != 0)
		return 1;
	for (int i = 0; i < 1000; i++) {
		int fd;

		snprintf(name, sizeof(name), "many/entry%04d", i);
		fd = open(name, O_CREAT | O_WRONLY, 0644);
		if (fd < 0 || close(fd) != 0)
			return 1;
	}
	return 0;
}

static void
remove_entries(void)
{
	char name[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "many/entry%04d", i);
		unlink(name);
	}
	rmdir("many");
}

static int
read_entries(unsigned n)
{
	while (n-- > 0) {
		int fd = open("many", O_RDONLY | O_DIRECTORY);
		long got;

		while ((got = syscall(SYS_getdents64, fd, page,
		    sizeof(page))) > 0)
			;
		close(fd);
		if (got < 0)
			return 1;
	}
	return 0;
}

/* ---- signals ----------------------------------------------------------- */

static void
on_signal(int number)
{
	(void)number;
}

static int
set_action(unsigned n)
{
	struct sigaction a = { .sa_handler = on_signal };

	while (n-- > 0)
		if (sigaction(SIGUSR1, &a, NULL) != 0)
			return 1;
	return 0;
}

static int
signal_self(unsigned n)
{
	pid_t pid = getpid();

	(void)set_action(1);
	while (n-- > 0)
		if (kill(pid, SIGUSR1) != 0)
			return 1;
	return 0;
}

/* ---- pipes and sockets ------------------------------------------------- */

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

/* ---- waiting ----------------------------------------------------------- */

static int event, waiter;
static int many[1000];
static struct pollfd polls[1000];

static int
open_event(void)
{
	struct epoll_event e = { .events = EPOLLIN };

	event = eventfd(0, 0);
	waiter = epoll_create1(0);
	return event < 0 || waiter < 0 ||
	    epoll_ctl(waiter, EPOLL_CTL_ADD, event, &e) != 0;
}

static void
close_event(void)
{
	close(event);
	close(waiter);
}

static int
event_turn(unsigned n)
{
	struct epoll_event e;
	uint64_t v = 1;

	while (n-- > 0)
		if (write(event, &v, 8) != 8 ||
		    epoll_wait(waiter, &e, 1, -1) != 1 ||
		    read(event, &v, 8) != 8)
			return 1;
	return 0;
}

/* 1,000 eventfds, the last one ready. */
static int
open_many(void)
{
	struct rlimit r = { 4096, 4096 };
	struct epoll_event e = { .events = EPOLLIN };

	setrlimit(RLIMIT_NOFILE, &r);
	waiter = epoll_create1(0);
	for (int i = 0; i < 1000; i++) {
		many[i] = eventfd(0, EFD_NONBLOCK);
		if (many[i] < 0 ||
		    epoll_ctl(waiter, EPOLL_CTL_ADD, many[i], &e) != 0)
			return 1;
		polls[i].fd = many[i];
		polls[i].events = POLLIN;
	}
	return waiter < 0;
}

static void
close_many(void)
{
	for (int i = 0; i < 1000; i++)
		close(many[i]);
	close(waiter);
}

static int
poll_some(unsigned n, unsigned count)
{
	while (n-- > 0)
		if (poll(polls, count, 0) != 0)
			return 1;
	return 0;
}

static int
select_some(unsigned n, int count)
{
	while (n-- > 0) {
		struct timeval zero = { 0, 0 };
		fd_set set;

		FD_ZERO(&set);
		for (int i = 0; i < count; i++)
			FD_SET(many[i], &set);
		if (select(many[count - 1] + 1, &set, NULL, NULL, &zero) != 0)
			return 1;
	}
	return 0;
}

static int
epoll_one(unsigned n)
{
	struct epoll_event e;
	uint64_t v = 1;

	while (n-- > 0)
		if (write(many[999], &v, 8) != 8 ||
		    epoll_wait(waiter, &e, 1, 0) != 1 ||
		    read(many[999], &v, 8) != 8)
			return 1;
	return 0;
}

#define SOME(what, count) \
	static int what##_##count(unsigned n) { \
		return what##_some(n, count); \
	}
SOME(poll, 10)
SOME(poll, 100)
SOME(poll, 1000)
SOME(select, 10)
SOME(select, 100)
SOME(select, 900)

/* A sleep of 1 ms: what it takes beyond that. */
static int
sleep_ms(unsigned n)
{
	const struct timespec t = { 0, 1000000 };

	while (n-- > 0)
		if (nanosleep(&t, NULL) != 0)
			return 1;
	return 0;
}

/* ---- the list ---------------------------------------------------------- */

#define PLAIN(n, c, f)      { .name = n, .count = c, .run = f }
#define WITH(n, c, s, f, d) { n, c, s, f, d, 0 }

static const struct bench benches[] = {
	PLAIN("null call", 1000, null_call),
	PLAIN("getpid", 1000, getpid_call),
	PLAIN("clock_gettime", 1000, clock_read),
	WITH("read 1 B", 1000, open_devices, read_byte, close_devices),
	WITH("write 1 B", 1000, open_devices, write_byte, close_devices),
	WITH("pread 4 KiB", 300, open_file, pread_page, close_file),
	WITH("pwrite 4 KiB", 300, open_file, pwrite_page, close_file),
	WITH("stat", 300, open_file, stat_file, close_file),
	WITH("fstat", 500, open_file, fstat_file, close_file),
	WITH("open+close", 300, open_file, open_close, close_file),
	PLAIN("create+unlink", 100, create_unlink),
	WITH("dup+close", 300, open_file, dup_close, close_file),
	WITH("lookup depth 1", 300, make_deep, lookup_1, remove_deep),
	WITH("lookup depth 2", 300, make_deep, lookup_2, remove_deep),
	WITH("lookup depth 4", 300, make_deep, lookup_4, remove_deep),
	WITH("lookup depth 8", 300, make_deep, lookup_8, remove_deep),
	WITH("readdir 1000", 3, make_entries, read_entries, remove_entries),
	PLAIN("sigaction", 300, set_action),
	PLAIN("signal caught", 200, signal_self),
	WITH("pipe 1 B, one process", 300, pipe_here, pipe_self, pipe_gone),
	WITH("pipe round trip", 200, echo_pipe, pipe_self, peer_gone),
	WITH("unix round trip", 200, echo_socket, pipe_self, peer_gone),
	WITH("pipe 64 KiB", 30, sink_pipe, send_64k, peer_gone),
	WITH("unix 64 KiB", 30, sink_socket, send_64k, peer_gone),
	PLAIN("fork+exit+wait", 10, fork_exit),
	PLAIN("vfork+exec+wait", 10, vfork_exec),
	PLAIN("fork+exec+wait", 10, fork_exec),
	PLAIN("posix_spawn+wait", 10, spawn_exec),
	PLAIN("thread create+join", 20, thread_create),
	PLAIN("futex hand-over, 2 switches", 200, hand_over),
	PLAIN("sched_yield", 500, yield),
	{ "yield, switching", 500, NULL, yield_pair, NULL, 2 },
	PLAIN("futex wake", 500, futex_wake),
	{ "anonymous fault", 2, NULL, anon_fault, NULL, FAULT_PAGES },
	{ "file-map fault", 2, big_file, file_fault, no_big_file,
	    FAULT_PAGES },
	{ "copy-on-write fault, with fork", 2, NULL, cow_fault, NULL,
	    COW_PAGES },
	WITH("mmap+munmap cached file", 100, big_file, map_file, no_big_file),
	PLAIN("mmap+munmap 4 MiB", 100, map_unmap),
	PLAIN("brk up and down", 100, grow_break),
	WITH("eventfd+epoll+read", 300, open_event, event_turn, close_event),
	WITH("poll 10", 100, open_many, poll_10, close_many),
	WITH("poll 100", 30, open_many, poll_100, close_many),
	WITH("poll 1000", 5, open_many, poll_1000, close_many),
	WITH("select 10", 100, open_many, select_10, close_many),
	WITH("select 100", 30, open_many, select_100, close_many),
	WITH("select 900", 5, open_many, select_900, close_many),
	WITH("epoll 1 of 1000", 100, open_many, epoll_one, close_many),
	PLAIN("nanosleep 1 ms", 5, sleep_ms),
};

static void
run(const struct bench *b)
{
	uint64_t best = UINT64_MAX;
	int bad = b->setup != NULL && b->setup();

	if (!bad)
		bad = b->run(1); /* warm */
	for (int i = 0; i < ROUNDS && !bad; i++) {
		uint64_t start = now(), took;

		bad = b->run(b->count);
		took = now() - start;
		if (took < best)
			best = took;
	}
	if (bad)
		printf("MISSING %s: %s\n", b->name, strerror(errno));
	else
		printf("BENCH %s = %llu\n", b->name, (unsigned long long)(best /
		    b->count / (b->per > 0 ? b->per : 1)));
	fflush(stdout);
	if (b->done != NULL)
		b->done();
}

/* ---- sizes ------------------------------------------------------------- */

static uint64_t
free_bytes(void)
{
	struct sysinfo s;

	return sysinfo(&s) == 0 ? (uint64_t)s.freeram * s.mem_unit : 0;
}

static void
say_bytes(const char *name, uint64_t before, unsigned count)
{
	uint64_t after = free_bytes();

	/* Below what the kernel counts at a time, memory may even grow. */
	printf("BYTES %s = %llu\n", name, (unsigned long long)(
	    after < before ? (before - after) / count : 0));
	fflush(stdout);
}

#define SIZE_COUNT 100

static void *
thread_sleeps(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void
size_processes(void)
{
	pid_t pids[SIZE_COUNT];
	uint64_t before = free_bytes();

	for (int i = 0; i < SIZE_COUNT; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			for (;;)
				pause();
		}
	}
	usleep(50000);
	say_bytes("idle process", before, SIZE_COUNT);
	for (int i = 0; i < SIZE_COUNT; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

static void
size_threads(void)
{
	uint64_t before = free_bytes();
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t t;

		for (int i = 0; i < SIZE_COUNT; i++)
			pthread_create(&t, NULL, thread_sleeps, NULL);
		usleep(50000);
		say_bytes("idle thread", before, SIZE_COUNT);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void
size_files(void)
{
	int open_files[900];
	uint64_t before = free_bytes();

	for (int i = 0; i < 900; i++)
		open_files[i] = open("/dev/null", O_RDONLY);
	say_bytes("open file", before, 900);
	for (int i = 0; i < 900; i++)
		close(open_files[i]);
}

static void
size_mappings(void)
{
	char *at[1000];
	uint64_t before = free_bytes();

	for (int i = 0; i < 1000; i++)
		at[i] = mmap(NULL, 2 * PAGE, i % 2 ? PROT_READ : PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	say_bytes("mapping", before, 1000);
	for (int i = 0; i < 1000; i++)
		munmap(at[i], 2 * PAGE);
}

/* ---- start ------------------------------------------------------------- */

static void
say_start(void)
{
#ifdef __riscv
	uint64_t ticks;

	/* The counter runs from reset, 10 MHz on this machine. */
	__asm__ volatile("rdtime %0" : "=r"(ticks));
	printf("BENCH reset to program = %llu\n",
	    (unsigned long long)ticks * 100);
#endif
#ifdef __aarch64__
	uint64_t ticks, hz;

	__asm__ volatile("mrs %0, cntvct_el0\n\tmrs %1, cntfrq_el0"
	    : "=r"(ticks), "=r"(hz));
	printf("BENCH reset to program = %llu\n",
	    (unsigned long long)(ticks * (1000000000 / (hz / 1000)) / 1000));
#endif
	printf("BYTES free memory = %llu\n", (unsigned long long)free_bytes());
}

static void
be_init(void)
{
	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir("/tmp", 0777);
	mount("none", "/dev", "devtmpfs", 0, NULL);
	mount("none", "/proc", "proc", 0, NULL);
	if (open("/dev/console", O_RDWR) == 0) {
		dup(0);
		dup(0);
	}
}

int
main(int argc, char **argv)
{
	int is_init = getpid() == 1;

	if (argc > 2 && strcmp(argv[1], "exit") == 0)
		return atoi(argv[2]);
	if (is_init)
		be_init();
	if (argc > 1 && !is_init)
		wanted = argv[1];
	if (is_init && getenv("bench") != NULL)
		wanted = getenv("bench");
	say_start();
	snprintf(self, sizeof(self), "%s", argv[0]);
	memset(page, 1, sizeof(page));
	mkdir("/tmp/bench", 0755);
	if (mount("none", "/tmp/bench", "tmpfs", 0, NULL) != 0 ||
	    chdir("/tmp/bench") != 0) {
		printf("MISSING all: no tmpfs: %s\n", strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		if (strstr(benches[i].name, wanted) != NULL)
			run(&benches[i]);
	if (*wanted == '\0') {
		size_processes();
		size_threads();
		size_files();
		size_mappings();
	}
	chdir("/");
	umount("/tmp/bench");
	printf("BENCH-END\n");
	fflush(stdout);
	if (is_init)
		reboot(RB_POWER_OFF);
	return 0;
}

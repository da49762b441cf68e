/*
 * What operations cost while there is a lot of something: one static Linux
 * program that runs under Linux and under Carmine. `make scaling` compares
 * (tools/scaling.py, docs/scaling.md).
 *
 * scaling [subject [N]]     curves whose subject contains the text, up to N
 * scaling contend P [text]  P processes at once (tests/perf/contend.c)
 *
 * A subject is made to grow, 1, 10, 100 and so on, and its operations are
 * timed at each size. Lines of output:
 *
 *     SCALE subject/operation N cost
 *
 * cost is nanoseconds per operation, the least of three rounds; with QEMU's
 * -icount a nanosecond is an instruction. As pid 1 it makes the file systems
 * it needs first and powers off at the end; scaling=text and scaling_max=N in
 * the environment are the command line then. What does not work is a line
 * "MISSING what: why".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scaling.h"

#define PAGE    4096
#define ROUNDS  3
#define OPS_MAX 4

struct op {
	const char *name;
	unsigned count;
	/* Does it count times with n there; 0: good. */
	int (*run)(unsigned count, unsigned n);
};

struct subject {
	const char *name;
	unsigned max;
	/* Makes number i, from 0; 0: good. */
	int (*add)(unsigned i);
	void (*settle)(unsigned n); /* NULL, or: waits until n are there */
	void (*clear)(unsigned n);
	struct op ops[OPS_MAX];
};

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Numbers that repeat from run to run. */
static unsigned
any_of(unsigned n)
{
	static uint32_t state = 1;

	state = state * 1664525u + 1013904223u;
	return (unsigned)(((uint64_t)state * n) >> 32);
}

void
missing(const char *what)
{
	printf("MISSING %s: %s\n", what, strerror(errno));
	fflush(stdout);
}

static long
futex(atomic_uint *word, int op, unsigned value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

int
fork_child(void (*run)(unsigned i), unsigned i)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(i);
		_exit(0);
	}
	return pid;
}

static int
fork_exit_wait(unsigned count, unsigned n)
{
	(void)n;
	while (count-- > 0) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	return 0;
}

/* ---- sleeping tasks ----------------------------------------------------- */

#define TASKS_MAX 10000u

/* Shared by all of them. */
static struct {
	atomic_uint up; /* children that run */
	atomic_uint answer;
	atomic_uint word[TASKS_MAX];
} *tasks;

static pid_t pids[TASKS_MAX];

static void
await_up(unsigned n)
{
	while (atomic_load(&tasks->up) < n)
		usleep(10000);
	usleep(50000);
}

static void
kill_all(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (unsigned i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
	memset(tasks, 0, sizeof(*tasks));
}

static void
sleeper(unsigned i)
{
	atomic_fetch_add(&tasks->up, 1);
	for (unsigned seen = 0;; seen++) {
		while (atomic_load(&tasks->word[i]) == seen)
			futex(&tasks->word[i], FUTEX_WAIT, seen);
		atomic_fetch_add(&tasks->answer, 1);
		futex(&tasks->answer, FUTEX_WAKE, 1);
	}
}

static int
add_sleeper(unsigned i)
{
	pids[i] = fork_child(sleeper, i);
	return pids[i] < 0;
}

static int
wake_and_answer(unsigned count, unsigned n)
{
	while (count-- > 0) {
		unsigned i = any_of(n), was = atomic_load(&tasks->answer);

		atomic_fetch_add(&tasks->word[i], 1);
		futex(&tasks->word[i], FUTEX_WAKE, 1);
		while (atomic_load(&tasks->answer) == was)
			futex(&tasks->answer, FUTEX_WAIT, was);
	}
	return 0;
}

static int
find_by_id(unsigned count, unsigned n)
{
	while (count-- > 0)
		if (kill(pids[any_of(n)], 0) != 0)
			return 1;
	return 0;
}

/* The parent of n looks whether one of them ended. */
static int
wait_for_none(unsigned count, unsigned n)
{
	(void)n;
	while (count-- > 0)
		if (waitpid(-1, NULL, WNOHANG) != 0)
			return 1;
	return 0;
}

/* ---- processes that wait for one thing ---------------------------------- */

static int ask[2] = { -1, -1 }, reply[2];

static void
reader(unsigned i)
{
	char c;

	(void)i;
	atomic_fetch_add(&tasks->up, 1);
	while (read(ask[0], &c, 1) == 1)
		write(reply[1], &c, 1);
}

static int
add_reader(unsigned i)
{
	if (i == 0 && (pipe(ask) != 0 || pipe(reply) != 0))
		return 1;
	pids[i] = fork_child(reader, i);
	return pids[i] < 0;
}

static int
ask_one(unsigned count, unsigned n)
{
	char c = 0;

	(void)n;
	while (count-- > 0)
		if (write(ask[1], &c, 1) != 1 || read(reply[0], &c, 1) != 1)
			return 1;
	return 0;
}

static void
clear_readers(unsigned n)
{
	kill_all(n);
	for (unsigned i = 0; i < 2; i++) {
		close(ask[i]);
		close(reply[i]);
	}
}

/* ---- runnable tasks ----------------------------------------------------- */

#define RUNNERS_MAX 1000u
#define RUNNER_STACK (32 * 1024)

static pthread_t runners[RUNNERS_MAX];
static char *runner_stacks;
static atomic_uint runners_stop, yields, target, reached;

/* The main thread is a real-time one meanwhile: it waits for nobody's share
 * when it makes them, nor when the target is reached. */
static void
be_real_time(int policy)
{
	struct sched_param p = { .sched_priority = policy == SCHED_FIFO };

	sched_setscheduler(0, policy, &p);
}

static void *
runner(void *arg)
{
	atomic_fetch_add(&tasks->up, 1);
	while (!atomic_load(&runners_stop)) {
		sched_yield();
		if (atomic_fetch_add(&yields, 1) + 1 == atomic_load(&target)) {
			atomic_store(&reached, 1);
			futex(&reached, FUTEX_WAKE, 1);
		}
	}
	return arg;
}

static int
add_runner(unsigned i)
{
	const struct sched_param fair = { 0 };
	pthread_attr_t attr;
	int e;

	/* Stacks of its own: the C library keeps the mappings of its ones, which
	 * the subjects after this one would count as theirs. */
	if (runner_stacks == NULL) {
		runner_stacks = mmap(NULL, RUNNERS_MAX * RUNNER_STACK,
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (runner_stacks == MAP_FAILED) {
			runner_stacks = NULL;
			return errno;
		}
	}
	be_real_time(SCHED_FIFO);
	atomic_store(&runners_stop, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, runner_stacks + i * RUNNER_STACK,
	    RUNNER_STACK);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
	pthread_attr_setschedparam(&attr, &fair);
	e = pthread_create(&runners[i], &attr, runner, NULL);
	pthread_attr_destroy(&attr);
	errno = e;
	return e;
}

static void
clear_runners(unsigned n)
{
	atomic_store(&runners_stop, 1);
	for (unsigned i = 0; i < n; i++)
		pthread_join(runners[i], NULL);
	munmap(runner_stacks, RUNNERS_MAX * RUNNER_STACK);
	runner_stacks = NULL;
	atomic_store(&tasks->up, 0);
	be_real_time(SCHED_OTHER);
}

static int
yield_all(unsigned count, unsigned n)
{
	(void)n;
	atomic_store(&reached, 0);
	atomic_store(&target, atomic_load(&yields) + count);
	while (!atomic_load(&reached))
		futex(&reached, FUTEX_WAIT, 0);
	return 0;
}

/* ---- open files --------------------------------------------------------- */

#define MANY 100000u

static int many[MANY];
static void *places[MANY];

static int
add_file(unsigned i)
{
	many[i] = open("file", O_RDWR | O_CREAT, 0600);
	return many[i] < 0;
}

static void
close_many(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		close(many[i]);
}

static int
open_close(unsigned count, unsigned n)
{
	(void)n;
	while (count-- > 0) {
		int fd = open("file", O_RDONLY);

		if (fd < 0)
			return 1;
		close(fd);
	}
	return 0;
}

static int
dup_close(unsigned count, unsigned n)
{
	while (count-- > 0) {
		int fd = dup(many[any_of(n)]);

		if (fd < 0)
			return 1;
		close(fd);
	}
	return 0;
}

static int
read_one(unsigned count, unsigned n)
{
	char c;

	while (count-- > 0)
		if (pread(many[any_of(n)], &c, 1, 0) != 0)
			return 1;
	return 0;
}

/* A hole far down that has to be found again. */
static int
close_reopen(unsigned count, unsigned n)
{
	while (count-- > 0) {
		unsigned i = any_of(n);

		close(many[i]);
		if (open("file", O_RDONLY) != many[i])
			return 1;
	}
	return 0;
}

/* ---- mappings ----------------------------------------------------------- */

/* Each with a hole of a page before it, so that none joins its neighbour and
 * a larger place has to be looked for. */
static int
add_mapping(unsigned i)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED || munmap(p, PAGE) != 0)
		return 1;
	places[i] = p + PAGE;
	return 0;
}

static void
clear_mappings(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		munmap(places[i], PAGE);
}

static int
map_unmap(unsigned count, unsigned n)
{
	(void)n;
	while (count-- > 0) {
		void *p = mmap(NULL, 2 * PAGE, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED || munmap(p, 2 * PAGE) != 0)
			return 1;
	}
	return 0;
}

static int
fault_one(unsigned count, unsigned n)
{
	while (count-- > 0) {
		char *p = places[any_of(n)];

		*(volatile char *)p = 1;
		if (madvise(p, PAGE, MADV_DONTNEED) != 0)
			return 1;
	}
	return 0;
}

/* ---- timers ------------------------------------------------------------- */

static const struct itimerspec *
far_away(void)
{
	static struct itimerspec t;

	t.it_value.tv_sec = 10000 + any_of(10000);
	t.it_value.tv_nsec = any_of(1000000000);
	return &t;
}

static int
add_timer_file(unsigned i)
{
	many[i] = timerfd_create(CLOCK_MONOTONIC, 0);
	return many[i] < 0 ||
	    timerfd_settime(many[i], 0, far_away(), NULL) != 0;
}

static int
set_timer_file(unsigned count, unsigned n)
{
	while (count-- > 0)
		if (timerfd_settime(many[any_of(n)], 0, far_away(), NULL) != 0)
			return 1;
	return 0;
}

static int
make_timer_file(unsigned count, unsigned n)
{
	(void)n;
	while (count-- > 0) {
		int fd = timerfd_create(CLOCK_MONOTONIC, 0);

		if (fd < 0 || timerfd_settime(fd, 0, far_away(), NULL) != 0)
			return 1;
		close(fd);
	}
	return 0;
}

static int
sleep_short(unsigned count, unsigned n)
{
	struct timespec t = { 0, 1 };

	(void)n;
	while (count-- > 0)
		nanosleep(&t, NULL);
	return 0;
}

/* The kernel's own calls: the C library keeps a list of what it makes. */
static int
timer_new(int *id)
{
	struct sigevent how = { .sigev_notify = SIGEV_NONE };

	return syscall(SYS_timer_create, CLOCK_MONOTONIC, &how, id) != 0 ||
	    syscall(SYS_timer_settime, *id, 0, far_away(), NULL) != 0;
}

static int
add_timer(unsigned i)
{
	return timer_new(&many[i]);
}

static void
delete_timers(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		syscall(SYS_timer_delete, many[i]);
}

static int
set_timer(unsigned count, unsigned n)
{
	while (count-- > 0)
		if (syscall(SYS_timer_settime, many[any_of(n)], 0, far_away(),
		    NULL) != 0)
			return 1;
	return 0;
}

static int
make_timer(unsigned count, unsigned n)
{
	int id;

	(void)n;
	while (count-- > 0)
		if (timer_new(&id) != 0 ||
		    syscall(SYS_timer_delete, id) != 0)
			return 1;
	return 0;
}

/* ---- directory entries -------------------------------------------------- */

static const char *
entry_name(unsigned i)
{
	static char name[32];

	snprintf(name, sizeof(name), "dir/entry%u", i);
	return name;
}

static int
add_entry(unsigned i)
{
	if (i == 0)
		mkdir("dir", 0700);
	return mknod(entry_name(i), S_IFREG | 0600, 0);
}

static void
clear_entries(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		unlink(entry_name(i));
	rmdir("dir");
}

static int
create_unlink(unsigned count, unsigned n)
{
	(void)n;
	while (count-- > 0)
		if (mknod("dir/new", S_IFREG | 0600, 0) != 0 ||
		    unlink("dir/new") != 0)
			return 1;
	return 0;
}

static int
stat_entry(unsigned count, unsigned n)
{
	struct stat st;

	while (count-- > 0)
		if (stat(entry_name(any_of(n)), &st) != 0)
			return 1;
	return 0;
}

/* Another name each time: no negative entry helps. */
static int
stat_missing(unsigned count, unsigned n)
{
	static unsigned other;
	struct stat st;

	(void)n;
	while (count-- > 0)
		if (stat(entry_name(MANY + other++), &st) == 0)
			return 1;
	return 0;
}

/* count is 1: the cost of a whole listing, by entry. */
static int
list_all(unsigned count, unsigned n)
{
	DIR *d = opendir("dir");

	(void)count;
	for (unsigned i = 0; i < n + 2; i++)
		if (d == NULL || readdir(d) == NULL)
			return 1;
	return closedir(d);
}

/* ---- mounts ------------------------------------------------------------- */

#define MOUNTS_MAX 10000u

static const char *
mount_name(unsigned i, const char *rest)
{
	static char name[40];

	snprintf(name, sizeof(name), "mounts/%u%s", i, rest);
	return name;
}

static int
add_mount(unsigned i)
{
	if (i == 0) {
		mkdir("mounts", 0700);
		mkdir("mounted", 0700);
		mkdir("mounted/x", 0700);
		mkdir("place", 0700);
	}
	return mkdir(mount_name(i, ""), 0700) != 0 ||
	    mount("mounted", mount_name(i, ""), NULL, MS_BIND, NULL) != 0;
}

static void
clear_mounts(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		umount(mount_name(i, ""));
		rmdir(mount_name(i, ""));
	}
	rmdir("mounts");
}

static int
mount_umount(unsigned count, unsigned n)
{
	(void)n;
	while (count-- > 0)
		if (mount("mounted", "place", NULL, MS_BIND, NULL) != 0 ||
		    umount("place") != 0)
			return 1;
	return 0;
}

static int
stat_through(unsigned count, unsigned n)
{
	struct stat st;

	while (count-- > 0)
		if (stat(mount_name(any_of(n), "/x"), &st) != 0)
			return 1;
	return 0;
}

/* ---- watchers in a wait set --------------------------------------------- */

static int set = -1;

static int
watch(int op, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(set, op, fd, &ev);
}

static int
add_watcher(unsigned i)
{
	if (i == 0)
		set = epoll_create1(0);
	many[i] = eventfd(0, EFD_NONBLOCK);
	return many[i] < 0 || watch(EPOLL_CTL_ADD, many[i]) != 0;
}

static void
clear_watchers(unsigned n)
{
	close_many(n);
	close(set);
}

static int
watch_other(unsigned count, unsigned n)
{
	while (count-- > 0) {
		int fd = many[any_of(n)];

		if (watch(EPOLL_CTL_DEL, fd) != 0 ||
		    watch(EPOLL_CTL_ADD, fd) != 0)
			return 1;
	}
	return 0;
}

static int
event_wait_read(unsigned count, unsigned n)
{
	struct epoll_event got[4];
	uint64_t v = 1;

	while (count-- > 0) {
		int fd = many[any_of(n)];

		if (write(fd, &v, 8) != 8 ||
		    epoll_wait(set, got, 4, -1) != 1 ||
		    got[0].data.fd != fd || read(fd, &v, 8) != 8)
			return 1;
	}
	return 0;
}

/* ---- all ---------------------------------------------------------------- */

static const struct subject subjects[] = {
	{ "sleeping tasks", TASKS_MAX, add_sleeper, await_up, kill_all, {
	    { "fork+exit+wait", 20, fork_exit_wait },
	    { "wake and answer", 300, wake_and_answer },
	    { "kill 0", 300, find_by_id },
	    { "wait, none ended", 300, wait_for_none } } },
	{ "processes in a wait", TASKS_MAX, add_reader, await_up,
	    clear_readers, {
	    { "ask and answer", 300, ask_one },
	    { "fork+exit+wait", 20, fork_exit_wait } } },
	{ "runnable tasks", RUNNERS_MAX, add_runner, await_up, clear_runners, {
	    { "yield", 20000, yield_all } } },
	{ "open files", MANY, add_file, NULL, close_many, {
	    { "open+close", 300, open_close },
	    { "dup+close", 300, dup_close },
	    { "pread", 300, read_one },
	    { "close, open lowest", 300, close_reopen } } },
	{ "mappings", MANY, add_mapping, NULL, clear_mappings, {
	    { "mmap+munmap", 300, map_unmap },
	    { "fault+drop", 300, fault_one } } },
	{ "timer files", MANY, add_timer_file, NULL, close_many, {
	    { "set", 300, set_timer_file },
	    { "create+set+close", 300, make_timer_file },
	    { "shortest sleep", 100, sleep_short } } },
	{ "timers", MANY, add_timer, NULL, delete_timers, {
	    { "set", 300, set_timer },
	    { "create+set+delete", 300, make_timer } } },
	{ "directory entries", MANY, add_entry, NULL, clear_entries, {
	    { "create+unlink", 300, create_unlink },
	    { "stat", 300, stat_entry },
	    { "stat, missing", 300, stat_missing },
	    { "list, an entry", 1, list_all } } },
	{ "mounts", MOUNTS_MAX, add_mount, NULL, clear_mounts, {
	    { "mount+umount", 100, mount_umount },
	    { "stat through one", 300, stat_through } } },
	{ "watchers", MANY, add_watcher, NULL, clear_watchers, {
	    { "remove+add", 300, watch_other },
	    { "event+wait+read", 300, event_wait_read } } },
};

static void
measure(const struct subject *s, const struct op *op, unsigned n)
{
	unsigned per = op->run == list_all ? n : op->count;
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = now(), took;

		errno = 0;
		if (op->run(op->count, n) != 0) {
			missing(op->name);
			return;
		}
		took = now() - start;
		if (took < best)
			best = took;
	}
	printf("SCALE %s/%s %u %llu\n", s->name, op->name, n,
	    (unsigned long long)best / per);
	fflush(stdout);
}

static void
run(const struct subject *s, unsigned max)
{
	unsigned made = 0;

	if (max > s->max)
		max = s->max;
	for (unsigned n = 1; n <= max; n *= 10) {
		for (; made < n; made++) {
			if (s->add(made) != 0) {
				missing(s->name);
				goto out;
			}
		}
		if (s->settle != NULL)
			s->settle(n);
		for (unsigned i = 0; i < OPS_MAX && s->ops[i].run; i++)
			measure(s, &s->ops[i], n);
	}
out:
	s->clear(made);
}

static void
curves(const char *text, unsigned max)
{
	tasks = mmap(NULL, sizeof(*tasks), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tasks == MAP_FAILED) {
		missing("shared memory");
		return;
	}
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		if (strstr(subjects[i].name, text) != NULL)
			run(&subjects[i], max);
}

int
main(int argc, char **argv)
{
	int is_init = getpid() == 1;
	const char *text = argc > 1 ? argv[1] : "";
	const char *max = argc > 2 ? argv[2] : "100000";

	if (is_init) {
		be_init();
		text = getenv("scaling") ? getenv("scaling") : "";
		max = getenv("scaling_max") ? getenv("scaling_max") : "100000";
	}
	raise_limits();
	mkdir(SCALING_DIR, 0755);
	if (mount("none", SCALING_DIR, "tmpfs", 0, "size=50%,nr_inodes=0") !=
	    0 || chdir(SCALING_DIR) != 0) {
		missing("all: no tmpfs");
		return 1;
	}
	if (argc > 2 && strcmp(text, "contend") == 0)
		contend_all((unsigned)atoi(argv[2]), argc > 3 ? argv[3] : "");
	else
		curves(text, (unsigned)strtoul(max, NULL, 0));
	chdir("/");
	umount(SCALING_DIR);
	printf("SCALE-END\n");
	fflush(stdout);
	if (is_init)
		reboot(RB_POWER_OFF);
	return 0;
}

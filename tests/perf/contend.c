/*
 * The same work on several CPUs at once: the second half of
 * tests/perf/scaling.c. Each CPU has one worker, bound to it, that does the
 * subject's operation a number of times on things of its own (or, where the
 * name says so, on something shared). Nothing is timed here: what happens
 * between mark_begin() and mark_end() is counted from outside, by a plugin of
 * QEMU (tools/share_count.c). A line of output a subject:
 *
 *     CONTEND subject P operations
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scaling.h"

#define PAGE     4096
#define CPUS_MAX 8u
#define AREA     (64 * PAGE)

enum how { PROCESSES, THREADS };

struct work {
	const char *name;
	unsigned count; /* by each worker */
	enum how how;
	int (*run)(unsigned i, unsigned count); /* 0: good */
};

/* Shared by all processes. */
static struct shared {
	atomic_uint ready, go, done, failed;
	struct {
		_Alignas(64) atomic_uint word;
	} turn[CPUS_MAX];
} *sh;

/* Places that no other program has code at (see mk/scaling.mk). */
__attribute__((noinline, section(".mark"))) void
mark_begin(void)
{
	__asm__ volatile("");
}

__attribute__((noinline, section(".mark"))) void
mark_end(void)
{
	__asm__ volatile("");
}

static void
wait_word(atomic_uint *word, unsigned until)
{
	unsigned v;

	while ((v = atomic_load(word)) < until)
		syscall(SYS_futex, word, FUTEX_WAIT, v, NULL, NULL, 0);
}

static void
set_word(atomic_uint *word, unsigned v)
{
	atomic_store(word, v);
	syscall(SYS_futex, word, FUTEX_WAKE, 1000, NULL, NULL, 0);
}

static void
add_word(atomic_uint *word)
{
	atomic_fetch_add(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE, 1000, NULL, NULL, 0);
}

/* ---- operations --------------------------------------------------------- */

static int
call_null(unsigned i, unsigned n)
{
	(void)i;
	while (n-- > 0)
		syscall(SYS_getppid);
	return 0;
}

static int
fork_wait(unsigned i, unsigned n)
{
	(void)i;
	while (n-- > 0) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	return 0;
}

static int
map_unmap(unsigned i, unsigned n)
{
	(void)i;
	while (n-- > 0) {
		void *p = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED || munmap(p, AREA) != 0)
			return 1;
	}
	return 0;
}

/* n faults, and giving the pages back. */
static int
fault(unsigned i, unsigned n)
{
	char *p = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)i;
	if (p == MAP_FAILED)
		return 1;
	while (n > 0) {
		for (size_t at = 0; at < AREA && n > 0; at += PAGE, n--)
			p[at] = 1;
		if (madvise(p, AREA, MADV_DONTNEED) != 0)
			return 1;
	}
	return munmap(p, AREA);
}

static int
open_one(const char *path, unsigned n)
{
	while (n-- > 0) {
		int fd = open(path, O_RDWR | O_CREAT, 0600);

		if (fd < 0)
			return 1;
		close(fd);
	}
	return 0;
}

static int
open_same(unsigned i, unsigned n)
{
	(void)i;
	return open_one("same", n);
}

static int
open_other(unsigned i, unsigned n)
{
	char name[32];

	snprintf(name, sizeof(name), "other%u", i);
	return open_one(name, n);
}

static int
stat_same(unsigned i, unsigned n)
{
	struct stat st;

	(void)i;
	while (n-- > 0)
		if (stat(SCALING_DIR, &st) != 0)
			return 1;
	return 0;
}

static int
create_unlink(unsigned i, unsigned n)
{
	char name[40];

	snprintf(name, sizeof(name), "own%u", i);
	mkdir(name, 0700);
	snprintf(name, sizeof(name), "own%u/file", i);
	while (n-- > 0)
		if (mknod(name, S_IFREG | 0600, 0) != 0 || unlink(name) != 0)
			return 1;
	return 0;
}

static void
echo(int from, int to)
{
	char c;

	while (read(from, &c, 1) == 1)
		write(to, &c, 1);
	_exit(0);
}

/* A byte to another process on the same CPU, and one back. */
static int
pipe_pair(unsigned i, unsigned n)
{
	int there[2], back[2];
	pid_t pid;
	char c = 0;

	(void)i;
	if (pipe(there) != 0 || pipe(back) != 0)
		return 1;
	pid = fork();
	if (pid == 0) {
		close(there[1]);
		echo(there[0], back[1]);
	}
	while (n-- > 0)
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			return 1;
	close(there[1]);
	waitpid(pid, NULL, 0);
	close(there[0]);
	close(back[0]);
	close(back[1]);
	return 0;
}

/* A word handed to another process on the same CPU, and back. */
static int
futex_pair(unsigned i, unsigned n)
{
	atomic_uint *word = &sh->turn[i].word;
	pid_t pid;

	atomic_store(word, 0);
	pid = fork();
	if (pid == 0) {
		for (unsigned k = 0; k < n; k++) {
			wait_word(word, 2 * k + 1);
			set_word(word, 2 * k + 2);
		}
		_exit(0);
	}
	for (unsigned k = 0; k < n; k++) {
		set_word(word, 2 * k + 1);
		wait_word(word, 2 * k + 2);
	}
	return waitpid(pid, NULL, 0) != pid;
}

static int
futex_wake(unsigned i, unsigned n)
{
	while (n-- > 0)
		syscall(SYS_futex, &sh->turn[i].word, FUTEX_WAKE_PRIVATE, 1,
		    NULL, NULL, 0);
	return 0;
}

/* An object and a page of the kernel's. */
static int
allocate(unsigned i, unsigned n)
{
	static const char bytes[1024];
	int fds[2];

	(void)i;
	while (n-- > 0) {
		if (pipe(fds) != 0 || write(fds[1], bytes, 1024) != 1024)
			return 1;
		close(fds[0]);
		close(fds[1]);
	}
	return 0;
}

static const struct work works[] = {
	{ "null call", 2000, PROCESSES, call_null },
	{ "fork+exit+wait", 100, PROCESSES, fork_wait },
	{ "mmap+munmap", 2000, PROCESSES, map_unmap },
	{ "mmap+munmap, one space", 1000, THREADS, map_unmap },
	{ "fault", 2048, PROCESSES, fault },
	{ "fault, one space", 2048, THREADS, fault },
	{ "stat, same file", 1000, PROCESSES, stat_same },
	{ "open+close, same file", 1000, PROCESSES, open_same },
	{ "open+close, different files", 1000, PROCESSES, open_other },
	{ "create+unlink, own folders", 1000, PROCESSES, create_unlink },
	{ "pipe pairs", 500, PROCESSES, pipe_pair },
	{ "futex pairs", 500, PROCESSES, futex_pair },
	{ "futex wake", 1000, THREADS, futex_wake },
	{ "pipe and page", 500, PROCESSES, allocate },
};

/* ---- workers ------------------------------------------------------------ */

static const struct work *now_runs;

static void
bind_to(unsigned cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void
worker(unsigned i)
{
	const struct work *w = now_runs;
	int bad;

	bind_to(i);
	bad = w->run(i, w->count / 10 + 1); /* caches get warm */
	add_word(&sh->ready);
	wait_word(&sh->go, 1);
	bad |= w->run(i, w->count);
	if (bad)
		atomic_store(&sh->failed, 1);
	add_word(&sh->done);
	wait_word(&sh->go, 2);
}

static void *
worker_thread(void *arg)
{
	worker((unsigned)(uintptr_t)arg);
	return NULL;
}

static void
run(const struct work *w, unsigned cpus)
{
	pthread_t threads[CPUS_MAX];
	pid_t pids[CPUS_MAX];

	memset(sh, 0, sizeof(*sh));
	now_runs = w;
	for (unsigned i = 0; i < cpus; i++) {
		if (w->how == THREADS)
			pthread_create(&threads[i], NULL, worker_thread,
			    (void *)(uintptr_t)i);
		else
			pids[i] = fork_child(worker, i);
	}
	wait_word(&sh->ready, cpus);
	mark_begin();
	set_word(&sh->go, 1);
	wait_word(&sh->done, cpus);
	mark_end();
	set_word(&sh->go, 2);
	for (unsigned i = 0; i < cpus; i++) {
		if (w->how == THREADS)
			pthread_join(threads[i], NULL);
		else
			waitpid(pids[i], NULL, 0);
	}
	if (atomic_load(&sh->failed))
		missing(w->name);
	printf("CONTEND %s %u %u\n", w->name, cpus,
	    atomic_load(&sh->failed) ? 0 : cpus * w->count);
	fflush(stdout);
}

void
contend_all(unsigned cpus, const char *text)
{
	if (cpus < 1 || cpus > CPUS_MAX) {
		printf("MISSING all: from 1 to %u CPUs\n", CPUS_MAX);
		return;
	}
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED) {
		missing("shared memory");
		return;
	}
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		if (strstr(works[i].name, text) != NULL)
			run(&works[i], cpus);
}

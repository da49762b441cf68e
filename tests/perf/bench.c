/*
 * What operations cost: one static Linux program that runs under Linux and
 * under Carmine on the same machine. `make bench` compares (tools/bench.py).
 *
 * Each line of output is "BENCH name = value @ call": nanoseconds per operation,
 * the least of several rounds, and those of a null call around them, which tell
 * how fast the machine was; with QEMU's -icount a nanosecond is an instruction.
 * "BYTES name value" lines are sizes. As pid 1 it makes the file systems that
 * it needs first and powers off at the end. An operation that does not work
 * is left out, with a line "MISSING name: why".
 *
 * bench exit N     ends with status N: what the exec tests run
 * bench shell      how soon and with how much memory a shell could start it
 * bench [text]     only lines that contain text, or one of several texts with
 *                  | between; as init, bench=text in the environment says so
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *wanted = "";
char self[256], page[65536];

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What the shortest call takes now. */
static uint64_t
shortest_call(void)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = now(), took;

		for (int k = 0; k < 100; k++)
			syscall(SYS_getppid);
		took = now() - start;
		if (took < best)
			best = took;
	}
	return best / 100;
}

static void
run(const struct bench *b)
{
	uint64_t best = UINT64_MAX, all = 0, before = shortest_call(), after;
	int bad = b->setup != NULL && b->setup();

	if (!bad)
		bad = b->run(1); /* warm */
	for (int i = 0; !bad && i < MOST_ROUNDS &&
	    (i < ROUNDS || all < ENOUGH_NS); i++) {
		uint64_t start = now(), took;

		bad = b->run(b->count);
		took = now() - start;
		all += took;
		if (took < best)
			best = took;
	}
	after = bad ? 0 : shortest_call();
	if (bad)
		printf("MISSING %s: %s\n", b->name, strerror(errno));
	else
		printf("BENCH %s = %llu @ %llu\n", b->name,
		    (unsigned long long)(best / b->count /
		    (b->per > 0 ? b->per : 1) - b->less),
		    (unsigned long long)(before > after ? before : after));
	fflush(stdout);
	if (b->done != NULL)
		b->done();
}

static int
is_wanted(const char *name)
{
	char text[128];
	size_t len;

	for (const char *w = wanted;; w += len + 1) {
		len = strcspn(w, "|");
		snprintf(text, sizeof(text), "%.*s", (int)len, w);
		if (strstr(name, text) != NULL)
			return 1;
		if (w[len] == '\0')
			return 0;
	}
}

static void
run_all(const struct bench *b)
{
	for (; b->name != NULL; b++)
		if (is_wanted(b->name))
			run(b);
}

/* ---- sizes ------------------------------------------------------------- */

static uint64_t
free_bytes(void)
{
	struct sysinfo s;

	return sysinfo(&s) == 0 ? (uint64_t)s.freeram * s.mem_unit : 0;
}

/* Below what the kernel counts at a time, memory may even grow. */
static uint64_t
used_since(uint64_t before)
{
	uint64_t after = free_bytes();

	return after < before ? before - after : 0;
}

static void
say_bytes(const char *name, uint64_t value)
{
	printf("BYTES %s = %llu\n", name, (unsigned long long)value);
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

/* What a process takes that sleeps; flags: what it unshares before. */
static uint64_t
process_bytes(int flags)
{
	pid_t pids[SIZE_COUNT];
	uint64_t before = free_bytes(), used;

	for (int i = 0; i < SIZE_COUNT; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			if (flags != 0 && unshare(flags) != 0)
				_exit(1);
			for (;;)
				pause();
		}
	}
	usleep(50000);
	used = used_since(before);
	for (int i = 0; i < SIZE_COUNT; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return used / SIZE_COUNT;
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
		say_bytes("idle thread", used_since(before) / SIZE_COUNT);
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
	say_bytes("open file", used_since(before) / 900);
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
	say_bytes("mapping", used_since(before) / 1000);
	for (int i = 0; i < 1000; i++)
		munmap(at[i], 2 * PAGE);
}

/* ---- start ------------------------------------------------------------- */

/* Since reset, by the counter that starts there. */
static uint64_t
since_reset(void)
{
	uint64_t ticks = 0, hz = 0;

#if defined(__riscv)
	__asm__ volatile("rdtime %0" : "=r"(ticks));
	hz = 10000000; /* of this machine */
#elif defined(__aarch64__)
	__asm__ volatile("mrs %0, cntvct_el0\n\tmrs %1, cntfrq_el0"
	    : "=r"(ticks), "=r"(hz));
#elif defined(__x86_64__)
	uint64_t start = now(), first = __builtin_ia32_rdtsc(), took;

	while ((took = now() - start) < 10000000)
		;
	ticks = __builtin_ia32_rdtsc();
	hz = (ticks - first) * 1000000000 / took;
	ticks = first;
#endif
	return hz == 0 ? 0 : (uint64_t)((__uint128_t)ticks * 1000000000 / hz);
}

static void
say_start(const char *what)
{
	printf("BENCH reset to %s = %llu\n", what,
	    (unsigned long long)since_reset());
	printf("BYTES free memory, %s = %llu\n", what,
	    (unsigned long long)free_bytes());
	fflush(stdout);
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
	if (argc > 1 && strcmp(argv[1], "shell") == 0) {
		say_start("shell");
		printf("BENCH-END\n");
		return 0;
	}
	if (is_init)
		be_init();
	if (argc > 1 && !is_init)
		wanted = argv[1];
	if (is_init && getenv("bench") != NULL)
		wanted = getenv("bench");
	say_start("program");
	snprintf(self, sizeof(self), "%s", argv[0]);
	memset(page, 1, sizeof(page));
	mkdir("/tmp/bench", 0755);
	if (mount("none", "/tmp/bench", "tmpfs", 0, NULL) != 0 ||
	    chdir("/tmp/bench") != 0) {
		printf("MISSING all: no tmpfs: %s\n", strerror(errno));
		return 1;
	}
	run_all(call_benches);
	run_all(task_benches);
	run_all(wait_benches);
	run_all(thread_benches);
	if (*wanted == '\0') {
		say_bytes("idle process", process_bytes(0));
		say_bytes("container", process_bytes(CLONE_NEWNS));
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

// uses: tests/host/play.c
/*
 * Linux, xv6 and native programs, played, on the kernel in this process:
 * files, pipes, signals, threads, exec across ABIs.
 */
#include "play.h"

#include <string.h>

#include <kernel/log.h>

#define AT_FDCWD   ((uintptr_t)-100)
#define O_RDWR     2u
#define O_CREAT    0100u
#define O_NONBLOCK 04000u

static void
tmpfs_here(void)
{
	EXPECT(play_call(LX_mount, play_str("none"), play_str("/tmp"),
	    play_str("tmpfs"), 0, 0) == 0);
}

static void
tmpfs_gone(void)
{
	EXPECT(play_call(LX_chdir, play_str("/")) == 0);
	EXPECT(play_call(LX_umount2, play_str("/tmp"), 0) == 0);
}

/* ---- files ------------------------------------------------------------- */

static void
files(void)
{
	uintptr_t buf = play_room(64);
	char text[64] = "";
	long fd;

	tmpfs_here();
	fd = play_call(LX_openat, AT_FDCWD, play_str("/tmp/a"),
	    O_RDWR | O_CREAT, 0644);
	EXPECT(fd >= 0);
	EXPECT(play_call(LX_write, (uintptr_t)fd, play_str("hello"), 5) == 5);
	EXPECT(play_call(LX_lseek, (uintptr_t)fd, 1, 0) == 1);
	EXPECT(play_call(LX_read, (uintptr_t)fd, buf, 64) == 4);
	play_get(text, buf, 4);
	EXPECT(memcmp(text, "ello", 4) == 0);
	/* A bad address is the caller's error and moves nothing. */
	EXPECT(play_call(LX_read, (uintptr_t)fd, 16, 1) == 0);
	EXPECT(play_call(LX_lseek, (uintptr_t)fd, 0, 0) == 0);
	EXPECT(play_call(LX_read, (uintptr_t)fd, 16, 4) == -14);
	EXPECT(play_call(LX_close, (uintptr_t)fd) == 0);
	EXPECT(play_call(LX_close, (uintptr_t)fd) == -9);
	EXPECT(play_call(LX_unlinkat, AT_FDCWD, play_str("/tmp/a"), 0) == 0);
	EXPECT(play_call(LX_unlinkat, AT_FDCWD, play_str("/tmp/a"), 0) == -2);
	tmpfs_gone();
}

KTEST(host_linux_files)
{
	play_run(files);
}

static void
read_archive(void)
{
	uintptr_t buf = play_room(64);
	char text[64] = "";
	long fd, n;

	fd = play_call(LX_openat, AT_FDCWD, play_str("/etc/link"), 0, 0);
	EXPECT(fd >= 0);
	n = play_call(LX_read, (uintptr_t)fd, buf, 64);
	EXPECT(n > 5);
	play_get(text, buf, 5);
	EXPECT(memcmp(text, "root:", 5) == 0);
}

KTEST(host_linux_reads_the_boot_archive)
{
	play_run(read_archive);
}

/* ---- pipes ------------------------------------------------------------- */

static long ends[2];

static void
make_pipe(unsigned flags)
{
	uintptr_t at = play_room(8);
	int fds[2];

	EXPECT(play_call(LX_pipe2, at, flags) == 0);
	play_get(fds, at, 8);
	ends[0] = fds[0];
	ends[1] = fds[1];
}

#define PIPE_BYTES 200000u

static void
pipe_writer(void)
{
	uintptr_t buf = play_room(4000);
	uint8_t out[4000];
	size_t sent = 0;

	(void)play_call(LX_close, (uintptr_t)ends[0]);
	while (sent < PIPE_BYTES) {
		long n;

		for (size_t i = 0; i < sizeof(out); i++)
			out[i] = (uint8_t)((sent + i) * 7);
		EXPECT(user_copy_out(buf, out, sizeof(out)) == OK);
		n = play_call(LX_write, (uintptr_t)ends[1], buf,
		    MIN(sizeof(out), PIPE_BYTES - sent));
		EXPECT(n > 0);
		if (n <= 0)
			return;
		sent += (size_t)n;
	}
}

static void
pipe_pair(void)
{
	uintptr_t buf = play_room(5000);
	uint8_t in[5000];
	size_t got = 0, bad = 0;
	long pid, n;

	make_pipe(0);
	pid = play_fork(pipe_writer);
	EXPECT(pid > 0);
	(void)play_call(LX_close, (uintptr_t)ends[1]);
	while ((n = play_call(LX_read, (uintptr_t)ends[0], buf, 5000)) > 0) {
		play_get(in, buf, (size_t)n);
		for (long i = 0; i < n; i++, got++)
			bad += in[i] != (uint8_t)(got * 7);
	}
	EXPECT(n == 0);
	EXPECT(got == PIPE_BYTES);
	EXPECT(bad == 0);
	EXPECT(play_wait(pid) == 0);
}

KTEST(host_linux_a_pipe_between_processes)
{
	play_run(pipe_pair);
}

/* ---- signals ----------------------------------------------------------- */

static atomic_uint handled;

static void
on_signal(void)
{
	atomic_fetch_add(&handled, (unsigned)play_arg(0));
}

static void
set_handler(unsigned number, unsigned flags)
{
	const struct {
		uint64_t handler, flags, mask;
	} act = { play_pc(on_signal), flags, 0 };

	EXPECT(play_call(LX_rt_sigaction, number, play_put(&act, sizeof(act)),
	    0, 8) == 0);
}

static void
signals(void)
{
	uintptr_t pid = (uintptr_t)play_call(LX_getpid);

	atomic_store(&handled, 0);
	set_handler(10, 0);
	EXPECT(play_call(LX_kill, pid, 10) == 0);
	EXPECT(atomic_load(&handled) == 10);
	EXPECT(play_call(LX_kill, pid, 65) == -22);
}

KTEST(host_linux_a_handler_runs_and_returns)
{
	play_run(signals);
}

static void
dies(void)
{
	(void)play_call(LX_kill, (uintptr_t)play_call(LX_getpid), 15);
	EXPECT(false);
}

KTEST(host_linux_a_fatal_signal_is_the_status)
{
	EXPECT(play_wait(play_fork(dies)) == 15);
}

static void
kills_reader(void)
{
	const struct {
		int64_t s, ns;
	} a_while = { 0, 20000000 };

	(void)play_call(LX_nanosleep, play_put(&a_while, 16), 0);
	EXPECT(play_call(LX_kill,
	    (uintptr_t)play_call(LX_getppid), 10) == 0);
	(void)play_call(LX_nanosleep, play_put(&a_while, 16), 0);
	EXPECT(play_call(LX_write, (uintptr_t)ends[1], play_str("x"), 1) == 1);
}

static void
interrupted(unsigned flags, long want)
{
	long pid;

	atomic_store(&handled, 0);
	make_pipe(0);
	set_handler(10, flags);
	pid = play_fork(kills_reader);
	EXPECT(play_call(LX_read, (uintptr_t)ends[0], play_room(1), 1) ==
	    want);
	EXPECT(atomic_load(&handled) == 10);
	EXPECT(play_wait(pid) == 0);
}

static void
interrupted_plain(void)
{
	interrupted(0, -4);
}

static void
interrupted_restarts(void)
{
	interrupted(0x10000000u, 1);
}

KTEST(host_linux_an_interrupted_read_answers_eintr)
{
	play_run(interrupted_plain);
}

KTEST(host_linux_an_interrupted_read_is_restarted)
{
	play_run(interrupted_restarts);
}

/* ---- races on names ---------------------------------------------------- */

#define RACERS 3
#define TURNS  150

/* Each fights over the same four names with all calls there are. */
static void
racer(void)
{
	static const char *const names[] = { "/tmp/d/a", "/tmp/d/b",
		"/tmp/e", "/tmp/d" };
	uint64_t rnd = (uint64_t)play_call(LX_gettid) * 2654435761u;
	uintptr_t at[4], buf = play_room(256);

	for (unsigned i = 0; i < 4; i++)
		at[i] = play_str(names[i]);
	for (unsigned i = 0; i < TURNS; i++) {
		uintptr_t a, b;
		long fd;

		rnd = rnd * 6364136223846793005u + 1442695040888963407u;
		a = at[rnd >> 33 & 3];
		b = at[rnd >> 35 & 3];
		switch (rnd >> 40 & 7) {
		case 0:
			(void)play_call(LX_mkdirat, AT_FDCWD, a, 0755);
			break;
		case 1:
			(void)play_call(LX_unlinkat, AT_FDCWD, a, 0);
			break;
		case 2:
			(void)play_call(LX_unlinkat, AT_FDCWD, a, 0x200);
			break;
		case 3:
			(void)play_call(LX_renameat, AT_FDCWD, a, AT_FDCWD, b);
			break;
		case 4:
			(void)play_call(LX_linkat, AT_FDCWD, a, AT_FDCWD, b, 0);
			break;
		case 5:
			(void)play_call(LX_symlinkat, a, AT_FDCWD, b);
			break;
		case 6:
			(void)play_call(LX_newfstatat, AT_FDCWD, a, buf, 0);
			break;
		default:
			fd = play_call(
			    LX_openat, AT_FDCWD, a, O_RDWR | O_CREAT, 0644);
			if (fd >= 0) {
				(void)play_call(LX_write, (uintptr_t)fd, a, 8);
				(void)play_call(LX_close, (uintptr_t)fd);
			}
		}
	}
}

static void
names_race(void)
{
	long pids[RACERS];

	tmpfs_here();
	for (unsigned i = 0; i < RACERS; i++)
		pids[i] = play_fork(racer);
	for (unsigned i = 0; i < RACERS; i++)
		EXPECT(play_wait(pids[i]) == 0);
	tmpfs_gone();
}

KTEST(host_linux_names_may_be_fought_over)
{
	play_run(names_race);
}

/* ---- threads ----------------------------------------------------------- */

static atomic_uint threads_done;

static void
thread_body(void)
{
	for (unsigned i = 0; i < 50; i++) {
		long fd = play_call(LX_dup, (uintptr_t)ends[0]);

		EXPECT(fd >= 0);
		EXPECT(play_call(LX_close, (uintptr_t)fd) == 0);
	}
	atomic_fetch_add(&threads_done, 1);
	(void)play_call(LX_exit, 0);
}

static void
threads(void)
{
	const struct {
		int64_t s, ns;
	} a_while = { 0, 1000000 };
	uintptr_t at = play_put(&a_while, 16);

	atomic_store(&threads_done, 0);
	make_pipe(0);
	for (unsigned i = 0; i < 3; i++)
		EXPECT(play_thread(thread_body) > 0);
	for (unsigned i = 0; i < 5000 && atomic_load(&threads_done) < 3; i++)
		(void)play_call(LX_nanosleep, at, 0);
	EXPECT(atomic_load(&threads_done) == 3);
}

KTEST(host_linux_threads_share_a_handle_table)
{
	play_run(threads);
}

/* ---- exec -------------------------------------------------------------- */

static void
exec_path(const char *path)
{
	uint64_t argv[2] = { play_str(path), 0 };

	EXPECT(play_call(LX_execve, argv[0], play_put(argv, 16), 0) == 0);
	EXPECT(false); /* exec does not return */
}

static void
exec_xv6(void)
{
	exec_path("/abi/xv6/count");
}

static void
exec_nothing(void)
{
	EXPECT(play_call(LX_execve, play_str("/nowhere"), 0, 0) == -2);
	EXPECT(play_call(LX_execve, play_str("/etc/passwd"), 0, 0) == -13);
	EXPECT(play_call(LX_execve, play_str("/etc"), 0, 0) == -13);
}

/* An xv6 program: pipe, fork, write, read, wait. */
static void
xv6_child(void)
{
	EXPECT(play_call(
	    XV6_write, (uintptr_t)ends[1], play_str("abc"), 3) == 3);
}

static void
xv6_count(void)
{
	uintptr_t at = play_room(8), buf = play_room(8);
	int fds[2];

	EXPECT(task_current()->abi->index == ABI_XV6);
	EXPECT(play_call(XV6_pipe, at) == 0);
	play_get(fds, at, 8);
	ends[0] = fds[0];
	ends[1] = fds[1];
	EXPECT(play_fork(xv6_child) > 0);
	EXPECT(play_call(XV6_wait, 0) > 0);
	EXPECT(play_call(XV6_read, (uintptr_t)ends[0], buf, 8) == 3);
	EXPECT(play_call(XV6_close, 77) == -1);
	EXPECT(play_call(XV6_sbrk, 8192) > 0);
	play_exit(5);
}

KTEST(host_exec_of_an_xv6_program)
{
	EXPECT(play_wait(play_fork(exec_xv6)) == 5 << 8);
}

KTEST(host_exec_that_fails_changes_nothing)
{
	play_run(exec_nothing);
}

static const struct play_program programs[] = {
	{ "abi/xv6/count", ABI_XV6, xv6_count },
	{ NULL, 0, NULL },
};

int
main(int argc, char **argv)
{
	play_start(argc, argv, "host_", programs);
}

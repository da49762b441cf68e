/*
 * What calls cost that neither wait nor make a process: the bare call, files,
 * names and signals.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- calls ------------------------------------------------------------- */

static int fd_zero, fd_null, fd_file;

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

/* The kernel's own struct sigaction, whatever this architecture has in it. */
static unsigned long action[4];

static int
catch_signal(void)
{
	struct sigaction a = { .sa_handler = on_signal };

	return sigaction(SIGUSR1, &a, NULL) != 0 ||
	    syscall(SYS_rt_sigaction, SIGUSR1, NULL, action, 8) != 0;
}

/* Without the C library, whose sigaction() copies the struct twice. */
static int
set_action(unsigned n)
{
	while (n-- > 0)
		if (syscall(SYS_rt_sigaction, SIGUSR1, action, NULL, 8) != 0)
			return 1;
	return 0;
}

static int
signal_self(unsigned n)
{
	pid_t pid = getpid();

	while (n-- > 0)
		if (kill(pid, SIGUSR1) != 0)
			return 1;
	return 0;
}

/* ---- the list ---------------------------------------------------------- */

const struct bench call_benches[] = {
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
	WITH("sigaction", 300, catch_signal, set_action, NULL),
	WITH("signal caught", 200, catch_signal, signal_self, NULL),
	PLAIN("sched_yield", 500, yield),
	PLAIN("futex wake", 500, futex_wake),
	{ 0 },
};

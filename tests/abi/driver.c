/*
 * Runs the ABI tests of one boot: each program of the command line, from the
 * folder that this one is in, with its output through a pipe.
 *
 *	[name]
 *	what it printed
 *	[name: status]
 *
 * The status is negative for a signal. A program that does not end within
 * LIMIT_S seconds is killed. Where the kernel tells what is live, it has to be
 * the same after the program as before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tests/live.h>

#define LIMIT_S 20

static char folder[512];

/* Reads a whole file; an empty text if there is none. */
static void
slurp(const char *path, char *text, size_t size)
{
	size_t len = 0;
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && len + 1 < size) {
		ssize_t n = read(fd, text + len, size - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
}

static void
child(const char *name, int out)
{
	char path[1024];
	char *argv[] = { path, NULL };
	char *envp[] = { "PATH=/bin:/usr/bin", "HOME=/root", "LANG=C", NULL };
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	snprintf(path, sizeof(path), "/tmp/abi-%s", name);
	mkdir(path, 0755);
	if (chdir(path) != 0)
		perror("chdir");
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	close(null);
	close(out);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	execve(path, argv, envp);
	perror(path);
	_exit(127);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

/* The folder that the program ran in, with all that it left there. */
static void
remove_folder(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "/tmp/abi-%s", name);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Copies what comes out of fd until its end; false if time ran out. */
static bool
copy_output(int fd)
{
	double end = now() + LIMIT_S;
	char buf[4096];

	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t n;

		if (now() >= end)
			return false;
		if (poll(&p, 1, (int)((end - now()) * 1000) + 1) <= 0)
			continue;
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return true;
		fwrite(buf, 1, (size_t)n, stdout);
		fflush(stdout);
	}
}

static void
run(const char *name)
{
	int pipes[2], status = 0;
	pid_t pid;

	printf("[%s]\n", name);
	fflush(stdout);
	if (pipe(pipes) != 0 || (pid = fork()) < 0) {
		perror("driver");
		return;
	}
	if (pid == 0) {
		close(pipes[0]);
		child(name, pipes[1]);
	}
	close(pipes[1]);
	if (!copy_output(pipes[0])) {
		printf("timeout\n");
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	close(pipes[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	remove_folder(name);
	printf("[%s: %d]\n", name, WIFSIGNALED(status) ? -WTERMSIG(status) :
	    WEXITSTATUS(status));
	fflush(stdout);
}

/* What caches keep does not count. */
static void
look(char *text, size_t size)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd < 0 || write(fd, "3", 1) != 1)
		perror("drop_caches");
	close(fd);
	slurp(LIVE, text, size);
}

/* Runs it; true: what lived before lives, and no more. What a dying process
 * frees late is gone after a moment. */
static bool
run_and_look(const char *name, bool tell)
{
	static char before[8192], after[8192];

	look(before, sizeof(before));
	run(name);
	for (int n = 0; n < 20; n++) {
		look(after, sizeof(after));
		if (same_life(before, after, false))
			return true;
		usleep(10000);
	}
	return same_life(before, after, tell);
}

int
main(int argc, char **argv)
{
	char self[512];

	snprintf(self, sizeof(self), "%s", argv[0]);
	snprintf(folder, sizeof(folder), "%s", dirname(self));
	/* A file of the initial file system has its pages' object from its
	 * first use on: what leaks leaks the second time as well. */
	for (int i = 1; i < argc; i++)
		if (!run_and_look(argv[i], false) &&
		    !run_and_look(argv[i], true))
			printf("(by %s)\n", argv[i]);
	return 0;
}

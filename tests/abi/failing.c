/*
 * Makes the kernel's allocations fail in turn under the ABI tests.
 *
 *	failing MOST PROGRAM...
 *
 * Runs each program of this one's folder while allocations fail that come from
 * places in the kernel where none failed before (mm/fail_places.c), again and
 * again until a run has no new place, MOST times at most. The program may end
 * as it likes. The kernel has to go on, and what lives in it has to be the same
 * afterwards. A place fails once, so what a run leaked is not leaked again by a
 * second one; what is used for the first time, and stays, is used before by a
 * run without failures.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tests/live.h>

#define FAIL     "/proc/carmine/alloc_fail"
#define CALLER   1000
#define LIMIT_MS 2500 /* a program may wait for what did not come */
#define DEATH_MS 20000

static char folder[512];

static void
fail(const char *what)
{
	printf("failing: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
spill(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

static void
slurp(const char *path, char *text, size_t size)
{
	ssize_t n;
	size_t len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(path);
	while (len + 1 < size &&
	    (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
}

static void
look(char *text, size_t size)
{
	spill("/proc/sys/vm/drop_caches", "3");
	slurp(LIVE, text, size);
}

/* ---- one run ----------------------------------------------------------- */

static void
child(const char *name, const char *which)
{
	char path[1024];
	char *argv[] = { path, NULL };
	char *envp[] = { "PATH=/bin:/usr/bin", "HOME=/root", "LANG=C", NULL };
	int null = open("/dev/null", O_RDWR);

	setsid();
	(void)chdir("/tmp");
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	close(null);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	spill(FAIL, which);
	/* kill(fork(), ...) is kill(-1, ...) here: not as root. */
	if (setgid(CALLER) == 0 && setuid(CALLER) == 0)
		execve(path, argv, envp);
	_exit(127);
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Ends all of the caller's programs, whatever session they went to. */
static void
end_all(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		if (setuid(CALLER) == 0)
			kill(-1, SIGKILL);
		_exit(0);
	}
}

/* Waits for all that came from pid, which is killed after a while. */
static void
wait_for(pid_t pid, const char *name)
{
	const struct timespec moment = { 0, 1000000 };
	double begin = now_ms(), tick = LIMIT_MS;
	pid_t got;

	while ((got = waitpid(-1, NULL, WNOHANG)) >= 0) {
		double past = now_ms() - begin;

		if (got == pid && tick > past)
			tick = past; /* what it leaves behind ends now */
		if (past >= tick) {
			kill(pid, SIGKILL); /* also before it is CALLER's */
			end_all();
			tick = past + 20;
		}
		if (past > LIMIT_MS + DEATH_MS) {
			printf("failing: %s hangs\n", name);
			exit(1);
		}
		if (got == 0)
			nanosleep(&moment, NULL);
	}
}

static unsigned long
places(void)
{
	char text[64], *line;

	slurp(FAIL, text, sizeof(text));
	line = strchr(text, '\n');
	return line == NULL ? 0 : strtoul(line, NULL, 10);
}

/* True when an allocation failed. */
static bool
run(const char *name, const char *which)
{
	unsigned long before = places();
	pid_t pid;

	/* Where they leave what a failure kept them from removing. */
	if (mount("none", "/tmp", "tmpfs", 0, "mode=1777") != 0)
		fail("/tmp");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0)
		child(name, which);
	wait_for(pid, name);
	spill(FAIL, "0");
	if (umount2("/tmp", MNT_DETACH) != 0)
		fail("/tmp");
	return places() != before;
}

/* ---- all runs ---------------------------------------------------------- */

/* True when everything came back; *failed: whether something did fail. */
static bool
run_and_look(const char *name, bool *failed)
{
	static char before[8192], after[8192];

	look(before, sizeof(before));
	*failed = run(name, "places");
	for (int n = 0; n < 50; n++) {
		look(after, sizeof(after));
		if (same_life(before, after, false))
			return true;
		usleep(10000);
	}
	return same_life(before, after, true);
}

static bool
fail_places(const char *name, unsigned long most)
{
	unsigned long before = places(), runs = 0;
	bool failed = true, good = true;

	(void)run(name, "0");
	for (; failed && runs < most; runs++) {
		if (run_and_look(name, &failed))
			continue;
		printf("(by %s, run %lu)\n", name, runs);
		good = false;
	}
	printf("failing: %s: %lu runs, %lu places%s\n", name, runs,
	    places() - before, failed ? ", unfinished" : "");
	return good;
}

int
main(int argc, char **argv)
{
	bool good = true;
	char self[512];

	if (argc < 3) {
		printf("usage: failing MOST PROGRAM...\n");
		return 2;
	}
	snprintf(self, sizeof(self), "%s", argv[0]);
	snprintf(folder, sizeof(folder), "%s", dirname(self));
	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (unshare(CLONE_NEWNS) != 0)
		fail("unshare");
	for (int i = 2; i < argc; i++)
		good &= fail_places(argv[i], strtoul(argv[1], NULL, 10));
	return good ? 0 : 1;
}

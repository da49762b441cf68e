/*
 * Takes all there is of something, and tells what came of it.
 *
 *	hogs memory|forks|files|handles
 *
 * Static, so that it runs in the small image. Everything it took is given
 * back when it has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HANDLES 100000u
#define MEMORY  (1ul << 30)
#define BOMB_MS 3000

/* Writes to a gigabyte: a child dies of it. */
static void
memory(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		char *p = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		for (size_t i = 0; p != MAP_FAILED && i < MEMORY; i += 4096)
			p[i] = 1;
		_exit(p == MAP_FAILED ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("memory: killed by %d\n", WTERMSIG(status));
	else
		printf("memory: status %d\n", WEXITSTATUS(status));
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Every child forks as fast as it can. The group is killed until none lives,
 * since some are born while it is told. */
static void
forks(void)
{
	double end = now_ms() + BOMB_MS;
	unsigned reaped = 0;
	pid_t pid, bomb = fork();

	if (bomb == 0) {
		setpgid(0, 0);
		for (;;)
			(void)fork();
	}
	setpgid(bomb, bomb);
	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0) {
		reaped += pid > 0;
		if (pid == 0)
			usleep(10000);
		if (now_ms() > end)
			kill(-bomb, SIGKILL);
	}
	printf("forks: over, many %d\n", reaped > 50);
}

static void
files(void)
{
	static char block[65536];
	int fd = open("/tmp/hog", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	unsigned long kib = 0;
	ssize_t n;

	memset(block, 'h', sizeof(block));
	while ((n = write(fd, block, sizeof(block))) > 0)
		kib += (unsigned long)n >> 10;
	printf("files: %s, many %d\n", strerror(errno), kib > 4096);
	close(fd);
	unlink("/tmp/hog");
}

static void
handles(void)
{
	const struct rlimit most = { HANDLES + 100, HANDLES + 100 };
	unsigned n = 0;

	if (setrlimit(RLIMIT_NOFILE, &most) != 0)
		perror("setrlimit");
	while (n < HANDLES && open("/dev/null", O_RDONLY) >= 0)
		n++;
	if (n == HANDLES)
		printf("handles: all\n");
	else
		printf("handles: %s, many %d\n", strerror(errno), n > 10000);
}

int
main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (strcmp(what, "memory") == 0)
		memory();
	else if (strcmp(what, "forks") == 0)
		forks();
	else if (strcmp(what, "files") == 0)
		files();
	else if (strcmp(what, "handles") == 0)
		handles();
	else
		return 2;
	return 0;
}

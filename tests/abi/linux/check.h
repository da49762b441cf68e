/*
 * Printing what calls answer, so that two kernels can be compared: the
 * expression, and its value or the name of its error.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

__attribute__((unused)) static long
show_(const char *text, long v)
{
	if (v == -1)
		printf("%s: %s\n", text, strerrorname_np(errno));
	else
		printf("%s: %ld\n", text, v);
	return v;
}

__attribute__((unused)) static long
okay_(const char *text, long v)
{
	if (v == -1)
		printf("%s: %s\n", text, strerrorname_np(errno));
	else
		printf("%s: ok\n", text);
	return v;
}

/* Prints the value; for results that are the same everywhere. */
#define SHOW(e) show_(#e, (long)(e))
/* Prints ok or the error; for descriptors, ids, addresses. */
#define OKAY(e) okay_(#e, (long)(e))
#define IS(e) printf("%s: %s\n", #e, (e) ? "yes" : "no")

/* An address where nothing is, that the compiler does not know. */
__attribute__((unused)) static void *volatile nowhere = (void *)8;

/* A fresh directory to work in; gone with done(). */
static char place_[64];

__attribute__((unused)) static void
enter(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	strcpy(place_, "/tmp/abi-XXXXXX");
	if (mkdtemp(place_) == NULL || chdir(place_) != 0) {
		printf("no place to work in: %s\n", strerrorname_np(errno));
		exit(1);
	}
	umask(022);
}

__attribute__((unused)) static void
leave(void)
{
	if (chdir("/") != 0 || rmdir(place_) != 0)
		printf("left behind: %s\n", strerrorname_np(errno));
}

/* A child's fate, in words. */
__attribute__((unused)) static void
fate(const char *who, int status)
{
	if (WIFEXITED(status))
		printf("%s: exit %d\n", who, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("%s: killed by %s\n", who,
		    sigabbrev_np(WTERMSIG(status)));
	else if (WIFSTOPPED(status))
		printf("%s: stopped by %s\n", who,
		    sigabbrev_np(WSTOPSIG(status)));
	else if (WIFCONTINUED(status))
		printf("%s: continued\n", who);
	else
		printf("%s: status %x\n", who, (unsigned)status);
}

__attribute__((unused)) static int
put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

__attribute__((unused)) static void
cat(const char *name)
{
	char buf[256];
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (n < 0) {
		printf("%s: %s\n", name, strerrorname_np(errno));
		return;
	}
	buf[n] = '\0';
	printf("%s: [%s]\n", name, buf);
	close(fd);
}

__attribute__((unused)) static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

__attribute__((unused)) static void
nap_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

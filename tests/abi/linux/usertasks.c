/* How many tasks a user may have: RLIMIT_NPROC. */
#include "check.h"

#include <pthread.h>
#include <sys/resource.h>

#define UID 12347 /* nobody else runs as it */

static void *
sleeper(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

static void
limit(rlim_t n)
{
	struct rlimit r = { n, 100 };

	SHOW(setrlimit(RLIMIT_NPROC, &r));
}

/* Forks until it is refused; the children end, but nobody waits for them. */
static int
fork_most(void)
{
	int n = 0;
	pid_t pid;

	while ((pid = fork()) > 0)
		n++;
	if (pid == 0)
		_exit(0);
	printf("refused: %s\n", strerrorname_np(errno));
	return n;
}

static void
as_user(void)
{
	pthread_t t;
	int n;

	SHOW(setuid(UID));
	limit(5);
	SHOW(n = fork_most());
	limit(7);
	SHOW(n = fork_most());
	limit(0);
	SHOW(fork());
	while (wait(NULL) > 0)
		continue;
	SHOW(fork()); /* the caller alone is more */
	limit(3);
	SHOW(pthread_create(&t, NULL, sleeper, NULL));
	SHOW(pthread_create(&t, NULL, sleeper, NULL));
	IS(pthread_create(&t, NULL, sleeper, NULL) == EAGAIN);
	SHOW(fork_most());
}

/* setuid succeeds beyond the limit; exec does not, until there are fewer. */
static void
becomes_too_many(void)
{
	char *args[] = { "/nothing", NULL }, c;
	pid_t others[2];
	int ready[2];

	SHOW(pipe(ready));
	for (int i = 0; i < 2; i++) {
		others[i] = fork();
		if (others[i] == 0) {
			setuid(UID);
			write(ready[1], "", 1);
			pause();
			_exit(0);
		}
		SHOW(read(ready[0], &c, 1));
	}
	limit(1);
	SHOW(setuid(UID));
	for (int i = 0; i < 2; i++) {
		SHOW(execv(args[0], args));
		kill(others[i], SIGKILL);
		wait(NULL);
	}
	SHOW(execv(args[0], args));
	SHOW(fork()); /* one is still all there may be */
}

int
main(void)
{
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid() != 0) {
		printf("for root\n");
		return 0;
	}
	if (fork() == 0) {
		as_user();
		_exit(0);
	}
	wait(&status);
	SHOW(status);
	if (fork() == 0) {
		becomes_too_many();
		_exit(0);
	}
	wait(&status);
	SHOW(status);
	/* Root is not limited. */
	if (fork() == 0) {
		pid_t pid;

		limit(1);
		pid = fork();
		if (pid == 0)
			_exit(0);
		OKAY(pid);
		wait(NULL);
		_exit(0);
	}
	wait(&status);
	SHOW(status);
	return 0;
}

/* Threads that exec at once: one wins, the others are gone. */
#include "check.h"

#include <pthread.h>

#define ROUNDS  30
#define THREADS 4

static pthread_barrier_t start;

static void *
exec_it(void *arg)
{
	char *argv[] = { (char *)"again", arg, NULL };

	pthread_barrier_wait(&start);
	execv("/proc/self/exe", argv);
	_exit(41); /* who loses does not come back */
}

static void
race(bool first_too)
{
	static char names[THREADS][2] = { "0", "1", "2", "3" };
	pthread_t threads[THREADS];

	pthread_barrier_init(&start, NULL, THREADS + first_too);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, exec_it, names[i]);
	if (first_too)
		exec_it(names[0]);
	for (;;)
		pause();
}

static void
rounds(const char *what, bool first_too)
{
	int status, won = 0;

	for (int i = 0; i < ROUNDS; i++) {
		if (fork() == 0)
			race(first_too);
		wait(&status);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 7)
			won++;
		else
			fate(what, status);
	}
	printf("%s: %d of %d\n", what, won, ROUNDS);
}

int
main(int argc, char **argv)
{
	if (argc == 2)
		return argv[1][0] >= '0' && argv[1][0] < '0' + THREADS ? 7 : 8;
	rounds("beside the first thread", false);
	rounds("with the first thread", true);
	return 0;
}

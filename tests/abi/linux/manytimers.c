/* More POSIX timers than fit a small table, and numbers that go on. */
#include "check.h"

#include <sys/syscall.h>

#define MANY 2000

static int ids[MANY];

static int
make(int *id)
{
	struct sigevent how = { .sigev_notify = SIGEV_NONE };

	return (int)syscall(SYS_timer_create, CLOCK_MONOTONIC, &how, id);
}

static int
arm(int id, long seconds)
{
	struct itimerspec t = { .it_value.tv_sec = seconds };

	return (int)syscall(SYS_timer_settime, id, 0, &t, NULL);
}

int
main(void)
{
	struct itimerspec left;
	int made = 0, good = 0;

	for (int i = 0; i < MANY; i++)
		made += make(&ids[i]) == 0 && arm(ids[i], 1000 + i) == 0;
	printf("made %d\n", made);
	for (int i = 0; i < MANY; i++)
		good += syscall(SYS_timer_gettime, ids[i], &left) == 0 &&
		    left.it_value.tv_sec >= 1000 + i - 60 &&
		    left.it_value.tv_sec <= 1000 + i;
	printf("found %d\n", good);
	/* The oldest goes each time: the newest number always rises. */
	for (int i = 0; i < 3 * MANY; i++) {
		if (syscall(SYS_timer_delete, ids[i % MANY]) != 0 ||
		    make(&ids[i % MANY]) != 0)
			printf("number %d\n", i);
	}
	good = 0;
	for (int i = 0; i < MANY; i++)
		good += syscall(SYS_timer_delete, ids[i]) == 0;
	printf("deleted %d\n", good);
	printf("again %ld\n", syscall(SYS_timer_delete, ids[0]));
	return 0;
}

/* A timer's number is guessed by another thread while it is being made. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define TURNS 20000

static atomic_bool over;
static atomic_uint deleted;

/* The number that the timer will have: all others are free. */
static void *
guess(void *arg)
{
	struct itimerspec soon = { .it_value = { 0, 1 } };

	(void)arg;
	while (!over) {
		if (syscall(SYS_timer_delete, 0) == 0)
			deleted++;
		(void)syscall(SYS_timer_settime, 0, 0, &soon, NULL);
	}
	return NULL;
}

/* Makes timers that fail at the last step: there is never one to delete. */
static void
half_made(void)
{
	pthread_t id;
	unsigned failed = 0;

	over = false;
	pthread_create(&id, NULL, guess, NULL);
	for (int i = 0; i < TURNS; i++)
		failed += syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL,
		    nowhere) == -1 && errno == EFAULT;
	over = true;
	pthread_join(id, NULL);
	printf("%u failed, %u deleted\n", failed, deleted);
}

int
main(void)
{
	half_made();
	return 0;
}

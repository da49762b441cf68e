/* Threads through the C library: locks, conditions, storage, signals. */
#include "check.h"

#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>

#define N 8

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int counter, turn;
static __thread int mine;
static sem_t sem;
static volatile int caught;

static void *
count(void *arg)
{
	mine = (int)(intptr_t)arg;
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
	}
	return (void *)(intptr_t)(mine * 2);
}

static void *
ping(void *arg)
{
	int me = (int)(intptr_t)arg;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < 100; i++) {
		while (turn != me)
			pthread_cond_wait(&changed, &lock);
		turn = !turn;
		pthread_cond_signal(&changed);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void
on_usr(int n)
{
	(void)n;
	caught = gettid() != getpid();
}

static void *
sleeper(void *arg)
{
	sem_post(&sem);
	for (;;)
		pause();
	return arg;
}

static void *
dies(void *arg)
{
	pthread_mutex_lock(arg);
	return NULL;
}

static void
futexes(void)
{
	struct timespec ts = { 0, 20000000 };
	int word = 1;

	SHOW(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	SHOW(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, &ts, NULL, 0));
	SHOW(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(syscall(SYS_futex, (char *)&word + 1, FUTEX_WAKE, 1, NULL, NULL,
	    0));
	SHOW(syscall(SYS_futex, nowhere, FUTEX_WAIT, 1, &ts, NULL, 0));
	SHOW(syscall(SYS_futex, &word, 77, 1, NULL, NULL, 0));
	SHOW(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 1, NULL, NULL, 0));
}

int
main(void)
{
	pthread_t t[N];
	pthread_mutexattr_t ma;
	pthread_mutex_t robust, pi;
	struct timespec ts;
	void *res;
	long sum = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < N; i++)
		pthread_create(&t[i], NULL, count, (void *)(intptr_t)i);
	for (int i = 0; i < N; i++) {
		pthread_join(t[i], &res);
		sum += (intptr_t)res;
	}
	SHOW(counter);
	SHOW(sum);
	SHOW(mine);
	pthread_create(&t[0], NULL, ping, (void *)0);
	pthread_create(&t[1], NULL, ping, (void *)1);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	SHOW(turn);

	sem_init(&sem, 0, 0);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += 10000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	SHOW(sem_timedwait(&sem, &ts));
	signal(SIGUSR1, on_usr);
	pthread_create(&t[0], NULL, sleeper, NULL);
	sem_wait(&sem);
	nap_ms(20);
	pthread_kill(t[0], SIGUSR1);
	nap_ms(50);
	SHOW(caught);
	SHOW(pthread_cancel(t[0]));
	pthread_join(t[0], &res);
	IS(res == PTHREAD_CANCELED);

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &ma);
	pthread_create(&t[0], NULL, dies, &robust);
	pthread_join(t[0], NULL);
	IS(pthread_mutex_lock(&robust) == EOWNERDEAD);
	SHOW(pthread_mutex_consistent(&robust));
	SHOW(pthread_mutex_unlock(&robust));
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_INHERIT);
	SHOW(pthread_mutex_init(&pi, &ma));
	SHOW(pthread_mutex_lock(&pi));
	SHOW(pthread_mutex_unlock(&pi));
	futexes();

	/* One thread's exit_group ends them all. */
	if (fork() == 0) {
		pthread_create(&t[0], NULL, sleeper, NULL);
		sem_wait(&sem);
		_exit(6);
	}
	int status;
	wait(&status);
	fate("threads", status);
	return 0;
}

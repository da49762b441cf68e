/* futex(2) beyond what the C library makes of it: bit sets, requeueing, one
 * call for two words, many words at once, priority inheritance, robust ends. */
// libs: -pthread
#include "check.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define WAITERS 3

static uint32_t word, other;
static long answers[WAITERS];
static volatile int started; /* the thread that is about to wait */

static long
futex(uint32_t *at, int op, uint32_t v, long time_or_n, uint32_t *at2,
    uint32_t v3)
{
	return syscall(SYS_futex, at, op, v, time_or_n, at2, v3);
}

static uint32_t
self(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

/* Returns when the thread that tells its id in started sleeps. */
static void
until_asleep(void)
{
	char name[64], text[256] = "";
	const char *state = NULL;

	while (state == NULL || strncmp(state, ") S", 3) != 0) {
		ssize_t n;
		int fd;

		nap_ms(1);
		snprintf(name, sizeof(name), "/proc/self/task/%d/stat",
		    started);
		fd = open(name, O_RDONLY);
		if (fd < 0)
			continue;
		n = read(fd, text, sizeof(text) - 1);
		text[n < 0 ? 0 : n] = '\0';
		close(fd);
		state = strrchr(text, ')');
	}
	started = 0;
}

/* ---- waiting ----------------------------------------------------------- */

static struct waiter {
	uint32_t *at;
	int op;
	uint32_t value, bits;
	pthread_t thread;
	int number;
} waiters[WAITERS];

static void *
wait_one(void *arg)
{
	struct waiter *w = arg;

	started = (int)self();
	answers[w->number] =
	    futex(w->at, w->op, w->value, 0, NULL, w->bits);
	if (answers[w->number] != 0)
		answers[w->number] = -errno;
	return NULL;
}

static void
start(int number, uint32_t *at, int op, uint32_t bits)
{
	struct waiter *w = &waiters[number];

	*w = (struct waiter){ at, op, *at, bits, 0, number };
	answers[number] = 99;
	pthread_create(&w->thread, NULL, wait_one, w);
	until_asleep();
}

static void
join(int number)
{
	pthread_join(waiters[number].thread, NULL);
	printf("waiter %d: %ld\n", number, answers[number]);
}

static void
bit_sets(void)
{
	SHOW(futex(&word, FUTEX_WAKE_BITSET, 1, 0, NULL, 0));
	start(0, &word, FUTEX_WAIT_BITSET, 1);
	start(1, &word, FUTEX_WAIT_BITSET, 6);
	SHOW(futex(&word, FUTEX_WAKE_BITSET, 9, 0, NULL, 8));
	SHOW(futex(&word, FUTEX_WAKE_BITSET, 9, 0, NULL, 4));
	join(1);
	SHOW(futex(&word, FUTEX_WAKE, 9, 0, NULL, 0));
	join(0);
}

static void
requeue(void)
{
	for (int i = 0; i < 3; i++)
		start(i, &word, FUTEX_WAIT, 0);
	SHOW(futex(&word, FUTEX_CMP_REQUEUE, 1, 9, &other, word + 1));
	SHOW(futex(&word, FUTEX_CMP_REQUEUE, 1, -1, &other, word));
	SHOW(futex(&word, FUTEX_CMP_REQUEUE, 1, 1, &other, word));
	join(0);
	SHOW(futex(&other, FUTEX_WAKE, 9, 0, NULL, 0));
	join(1);
	SHOW(futex(&word, FUTEX_REQUEUE, 0, 9, &other, 0));
	SHOW(futex(&word, FUTEX_WAKE, 9, 0, NULL, 0));
	SHOW(futex(&other, FUTEX_WAKE, 9, 0, NULL, 0));
	join(2);
}

/* ---- an operation on the second word ----------------------------------- */

static void
wake_op(int op, int arg, int cmp, int with)
{
	uint32_t before = other;
	long n = futex(&word, FUTEX_WAKE_OP, 1, 1, &other,
	    (uint32_t)FUTEX_OP(op, arg, cmp, with));

	printf("op %d, compare %d: %ld, %d -> %d\n", op, cmp,
	    n < 0 ? -errno : n, (int)before, (int)other);
}

static void
wake_ops(void)
{
	other = 5;
	for (int op = 0; op <= 5; op++)
		wake_op(op, 3, FUTEX_OP_CMP_EQ, 5);
	for (int cmp = 0; cmp <= 6; cmp++)
		wake_op(FUTEX_OP_ADD, 1, cmp, 4);
	wake_op(FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 6, FUTEX_OP_CMP_GE, 0);
	wake_op(FUTEX_OP_SET, -7, FUTEX_OP_CMP_LT, 0);
	wake_op(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_LT, -3);
	start(0, &word, FUTEX_WAIT, 0);
	start(1, &other, FUTEX_WAIT, 0);
	wake_op(FUTEX_OP_SET, 0, FUTEX_OP_CMP_EQ, 0);
	join(0);
	wake_op(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0);
	join(1);
	SHOW(futex(&word, FUTEX_WAKE_OP, 1, 1, nowhere, 0));
}

/* ---- many at once ------------------------------------------------------ */

static void *
wakes_other(void *arg)
{
	while (futex(&other, FUTEX_WAKE, 1, 0, NULL, 0) == 0)
		nap_ms(1);
	return arg;
}

static void
many(void)
{
	struct futex_waitv v[2] = {
		{ word, (uintptr_t)&word, FUTEX_32, 0 },
		{ other, (uintptr_t)&other, FUTEX_32, 0 },
	};
	struct timespec past = { 0, 1 };
	pthread_t t;

	pthread_create(&t, NULL, wakes_other, NULL);
	SHOW(syscall(SYS_futex_waitv, v, 2, 0, NULL, CLOCK_MONOTONIC));
	pthread_join(t, NULL);
	SHOW(syscall(SYS_futex_waitv, v, 2, 0, &past, CLOCK_MONOTONIC));
	SHOW(syscall(SYS_futex_waitv, v, 2, 0, &past, CLOCK_REALTIME));
	SHOW(syscall(SYS_futex_waitv, v, 2, 0, &past, CLOCK_BOOTTIME));
	SHOW(syscall(SYS_futex_waitv, v, 0, 0, NULL, 0));
	SHOW(syscall(SYS_futex_waitv, v, 129, 0, NULL, 0));
	SHOW(syscall(SYS_futex_waitv, v, 2, 1, NULL, 0));
	SHOW(syscall(SYS_futex_waitv, nowhere, 2, 0, NULL, 0));
	v[1].val++;
	SHOW(syscall(SYS_futex_waitv, v, 2, 0, NULL, 0));
	v[1].flags = 0;
	SHOW(syscall(SYS_futex_waitv, v, 2, 0, NULL, 0));
	v[1].flags = FUTEX_32;
	v[1].__reserved = 1;
	SHOW(syscall(SYS_futex_waitv, v, 2, 0, NULL, 0));
}

/* ---- priority inheritance ---------------------------------------------- */

static uint32_t lock;

static void *
locks(void *unused)
{
	bool fine;

	started = (int)self();
	fine = futex(&lock, FUTEX_LOCK_PI, 0, 0, NULL, 0) == 0 &&
	    (lock & FUTEX_TID_MASK) == self() &&
	    futex(&lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0) == 0;

	return (void *)(intptr_t)fine;
}

static void *
only_tries(void *arg)
{
	struct timespec at;

	SHOW(futex(&lock, FUTEX_TRYLOCK_PI, 0, 0, NULL, 0));
	SHOW(futex(&lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	clock_gettime(CLOCK_REALTIME, &at);
	SHOW(futex(&lock, FUTEX_LOCK_PI, 0, (long)&at, NULL, 0));
	clock_gettime(CLOCK_MONOTONIC, &at);
	SHOW(futex(&lock, FUTEX_LOCK_PI2, 0, (long)&at, NULL, 0));
	at.tv_nsec = -1;
	SHOW(futex(&lock, FUTEX_LOCK_PI, 0, (long)&at, NULL, 0));
	return arg;
}

static void
inheritance(void)
{
	pthread_t t[2];
	void *fine;

	SHOW(futex(&lock, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	IS(lock == self());
	SHOW(futex(&lock, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	pthread_create(&t[0], NULL, only_tries, NULL);
	pthread_join(t[0], NULL);
	for (int i = 0; i < 2; i++) {
		pthread_create(&t[i], NULL, locks, NULL);
		until_asleep();
	}
	IS(lock == (self() | FUTEX_WAITERS));
	SHOW(futex(&lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], &fine);
		IS(fine != NULL);
	}
	SHOW(lock);
	SHOW(futex(&lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	SHOW(futex(&lock, FUTEX_TRYLOCK_PI, 0, 0, NULL, 0));
	SHOW(futex(&lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	lock = FUTEX_TID_MASK; /* nobody has this id */
	SHOW(futex(&lock, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	lock = 0;
	SHOW(futex(nowhere, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	SHOW(futex(nowhere, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
}

/* ---- owners that end --------------------------------------------------- */

static void
make_robust(pthread_mutex_t *m, int protocol)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	SHOW(pthread_mutexattr_setprotocol(&a, protocol));
	SHOW(pthread_mutex_init(m, &a));
}

static void
owner_ends(int protocol)
{
	struct {
		pthread_mutex_t mutex;
		volatile bool held;
	} *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutex_t *m = &s->mutex;

	make_robust(m, protocol);
	if (fork() == 0) {
		pthread_mutex_lock(m);
		s->held = true;
		nap_ms(60); /* the parent waits for it, and gets it */
		_exit(0);
	}
	while (!s->held)
		nap_ms(1);
	IS(pthread_mutex_lock(m) == EOWNERDEAD);
	SHOW(pthread_mutex_consistent(m));
	SHOW(pthread_mutex_unlock(m));
	wait(NULL);
	if (fork() == 0) {
		pthread_mutex_lock(m);
		_exit(0); /* nobody waits */
	}
	wait(NULL);
	IS(pthread_mutex_lock(m) == EOWNERDEAD);
	SHOW(pthread_mutex_unlock(m));
	IS(pthread_mutex_lock(m) == ENOTRECOVERABLE);
	munmap(s, sizeof(*s));
}

static void
robust_lists(void)
{
	void *head;
	size_t len = 0;

	SHOW(syscall(SYS_get_robust_list, 0, &head, &len));
	SHOW(len);
	SHOW(syscall(SYS_set_robust_list, head, len + 1));
	SHOW(syscall(SYS_set_robust_list, head, len));
	SHOW(syscall(SYS_get_robust_list, 0, nowhere, &len));
	SHOW(syscall(SYS_get_robust_list, 0x3fffffff, &head, &len));
}

int
main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	bit_sets();
	requeue();
	wake_ops();
	many();
	inheritance();
	owner_ends(PTHREAD_PRIO_NONE);
	owner_ends(PTHREAD_PRIO_INHERIT);
	robust_lists();
	return 0;
}

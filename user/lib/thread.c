/*
 * Threads: the part of POSIX threads that is whole. What is not here (cancel,
 * recursive mutexes, read-write locks, barriers) is not defined, so a
 * program that wants it does not link; CAVEATS.md lists it.
 *
 * A thread's stack mapping holds, from its lowest address: a guard page, the
 * stack, the thread-local storage. Its record is freed by whoever joins it,
 * or, once detached, by the next pthread_create after its end.
 */
#include <pthread.h>
#include <reent.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lock.h"

#define STACK_DEFAULT (256u * 1024)
#define KEYS_MAX      64
#define MUTEX_STATIC  0xffffffffu /* PTHREAD_MUTEX_INITIALIZER */

struct thread {
	struct thread *next;
	uint32_t id;
	_Atomic uint32_t done; /* 1 until the kernel clears it */
	_Atomic uint32_t detached;
	void *map;
	size_t map_size;
	void *(*fn)(void *);
	void *arg, *result;
	struct _reent reent;
};

static struct {
	_Atomic uint32_t lock;
	struct thread *list;
} threads;

static struct {
	_Atomic uint32_t used; /* 1 taken */
	void (*destroy)(void *);
} keys[KEYS_MAX];

static __thread struct thread *current;
static __thread void *values[KEYS_MAX];

static void
thread_free(struct thread *t)
{
	cm_memory_unmap(t->map, t->map_size);
	free(t);
}

/* Takes the first thread that pred wants off the list. */
static struct thread *
list_take(uint32_t id)
{
	struct thread **p, *t;

	__cm_lock(&threads.lock);
	for (p = &threads.list; (t = *p) != NULL; p = &t->next)
		if (id != 0 ? t->id == id :
		    (atomic_load(&t->detached) && atomic_load(&t->done) == 0))
			break;
	if (t != NULL)
		*p = t->next;
	__cm_unlock(&threads.lock);
	return t;
}

static void
run_destructors(void)
{
	bool again = true;

	for (int round = 0; again && round < 4; round++) {
		again = false;
		for (int k = 0; k < KEYS_MAX; k++) {
			void *v = values[k];

			if (v == NULL || keys[k].destroy == NULL)
				continue;
			values[k] = NULL;
			keys[k].destroy(v);
			again = true;
		}
	}
}

void
pthread_exit(void *result)
{
	struct thread *t = current;

	run_destructors();
	if (t != NULL) {
		t->result = result;
		_reclaim_reent(&t->reent);
	}
	for (;;)
		cm_thread_exit(0);
}

static void
thread_main(void *arg)
{
	struct thread *t = arg;

	current = t;
	__cm_reent = &t->reent;
	pthread_exit(t->fn(t->arg));
}

static int
thread_map(struct thread *t, size_t stack)
{
	size_t page = (size_t)getpagesize();
	long r;

	t->map_size = page + stack + __cm_tls_size();
	t->map_size = (t->map_size + page - 1) & -page;
	r = cm_memory_map(NULL, t->map_size, CM_PROT_READ | CM_PROT_WRITE, 0,
	    CM_HANDLE_NONE, 0);
	if (r < 0)
		return __cm_errno(-r);
	t->map = (void *)r;
	cm_memory_protect(t->map, page, CM_PROT_NONE);
	return 0;
}

int
pthread_create(pthread_t *id, const pthread_attr_t *attr,
    void *(*fn)(void *), void *arg)
{
	size_t stack = attr != NULL && attr->stacksize > 0 ?
	    (size_t)attr->stacksize : STACK_DEFAULT;
	struct thread *t;
	struct cm_thread ct = { .entry = thread_main };
	uintptr_t top;
	long r;

	while ((t = list_take(0)) != NULL)
		thread_free(t);
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return EAGAIN;
	r = thread_map(t, stack);
	if (r != 0) {
		free(t);
		return (int)r;
	}
	_REENT_INIT_PTR(&t->reent);
	t->fn = fn;
	t->arg = arg;
	t->done = 1;
	t->detached = attr != NULL &&
	    attr->detachstate == PTHREAD_CREATE_DETACHED;
	top = ((uintptr_t)t->map + t->map_size - __cm_tls_size()) & -16ul;
	ct.arg = t;
	ct.stack_top = (void *)top;
	ct.tls = __cm_tls_setup((void *)top);
	ct.id = &t->id;
	ct.done = (uint32_t *)&t->done;
	__cm_lock(&threads.lock);
	r = cm_thread_create(&ct);
	if (r >= 0) {
		t->id = *id = (pthread_t)r;
		t->next = threads.list;
		threads.list = t;
	}
	__cm_unlock(&threads.lock);
	if (r < 0)
		thread_free(t);
	return r < 0 ? __cm_errno(-r) : 0;
}

int
pthread_join(pthread_t id, void **result)
{
	struct thread *t = list_take(id);

	if (t == NULL)
		return ESRCH;
	while (atomic_load(&t->done) != 0)
		cm_futex_wait((uint32_t *)&t->done, 1, CM_FOREVER, 0);
	if (result != NULL)
		*result = t->result;
	thread_free(t);
	return 0;
}

int
pthread_detach(pthread_t id)
{
	struct thread *t;

	__cm_lock(&threads.lock);
	for (t = threads.list; t != NULL && t->id != id; t = t->next)
		;
	if (t != NULL)
		atomic_store(&t->detached, 1);
	__cm_unlock(&threads.lock);
	return t != NULL ? 0 : ESRCH;
}

pthread_t
pthread_self(void)
{
	return (pthread_t)cm_task_id(CM_ID_THREAD, 0);
}

int
pthread_equal(pthread_t a, pthread_t b)
{
	return a == b;
}

int
pthread_kill(pthread_t id, int number)
{
	long r = cm_signal_send_thread(getpid(), (cm_pid_t)id, number);

	return r < 0 ? __cm_errno(-r) : 0;
}

int
pthread_attr_init(pthread_attr_t *a)
{
	memset(a, 0, sizeof(*a));
	a->is_initialized = 1;
	a->stacksize = STACK_DEFAULT;
	a->detachstate = PTHREAD_CREATE_JOINABLE;
	return 0;
}

int
pthread_attr_destroy(pthread_attr_t *a)
{
	a->is_initialized = 0;
	return 0;
}

int
pthread_attr_setstacksize(pthread_attr_t *a, size_t size)
{
	if (size < 16384 || size > INT32_MAX)
		return EINVAL;
	a->stacksize = (int)((size + 15) & ~15u);
	return 0;
}

int
pthread_attr_setdetachstate(pthread_attr_t *a, int state)
{
	a->detachstate = state;
	return 0;
}

/* stdio asks for it around its locks. There is no pthread_cancel, so the
 * state is kept and has nothing to hold off. */
int
pthread_setcancelstate(int state, int *old)
{
	static __thread int now = PTHREAD_CANCEL_ENABLE;

	if (old != NULL)
		*old = now;
	now = state;
	return 0;
}

/* ---- mutexes, conditions ------------------------------------------------ */

static _Atomic uint32_t *
mutex_word(pthread_mutex_t *m)
{
	_Atomic uint32_t *w = (_Atomic uint32_t *)m;
	uint32_t fresh = MUTEX_STATIC;

	if (atomic_load_explicit(w, memory_order_relaxed) == fresh)
		atomic_compare_exchange_strong(w, &fresh, 0);
	return w;
}

int
pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
	if (attr != NULL && attr->recursive)
		return ENOTSUP;
	*m = 0;
	return 0;
}

int
pthread_mutex_destroy(pthread_mutex_t *m)
{
	return *m != 0 && *m != MUTEX_STATIC ? EBUSY : 0;
}

int
pthread_mutex_lock(pthread_mutex_t *m)
{
	__cm_lock(mutex_word(m));
	return 0;
}

int
pthread_mutex_trylock(pthread_mutex_t *m)
{
	return __cm_trylock(mutex_word(m)) ? 0 : EBUSY;
}

int
pthread_mutex_unlock(pthread_mutex_t *m)
{
	__cm_unlock((_Atomic uint32_t *)m);
	return 0;
}

int
pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr)
{
	if (attr != NULL && attr->clock != CLOCK_REALTIME)
		return ENOTSUP;
	*c = 0;
	return 0;
}

int
pthread_cond_destroy(pthread_cond_t *c)
{
	(void)c;
	return 0;
}

/* The word counts signals: a waiter sleeps only while it has not changed
 * since it held the mutex. */
static int
cond_wait(pthread_cond_t *c, pthread_mutex_t *m, int64_t timeout)
{
	_Atomic uint32_t *w = (_Atomic uint32_t *)c;
	uint32_t seen = atomic_load(w);
	long r;

	pthread_mutex_unlock(m);
	r = cm_futex_wait((uint32_t *)c, seen, timeout, 0);
	__cm_lock_slow(mutex_word(m));
	return r == -CM_ETIMEDOUT ? ETIMEDOUT : 0;
}

int
pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	return cond_wait(c, m, CM_FOREVER);
}

int
pthread_cond_timedwait(
    pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	int64_t now = 0, left;

	cm_clock_get(CM_CLOCK_WALL, &now);
	left = __cm_ns(until) - now;
	return cond_wait(c, m, left > 0 ? left : 0);
}

static int
cond_wake(pthread_cond_t *c, uint32_t count)
{
	atomic_fetch_add((_Atomic uint32_t *)c, 1);
	cm_futex_wake((uint32_t *)c, count, 0);
	return 0;
}

int
pthread_cond_signal(pthread_cond_t *c)
{
	return cond_wake(c, 1);
}

int
pthread_cond_broadcast(pthread_cond_t *c)
{
	return cond_wake(c, UINT32_MAX);
}

/* ---- once, keys --------------------------------------------------------- */

/* init_executed: 0 not run, 1 running, 2 run. */
int
pthread_once(pthread_once_t *once, void (*fn)(void))
{
	_Atomic uint32_t *state = (_Atomic uint32_t *)&once->init_executed;
	uint32_t fresh = 0;

	if (atomic_compare_exchange_strong(state, &fresh, 1)) {
		fn();
		atomic_store(state, 2);
		cm_futex_wake((uint32_t *)state, UINT32_MAX, 0);
	}
	while (atomic_load(state) != 2)
		cm_futex_wait((uint32_t *)state, 1, CM_FOREVER, 0);
	return 0;
}

int
pthread_key_create(pthread_key_t *key, void (*destroy)(void *))
{
	for (uint32_t k = 0; k < KEYS_MAX; k++) {
		uint32_t unused = 0;

		if (!atomic_compare_exchange_strong(
		    &keys[k].used, &unused, 1))
			continue;
		keys[k].destroy = destroy;
		*key = k;
		return 0;
	}
	return EAGAIN;
}

int
pthread_key_delete(pthread_key_t key)
{
	if (key >= KEYS_MAX)
		return EINVAL;
	keys[key].destroy = NULL;
	atomic_store(&keys[key].used, 0);
	return 0;
}

int
pthread_setspecific(pthread_key_t key, const void *value)
{
	if (key >= KEYS_MAX)
		return EINVAL;
	values[key] = (void *)(uintptr_t)value;
	return 0;
}

void *
pthread_getspecific(pthread_key_t key)
{
	return key < KEYS_MAX ? values[key] : NULL;
}

int
sched_yield(void)
{
	return (int)__cm_result(cm_thread_yield());
}

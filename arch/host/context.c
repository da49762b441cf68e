/*
 * Threads, CPU tokens and interrupts of the host port.
 *
 * Exactly one pthread holds a CPU's token at a time. arch_switch() hands it
 * over through a semaphore, which also orders the two for the race checker.
 * A timer pthread marks CPUs whose timer is due; arch_wait() sleeps until an
 * interrupt is pending.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include <kernel/log.h>
#include <kernel/mm.h>

struct host_thread {
	pthread_t id;
	sem_t go; /* the token has come */
	struct host_cpu *cpu; /* the token that came */
	struct thread_head *head;
	struct thread_head *from; /* who gave it */
	void (*entry)(void *);
	void *arg;
	bool ends; /* woken to end */
};

void host_yield(void);

_Thread_local struct thread_head *host_current;
_Thread_local struct host_cpu *host_cpu;

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* an interrupt or a deadline came */
	struct host_cpu cpus[CPU_MAX];
	ns_t deadline[CPU_MAX]; /* [l] NS_NEVER: none */
	pthread_t timer;
} host = { .lock = PTHREAD_MUTEX_INITIALIZER };

static unsigned
token_index(const struct host_cpu *c)
{
	return (unsigned)(c - host.cpus);
}

/* ---- interrupts -------------------------------------------------------- */

void
host_interrupts(void)
{
	struct host_cpu *c = host_cpu;

	while (c->irqs_on && atomic_exchange(&c->pending, false)) {
		c->irqs_on = false;
		cpu_this()->irq_depth++;
		if (atomic_exchange(&c->ipi, false))
			trap_ipi();
		if (atomic_exchange(&c->due, false))
			trap_timer();
		cpu_this()->irq_depth--;
		trap_irq_return_kernel();
		c = host_cpu; /* a switch may have moved this thread */
		c->irqs_on = true;
	}
}

/* Who spins with interrupts on takes them. */
void
arch_pause(void)
{
	host_yield();
	host_poll();
}

static void
raise_locked(struct host_cpu *c, atomic_bool *what)
{
	atomic_store(what, true);
	atomic_store(&c->pending, true);
	pthread_cond_broadcast(&host.changed);
}

void
arch_ipi(uint64_t mask)
{
	pthread_mutex_lock(&host.lock);
	for (; mask != 0; mask &= mask - 1) {
		struct host_cpu *c = &host.cpus[__builtin_ctzll(mask)];

		raise_locked(c, &c->ipi);
	}
	pthread_mutex_unlock(&host.lock);
}

void
arch_timer_set(ns_t when)
{
	pthread_mutex_lock(&host.lock);
	host.deadline[token_index(host_cpu)] = when;
	pthread_cond_broadcast(&host.changed);
	pthread_mutex_unlock(&host.lock);
}

/* Marks due timers; the earliest deadline left. */
static ns_t
timers_expire_locked(void)
{
	ns_t now = arch_time(), next = NS_NEVER;

	for (unsigned i = 0; i < CPU_MAX; i++) {
		if (host.deadline[i] <= now) {
			host.deadline[i] = NS_NEVER;
			raise_locked(&host.cpus[i], &host.cpus[i].due);
		}
		next = MIN(next, host.deadline[i]);
	}
	return next;
}

static void *
timer_main(void *arg)
{
	pthread_mutex_lock(&host.lock);
	for (;;) {
		ns_t next = timers_expire_locked();
		struct timespec ts = {
			.tv_sec = (time_t)(next / NS_PER_SEC),
			.tv_nsec = (long)(next % NS_PER_SEC),
		};

		if (next == NS_NEVER)
			pthread_cond_wait(&host.changed, &host.lock);
		else
			pthread_cond_timedwait(
			    &host.changed, &host.lock, &ts);
	}
	return arg;
}

void
arch_wait(void)
{
	pthread_mutex_lock(&host.lock);
	while (!atomic_load(&host_cpu->pending))
		pthread_cond_wait(&host.changed, &host.lock);
	pthread_mutex_unlock(&host.lock);
}

/* ---- threads ----------------------------------------------------------- */

static void
adopt_token(struct host_thread *h)
{
	while (sem_wait(&h->go) != 0 && errno == EINTR)
		;
	if (h->ends) {
		sem_destroy(&h->go);
		free(h);
		pthread_exit(NULL);
	}
	host_cpu = h->cpu;
	host_current = h->head;
}

static void *
thread_main(void *arg)
{
	struct host_thread *h = arg;

	adopt_token(h);
	h->entry(h->arg);
	abort(); /* entry never returns */
}

static struct host_thread *
host_thread_create(void)
{
	struct host_thread *h = calloc(1, sizeof(*h));

	if (h == NULL || sem_init(&h->go, 0, 0) != 0)
		abort();
	return h;
}

static void
thread_launch(struct host_thread *h)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, MIB(1));
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&h->id, &attr, thread_main, h) != 0)
		abort();
	pthread_attr_destroy(&attr);
}

void
arch_context_init(struct arch_context *c, vaddr_t stack_top UNUSED,
    void (*entry)(void *), void *arg)
{
	c->host = host_thread_create();
	c->host->entry = entry;
	c->host->arg = arg;
	thread_launch(c->host);
}

struct thread_head *
arch_switch(struct thread_head *prev, struct arch_context *prev_ctx,
    struct thread_head *next, struct arch_context *next_ctx)
{
	struct host_thread *me;

	if (prev_ctx->host == NULL) /* a CPU's first thread */
		prev_ctx->host = host_thread_create();
	me = prev_ctx->host;
	me->head = prev;
	next_ctx->host->cpu = host_cpu;
	next_ctx->host->head = next;
	next_ctx->host->from = prev;
	sem_post(&next_ctx->host->go);
	adopt_token(me);
	return me->from;
}

void
arch_context_free(struct arch_context *c)
{
	struct host_thread *h = c->host;

	if (h == NULL)
		return;
	c->host = NULL;
	h->ends = true;
	sem_post(&h->go); /* the pthread frees its record and ends */
}

/* ---- CPUs -------------------------------------------------------------- */

struct cpu_launch {
	struct thread_head *head;
	struct host_cpu *cpu;
};

static void *
cpu_thread(void *arg)
{
	struct cpu_launch *l = arg;

	host_current = l->head;
	host_cpu = l->cpu;
	free(l);
	cpu_main();
}

enum err
arch_cpu_start(
    unsigned cpu, struct thread_head *head, vaddr_t stack_top UNUSED)
{
	struct cpu_launch *l = malloc(sizeof(*l));
	pthread_t id;

	if (l == NULL)
		return ERR_NOMEM;
	*l = (struct cpu_launch){ head, &host.cpus[cpu] };
	if (pthread_create(&id, NULL, cpu_thread, l) != 0) {
		free(l);
		return ERR_NOMEM;
	}
	pthread_detach(id);
	return OK;
}

/* The calling pthread becomes CPU 0. */
void host_cpu_first(struct thread_head *head);

void
host_cpu_first(struct thread_head *head)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&host.changed, &attr);
	for (unsigned i = 0; i < CPU_MAX; i++)
		host.deadline[i] = NS_NEVER;
	host_current = head;
	host_cpu = &host.cpus[0];
	if (pthread_create(&host.timer, NULL, timer_main, NULL) != 0)
		abort();
}

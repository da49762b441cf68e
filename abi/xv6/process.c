/*
 * Calls about processes, memory and time.
 * Source: the xv6 book, chapters 1 and 3; docs/abi-xv6.md.
 */
#include "xv6.h"

#include <kernel/time.h>

/*
 * Children of one process that were not waited for. The original has 64
 * processes in all and its tests fork 1000 times to see the -1.
 */
#define CHILDREN_MAX 512u

static uintptr_t
children(const struct task *t)
{
	return (uintptr_t)t->abi_data;
}

static void
children_set(struct task *t, uintptr_t n)
{
	t->abi_data = (void *)n; /* a count, see abi.c */
}

enum err
xv6_fork(struct thread *t, const struct sysargs *a, long *ret)
{
	const struct fork_request req = { .exit_signal = SIG_CHLD };
	struct thread *child;
	enum err e;

	(void)a;
	if (children(t->task) >= CHILDREN_MAX)
		return ERR_AGAIN;
	e = task_fork(&req, &child);
	if (e != OK)
		return e;
	children_set(t->task, children(t->task) + 1);
	*ret = child->task->pid;
	obj_unref(&child->obj);
	return OK;
}

/* The status keeps 24 bits: more than the 8 of others, with its sign. */
enum err
xv6_exit(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	(void)ret;
	task_exit((int)((uint32_t)a->v[0] << 8));
}

/* From the wait encoding; who died of a signal was killed: -1. */
static int32_t
exit_code(int status)
{
	return (status & 0x7f) != 0 ? -1 : status >> 8;
}

enum err
xv6_wait(struct thread *t, const struct sysargs *a, long *ret)
{
	const struct wait_request req = { .pid = -1, .flags = WAITF_EXITED };
	struct wait_result res = { 0 };
	uintptr_t where = a->v[0];
	int32_t code;
	enum err e = OK;

	/* First, so that a bad address leaves the child waitable. */
	if (where != 0)
		e = user_fault_in(where, sizeof(code), PROT_WRITE);
	if (e == OK)
		e = task_wait(&req, &res);
	if (e != OK)
		return e;
	if (children(t->task) > 0)
		children_set(t->task, children(t->task) - 1);
	code = exit_code(res.status);
	if (where != 0)
		e = user_copy_out(where, &code, sizeof(code));
	*ret = res.pid;
	return e;
}

enum err
xv6_kill(struct thread *t, const struct sysargs *a, long *ret)
{
	const struct sig_info info = {
		.number = SIG_KILL,
		.code = SIGC_USER,
		.pid = t->task->pid,
	};
	int pid = (int)a->v[0];
	struct task *target;
	enum err e;

	if (pid <= 0)
		return ERR_NOTASK;
	e = task_find(pid, &target);
	if (e != OK)
		return e;
	e = signal_may(target, SIG_KILL) ? signal_send(target, &info) :
	    ERR_PERM;
	task_unref(target);
	*ret = 0;
	return e;
}

/* The array ends within 32 words; checked here, as others have no limit. */
static enum err
check_args(uintptr_t argv)
{
	uint64_t word = 1;

	for (unsigned i = 0; word != 0; i++) {
		enum err e;

		if (i == XV6_ARGS_MAX)
			return ERR_TOOBIG;
		e = user_copy_in(&word, argv + i * sizeof(word),
		    sizeof(word));
		if (e != OK)
			return e;
	}
	return OK;
}

enum err
xv6_exec(struct thread *t, const struct sysargs *a, long *ret)
{
	struct xv6_path path;
	struct exec_request req = {
		.path = path.text,
		.user_argv = a->v[1],
	};
	enum err e = xv6_path_in(a->v[0], &path);

	(void)t;
	(void)ret;
	if (e == OK)
		e = check_args(a->v[1]);
	if (e == OK)
		e = exec_replace(&req);
	return e;
}

enum err
xv6_getpid(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)a;
	*ret = t->task->pid;
	return OK;
}

/* ---- memory ------------------------------------------------------------ */

/* The original's highest page below the two it needs itself. */
#define BREAK_MAX ((UINT64_C(1) << 38) - 2 * PAGE_SIZE)

/* Some of it is left to others. */
static bool
has_memory(size_t len)
{
	struct page_stats st;
	uint64_t reserve;

	page_stats(&st);
	reserve = st.total / 32;
	return st.free > reserve && len / PAGE_SIZE < st.free - reserve;
}

static enum err
grow(struct space *s, uint64_t n, bool is_lazy)
{
	vaddr_t want = s->brk + n, now;
	enum err e;

	if (want > BREAK_MAX || (!is_lazy && !has_memory(n)))
		return ERR_NOMEM;
	e = space_brk(s, want, &now);
	if (e == OK && now != want)
		return ERR_NOMEM;
	/* Programs ask until they are refused, and want all that they got. */
	if (e == OK && !is_lazy)
		e = user_fault_in(want - n, n, PROT_WRITE);
	if (e != OK)
		err_ignore(space_brk(s, want - n, &now));
	return e;
}

/* A program may give back its stack, its data, and all of itself. */
static enum err
shrink_below_heap(struct space *s, vaddr_t want)
{
	vaddr_t start = s->brk_start, now;
	vaddr_t from = ALIGN_UP(want, PAGE_SIZE);
	vaddr_t to = ALIGN_UP(start, PAGE_SIZE);
	enum err e = space_brk(s, start, &now);

	if (e == OK && from < to)
		e = space_unmap(s, from, to - from);
	if (e != OK)
		return e;
	rw_write_lock(&s->lock);
	s->brk_start = s->brk = want;
	rw_write_unlock(&s->lock);
	return OK;
}

/*
 * Only this thread changes the break (xv6 has no threads), so it is read
 * without the lock. Shrinking by more than there is changes nothing, as in
 * the original.
 */
enum err
xv6_sbrk(struct thread *t, const struct sysargs *a, long *ret)
{
	struct space *s = t->task->space;
	int64_t n = (int32_t)a->v[0];
	vaddr_t old = s->brk, now;
	enum err e = OK;

	if (n > 0)
		e = grow(s, (uint64_t)n, (int)a->v[1] == XV6_SBRK_LAZY);
	else if (n < 0 && (uint64_t)-n <= old) {
		vaddr_t want = old - (uint64_t)-n;

		if (want < s->brk_start)
			e = shrink_below_heap(s, want);
		else
			e = space_brk(s, want, &now);
	}
	*ret = (long)old;
	return e;
}

/* ---- time -------------------------------------------------------------- */

#define TICK_NS (XV6_TICK_MS * NS_PER_MS)

static enum err
sleep_until_tick(ns_t deadline)
{
	struct waitq q;
	enum err e;

	waitq_init(&q);
	e = wait_until_deadline(&q, false, WAIT_SIGNALS, deadline);
	return e == ERR_TIMEDOUT ? OK : e;
}

static enum err
sleep_again(struct thread *t, long *ret)
{
	enum err e = sleep_until_tick(t->restart_args[0]);

	*ret = 0;
	return e == ERR_RESTART ? ERR_RESTART_BLOCK : e;
}

/* A stop and a continue do not make the sleep longer. */
enum err
xv6_sleep(struct thread *t, const struct sysargs *a, long *ret)
{
	int ticks = (int)a->v[0];

	*ret = 0;
	if (ticks <= 0)
		return OK;
	t->restart_args[0] = time_now() + (ns_t)ticks * TICK_NS;
	t->restart = sleep_again;
	return sleep_again(t, ret);
}

enum err
xv6_uptime(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	(void)a;
	*ret = (int32_t)(time_now() / TICK_NS);
	return OK;
}

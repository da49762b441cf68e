/*
 * Calls about processes, memory and time.
 * Source: the xv6 book, chapters 1 and 3; docs/abi-xv6.md.
 */
#include "xv6.h"

#include <kernel/time.h>

/*
 * Children of one process that were not waited for, and xv6 processes in all.
 * The original has 64 processes; its programs fork until they are refused,
 * some to see the -1 within 1000 times, some as fast as they can for seconds.
 */
#define CHILDREN_MAX  512u
#define PROCESSES_MAX 2048

static atomic_long processes;

void
xv6_process_begins(void)
{
	atomic_fetch_add(&processes, 1);
}

void
xv6_process_ends(void)
{
	atomic_fetch_sub(&processes, 1);
}

/* The two counts in abi_data: children in the low bits, above them pages of
 * heap that were asked for lazily. Only the task itself changes them. */
#define CHILDREN_BITS 16

static uintptr_t
children(const struct task *t)
{
	return (uintptr_t)t->abi_data & (((uintptr_t)1 << CHILDREN_BITS) - 1);
}

static uint64_t
lazy_pages(const struct task *t)
{
	return (uintptr_t)t->abi_data >> CHILDREN_BITS;
}

static void
counts_set(struct task *t, uintptr_t child_count, uint64_t lazy)
{
	t->abi_data = (void *)(lazy << CHILDREN_BITS | child_count);
}

static void
children_set(struct task *t, uintptr_t n)
{
	counts_set(t, n, lazy_pages(t));
}

void
xv6_counts_fork(struct task *child, const struct task *parent)
{
	counts_set(child, 0, lazy_pages(parent));
}

enum err
xv6_fork(struct thread *t, const struct sysargs *a, long *ret)
{
	const struct fork_request req = { .exit_signal = SIG_CHLD };
	struct thread *child;
	enum err e;

	(void)a;
	if (children(t->task) >= CHILDREN_MAX ||
	    atomic_load(&processes) >= PROCESSES_MAX)
		return ERR_AGAIN;
	e = task_fork(&req, &child);
	if (e != OK)
		return e;
	/* It may have ended already: then the count was less for a moment. */
	xv6_process_begins();
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

/* At most 32 arguments; checked here, as others have no limit. */
static enum err
check_args(uintptr_t argv)
{
	uint64_t word = 1;

	for (unsigned i = 0; word != 0; i++) {
		enum err e;

		if (i > XV6_ARGS_MAX)
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
	if (e != OK)
		return e;
	xv6_path_of_program(&path);
	return exec_replace(&req);
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

/*
 * Pages that one process may have at once by asking for them. A fixed number,
 * so that programs which count what is free, before and after they have tried
 * something, find the same; half of the machine stays for others, and no xv6
 * machine has had more than these 128 MiB times four.
 */
#define HEAP_PAGES_MAX ((UINT64_C(512) << 20) / PAGE_SIZE)

/* Asks for n more pages; some memory is left to others. */
static bool
has_memory(const struct task *t, uint64_t n)
{
	const struct space *s = t->space;
	uint64_t have = (s->brk - s->brk_start) / PAGE_SIZE - lazy_pages(t);
	uint64_t reserve;
	struct page_stats st;

	page_stats(&st);
	reserve = st.total / 32 + n;
	if (have + n > MIN(st.total / 2, HEAP_PAGES_MAX))
		return false;
	if (st.free <= reserve)
		st.free += reclaim_pages(reserve - st.free + 1);
	return st.free > reserve;
}

static enum err
grow(struct task *t, uint64_t n, bool is_lazy)
{
	struct space *s = t->space;
	vaddr_t want = s->brk + n, now;
	enum err e;

	if (want > BREAK_MAX || (!is_lazy && !has_memory(t, n / PAGE_SIZE)))
		return ERR_NOMEM;
	e = space_brk(s, want, &now);
	if (e == OK && now != want)
		return ERR_NOMEM;
	/* Programs ask until they are refused, and want all that they got. */
	if (e == OK && !is_lazy)
		e = user_fault_in(want - n, n, PROT_WRITE);
	if (e != OK)
		err_ignore(space_brk(s, want - n, &now));
	else if (is_lazy)
		counts_set(t, children(t), lazy_pages(t) + n / PAGE_SIZE);
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

/* What was given back counts as eager as long as it can. */
static void
forget_lazy(struct task *t)
{
	uint64_t heap = (t->space->brk - t->space->brk_start) / PAGE_SIZE;

	if (lazy_pages(t) > heap)
		counts_set(t, children(t), heap);
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
		e = grow(t->task, (uint64_t)n,
		    (int)a->v[1] == XV6_SBRK_LAZY);
	else if (n < 0 && (uint64_t)-n <= old) {
		vaddr_t want = old - (uint64_t)-n;

		if (want < s->brk_start)
			e = shrink_below_heap(s, want);
		else
			e = space_brk(s, want, &now);
		forget_lazy(t->task);
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

/*
 * Out of memory with nobody to answer to: a page fault cannot return an
 * error, so the largest task of the container goes.
 *
 * The victim gets a fatal signal and frees its memory when it exits; until
 * then no second one is chosen, so that a slow exit does not empty the
 * container. Its first task (init) is spared while there is another. Nobody is
 * killed for a moment's shortage: when there is memory by now, and no limit of
 * the container was met, the fault is just taken again.
 */
#include <kernel/container.h>
#include <kernel/log.h>
#include <kernel/space.h>
#include <kernel/task.h>

#define SIGNAL_KILL  9
#define OOM_PATIENCE (2 * NS_PER_SEC)
#define ENOUGH       64 /* free pages that a fault comes by with */

static struct {
	struct spinlock lock; /* RANK_SLAB */
	struct container *container; /* [l] of the last victim; compared only */
	ns_t until; /* [l] the victim may take so long */
} oom = { .lock = SPIN_INIT(RANK_SLAB, "oom") };

/* True when this call may choose a victim. */
static bool
oom_turn(struct container *c)
{
	ns_t now = arch_time();
	bool mine;

	spin_lock(&oom.lock);
	mine = oom.container != c || now >= oom.until;
	if (mine) {
		oom.container = c;
		oom.until = now + OOM_PATIENCE;
	}
	spin_unlock(&oom.lock);
	return mine;
}

static long
task_pages(struct task *t)
{
	long pages = -1;

	mutex_lock(&t->lock);
	if (t->space != NULL && !atomic_load(&t->exiting))
		pages = atomic_load(&t->space->resident);
	mutex_unlock(&t->lock);
	return pages;
}

void
oom_kill(struct container *c, bool over_limit)
{
	struct task *t, *victim = NULL;
	struct page_stats st;
	long most = -1;
	int from = 1;

	page_stats(&st);
	if ((!over_limit && st.free >= ENOUGH) || !oom_turn(c))
		return;
	while (task_next(c, from, &t) == OK) {
		long pages = task_pages(t);

		from = t->pid + 1;
		if (pages >= 0 && t == c->init)
			pages = 0;
		if (pages > most) {
			most = pages;
			task_unref(victim);
			victim = t;
		} else {
			task_unref(t);
		}
	}
	if (victim == NULL)
		return;
	klog(LOG_WARN, "out of memory: killing %s (pid %d, %ld pages)",
	    victim->name, victim->pid, most);
	signal_kernel(victim, SIGNAL_KILL);
	task_unref(victim);
}

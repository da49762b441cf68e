/*
 * Out of memory with nobody to answer to: a page fault cannot return an
 * error, so the largest task of the container goes, or the whole process group
 * that most of its tasks are in (a fork bomb).
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

#define BOMB         32 /* tasks of a group that are worse than a large one */
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

/*
 * Most tasks of a container in one process group: no single one is large, and
 * others would take the place of any. Gives the group; 0: it is not so. By
 * votes: a majority outlives being cancelled out by the rest. Groups are read
 * without their lock: who moves meanwhile counts for one of the two.
 */
static int
forking_group(struct container *c)
{
	unsigned votes = 0, all = 0, members = 0;
	int group = 0, from = 1;
	struct task *t;

	for (; task_next(c, from, &t) == OK; task_unref(t)) {
		from = t->pid + 1;
		if (votes == 0)
			group = t->pgid;
		votes += t->pgid == group ? 1 : -1u;
	}
	for (from = 1; task_next(c, from, &t) == OK; task_unref(t)) {
		from = t->pid + 1;
		all++;
		members += t->pgid == group;
	}
	return members >= BOMB && members > all / 2 ? group : 0;
}

void
oom_kill(struct container *c, bool over_limit)
{
	struct task *t, *victim = NULL;
	struct page_stats st;
	long most = -1;
	int group, from = 1;

	page_stats(&st);
	if ((!over_limit && st.free >= ENOUGH) || !oom_turn(c))
		return;
	group = forking_group(c);
	if (group != 0 && group != c->init->pgid) {
		klog(LOG_WARN, "out of memory: killing group %d", group);
		signal_group_in(c, group, SIG_KILL);
		return;
	}
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
	signal_kernel(victim, SIG_KILL);
	task_unref(victim);
}

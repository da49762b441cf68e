/* SPDX-License-Identifier: MIT */
/*
 * The tree of tasks, and the lock around it.
 *
 * What is common (fork, the end of a task without children, wait) touches one
 * list of children and one group. What is rare (children that lose their
 * parent, setsid, setpgid, a signal to a group, terminals, orphaned groups)
 * looks at several tasks at once and wants all of it to stand still. So the
 * lock has two sides:
 *
 * shared	holders exclude each other by finer locks: children_lock of the
 *		parent covers its list and, of each child on it, sibling,
 *		reports and zombie; the group's lock covers its members.
 *		What else [T] marks stands still, but for what a task changes of
 *		itself at its end: see group_leave().
 * exclusive	alone; takes no finer lock.
 *
 * Sharing costs no memory that CPUs share: each has a flag of its own. Whoever
 * wants the lock alone raises writing and waits for all flags to fall:
 *	S: my flag := 1; looks at writing	W: writing := 1; looks at flags
 * Both are sequentially consistent, so one of them sees the other. S gives way
 * then, so one who wants it alone waits for one short section of each CPU.
 *
 * Neither side may be taken inside the other, nor inside itself: interrupts are
 * off, and functions that tell a parent (notify_parent) take it.
 */
#include "internal.h"

static struct spinlock tree_lock = SPIN_INIT(RANK_TASK_TREE, "task tree");
static atomic_bool writing; /* tree_lock to write */

static struct {
	_Alignas(64) atomic_bool shares;
} tree_cpus[CPU_MAX];

NO_LOCK_ANALYSIS unsigned long
tree_share(void)
{
	unsigned long flags = arch_irq_save();
	atomic_bool *mine = &tree_cpus[cpu_id()].shares;

	preempt_disable();
	lockcheck_take(&tree_lock, LOCK_RANK(&tree_lock),
	    LOCK_NAME(&tree_lock), false);
	for (;;) {
		atomic_store_explicit(mine, true, memory_order_seq_cst);
		if (LIKELY(!atomic_load_explicit(
		    &writing, memory_order_seq_cst)))
			return flags;
		atomic_store_explicit(mine, false, memory_order_release);
		while (atomic_load_explicit(&writing, memory_order_relaxed))
			arch_pause();
	}
}

NO_LOCK_ANALYSIS void
tree_unshare(unsigned long flags)
{
	lockcheck_drop(&tree_lock);
	atomic_store_explicit(
	    &tree_cpus[cpu_id()].shares, false, memory_order_release);
	arch_irq_restore(flags);
	preempt_enable();
}

NO_LOCK_ANALYSIS unsigned long
tree_lock_alone(void)
{
	unsigned long flags = spin_lock_irq(&tree_lock);

	atomic_store_explicit(&writing, true, memory_order_seq_cst);
	for (unsigned i = 0; i < CPU_MAX; i++) {
		while (atomic_load_explicit(
		    &tree_cpus[i].shares, memory_order_seq_cst))
			arch_pause();
	}
	return flags;
}

NO_LOCK_ANALYSIS void
tree_unlock_alone(unsigned long flags)
{
	atomic_store_explicit(&writing, false, memory_order_release);
	spin_unlock_irq(&tree_lock, flags);
}

void
task_link_child(struct task *parent, struct task *child)
{
	unsigned long flags;

	rcu_store(&child->parent, task_ref(parent));
	task_ref(child); /* the tree's */
	flags = spin_lock_irq(&parent->children_lock);
	list_add_tail(&parent->children, &child->sibling);
	spin_unlock_irq(&parent->children_lock, flags);
	atomic_store_explicit(&child->id->task, child, memory_order_release);
}

void
task_child_reports(struct task *child)
{
	child->reports = true;
	list_del(&child->sibling);
	list_add(&child->parent->children, &child->sibling);
}

void
task_unlink_child(struct task *child)
{
	list_del(&child->sibling);
	atomic_store(&child->id->task, NULL);
}

bool
task_has_children(struct task *t)
{
	unsigned long flags = spin_lock_irq(&t->children_lock);
	bool has = !list_empty(&t->children);

	spin_unlock_irq(&t->children_lock, flags);
	return has;
}

static void
drop_tree_ref(struct rcu_head *h)
{
	task_unref(container_of(h, struct task, rcu));
}

/* The id is free for others as soon as nobody else bears it. */
void
task_forget(struct task *child)
{
	container_uncharge(child->container, LIMIT_TASKS, 1);
	owner_sub(child->owner, 1);
	kstack_trim();
	rcu_call(&child->rcu, drop_tree_ref);
}

int
task_parent_pid(const struct task *t)
{
	const struct task *parent;
	int pid;

	rcu_read_lock();
	parent = rcu_load(&t->parent);
	pid = parent != NULL && parent->container == t->container ?
	    parent->pid : 0;
	rcu_read_unlock();
	return pid;
}

/* SPDX-License-Identifier: MIT */
/*
 * Console keys that talk to the kernel.
 *
 * A key arrives in an interrupt. What only reads a few words is answered
 * there, so that it works when no thread runs any more; the list of tasks
 * takes references, so it waits for the thread of RCU.
 */
#include <kernel/arch.h>
#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/panic.h>
#include <kernel/task.h>
#include <kernel/tty.h>

static void
show_memory(void)
{
	struct page_stats p;

	page_stats(&p);
	klog(LOG_INFO, "sysrq: %lu KiB: %lu free, %lu cached, %lu slab, "
	    "%lu tables, %lu reserved", (unsigned long)p.total * 4,
	    (unsigned long)p.free * 4, (unsigned long)p.cached * 4,
	    (unsigned long)p.slab * 4, (unsigned long)p.tables * 4,
	    (unsigned long)p.reserved * 4);
}

static const char *
state_name(enum thread_state s)
{
	static const char *const names[] = { "new", "ready", "running",
		"sleeping", "stopped", "dead" };

	return (unsigned)s < ARRAY_LEN(names) ? names[s] : "?";
}

static struct rcu_head deferred;
static atomic_flag deferring = ATOMIC_FLAG_INIT;

static const char *
task_state(struct task *t)
{
	struct thread *leader = task_leader_get(t);
	const char *name = "dead";

	if (leader != NULL)
		name = state_name(atomic_load(&leader->state));
	if (leader != NULL)
		obj_unref(&leader->obj);
	return t->zombie ? "zombie" : name;
}

static void
show_tasks(struct rcu_head *h UNUSED)
{
	struct task *t = NULL;

	for (int pid = 1; task_next(container_root, pid, &t) == OK;) {
		klog(LOG_INFO, "sysrq: %5d %-15s %-8s %u threads, group %d",
		    t->pid, t->name, task_state(t),
		    atomic_load(&t->thread_count), t->pgid);
		pid = t->pid + 1;
		task_unref(t);
	}
	atomic_flag_clear(&deferring);
}

static void
show_help(void)
{
	klog(LOG_ERROR, "sysrq: b reboot, c crash, o power off, t tasks, "
	    "m memory, l backtrace, 0-3 console level, h help");
}

void
tty_sysrq(char key)
{
	switch (key) {
	case 'b':
		arch_reset();
	case 'o':
		arch_poweroff(0);
	case 't':
		if (!atomic_flag_test_and_set(&deferring))
			rcu_call(&deferred, show_tasks);
		break;
	case 'c':
		(void)crash_by_name("null", 4);
		break;
	case 'm':
		show_memory();
		break;
	case 'l':
		log_raw("sysrq: cpu %u\n", cpu_id());
		backtrace_print();
		break;
	case '0':
	case '1':
	case '2':
	case '3':
		log_set_console_level((enum log_level)(key - '0'));
		klog(LOG_ERROR, "sysrq: console level %c", key);
		break;
	default:
		show_help();
		break;
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Kernel objects: life and death, and the counts of live ones.
 *
 * The counts are kept per CPU and summed when somebody asks. An object may
 * die on another CPU than it was born on, so only the sum means something.
 */
#include <kernel/log.h>
#include <kernel/obj.h>
#include <lib/bits.h>

static struct {
	atomic_long kind[OBJ_KINDS];
} ALIGNED(64) live[CPU_MAX];

static void
count(enum obj_kind kind, long n)
{
	/* On whichever CPU: a move between is harmless. */
	atomic_fetch_add_explicit(
	    &live[cpu_id()].kind[ctz64(kind)], n, memory_order_relaxed);
}

void
obj_init(struct obj *o, const struct obj_ops *ops, enum obj_kind kind)
{
	o->ops = ops;
	o->kind = kind;
	ref_init(&o->refs, 1);
	count(kind, 1);
}

void
obj_unref(struct obj *o)
{
	if (o != NULL && ref_dec(&o->refs))
		o->ops->destroy(o);
}

void
obj_gone(struct obj *o)
{
	DASSERT(atomic_load(&o->refs.count) == 0);
	count(o->kind, -1);
}

unsigned long
obj_live(unsigned kind_index)
{
	long sum = 0;

	for (unsigned i = 0; i < CPU_MAX; i++)
		sum += atomic_load_explicit(
		    &live[i].kind[kind_index], memory_order_relaxed);
	return sum < 0 ? 0 : (unsigned long)sum;
}

const char *
obj_kind_name(unsigned kind_index)
{
	static const char *const names[OBJ_KINDS] = {
		"file", "dir", "pipe", "socket", "event", "timer", "waitset",
		"signalfd", "channel", "taskfd", "path", "misc", "", "", "",
		"", "task", "thread", "space", "memory", "container",
		"namespace", "device"
	};

	return kind_index < OBJ_KINDS ? names[kind_index] : "";
}

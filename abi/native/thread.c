/*
 * Threads: native/task.h.
 */
#include "native.h"

#include <uapi/native/task.h>

enum err
nt_thread_create(struct thread *, const struct sysargs *a, long *ret)
{
	struct cm_thread in;
	struct fork_request req = {
		.flags = FORK_SPACE | FORK_HANDLES | FORK_FS | FORK_ACTIONS |
		    FORK_THREAD | FORK_TLS,
		.hold = true,
	};
	struct thread *child = NULL;
	struct arch_frame *f;
	enum err e = user_copy_in(&in, a->v[0], sizeof(in));

	if (e != OK)
		return e;
	if (in.reserved[0] != 0 || in.reserved[1] != 0 ||
	    !IS_ALIGNED((uintptr_t)in.stack_top, (uintptr_t)16))
		return ERR_INVAL;
	req.stack = (uintptr_t)in.stack_top;
	req.tls = (uintptr_t)in.tls;
	if (in.id != NULL) {
		req.flags |= FORK_PARENT_TID;
		req.parent_tid = (uintptr_t)in.id;
	}
	if (in.done != NULL) {
		req.flags |= FORK_CLEAR_TID;
		req.child_tid = (uintptr_t)in.done;
	}
	e = task_fork(&req, &child);
	if (e != OK)
		return e;
	f = thread_frame(child);
	arch_frame_set_pc(f, (uintptr_t)in.entry);
	arch_frame_set_ra(f, 0);
	arch_frame_args(f, (uintptr_t)in.arg, 0, 0);
	*ret = child->tid;
	sched_start(child);
	obj_unref(&child->obj);
	return OK;
}

enum err
nt_thread_exit(struct thread *, const struct sysargs *a, long *)
{
	thread_exit((int)(a->v[0] & 0xff) << 8);
}

enum err
nt_thread_yield(struct thread *, const struct sysargs *, long *)
{
	sched_yield();
	return OK;
}

enum err
nt_thread_tls(struct thread *t, const struct sysargs *a, long *)
{
	arch_frame_set_tls(thread_frame(t), a->v[0]);
	return OK;
}

enum err
nt_thread_affinity(struct thread *t, const struct sysargs *a, long *)
{
	int id = (int)a->v[0];
	struct thread *target = NULL;
	uint64_t set = 0;
	enum err e = OK;

	if (a->v[1] != 0)
		e = user_copy_in(&set, a->v[1], sizeof(set));
	if (e == OK && id != 0)
		e = thread_find(id, &target);
	if (e != OK)
		return e;
	if (id == 0) {
		target = t;
		obj_ref(&t->obj);
	}
	e = nt_out(a->v[2], &target->se.affinity, sizeof(uint64_t));
	if (e == OK && a->v[1] != 0) {
		if (target->task != t->task && !capable(CAP_SYS_NICE))
			e = ERR_PERM;
		else
			e = sched_set_affinity(target, set);
	}
	obj_unref(&target->obj);
	return e;
}

enum err
nt_task_set_name(struct thread *t, const struct sysargs *a, long *)
{
	char name[TASK_NAME_MAX] = { 0 };
	size_t len;
	enum err e = user_string_in(name, a->v[0], sizeof(name), &len);

	/* Longer names are cut. */
	if (e != OK && e != ERR_NAMETOOLONG)
		return e;
	name[sizeof(name) - 1] = '\0';
	memcpy(t->name, name, sizeof(name));
	if (t == t->task->leader) {
		mutex_lock(&t->task->lock);
		memcpy(t->task->name, name, sizeof(name));
		mutex_unlock(&t->task->lock);
	}
	return OK;
}

/*
 * Identity, limits, priority and use of tasks: native/task.h.
 */
#include "native.h"

#include <uapi/native/task.h>

/* ---- identity ----------------------------------------------------------- */

enum err
nt_task_get_identity(struct thread *t, const struct sysargs *a, long *)
{
	struct creds *c = creds_get(t->task);
	struct cm_identity id = {
		.uid = c->uid, .euid = c->euid, .suid = c->suid,
		.gid = c->gid, .egid = c->egid, .sgid = c->sgid,
		.group_count = MIN(c->group_count, CM_GROUPS_MAX),
	};

	memcpy(id.groups, c->groups, id.group_count * sizeof(id.groups[0]));
	creds_put(c);
	return user_copy_out(a->v[0], &id, sizeof(id));
}

/* Without privilege an id may only become one of the three held. */
static bool
id_allowed(uint32_t want, const uint32_t held[3], unsigned cap)
{
	return want == held[0] || want == held[1] || want == held[2] ||
	    capable(cap);
}

static enum err
identity_check(const struct creds *c, const struct cm_identity *id,
    uint32_t mask)
{
	const uint32_t uids[] = { c->uid, c->euid, c->suid };
	const uint32_t gids[] = { c->gid, c->egid, c->sgid };
	const uint32_t want_u[] = { id->uid, id->euid, id->suid };
	const uint32_t want_g[] = { id->gid, id->egid, id->sgid };

	for (unsigned i = 0; i < 3; i++) {
		if ((mask & (CM_IDENTITY_UID << i)) &&
		    !id_allowed(want_u[i], uids, CAP_SETUID))
			return ERR_PERM;
		if ((mask & (CM_IDENTITY_GID << i)) &&
		    !id_allowed(want_g[i], gids, CAP_SETGID))
			return ERR_PERM;
	}
	if ((mask & CM_IDENTITY_GROUPS) && !capable(CAP_SETGID))
		return ERR_PERM;
	return OK;
}

/* creds.groups is sorted for the permission check's search. */
static void
groups_set(struct creds *c, const uint32_t *groups, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned at = i;

		for (; at > 0 && c->groups[at - 1] > groups[i]; at--)
			c->groups[at] = c->groups[at - 1];
		c->groups[at] = groups[i];
	}
}

static void
identity_apply(struct creds *c, const struct cm_identity *id, uint32_t mask)
{
	bool was_root = c->uid == 0 || c->euid == 0 || c->suid == 0;

	if (mask & CM_IDENTITY_UID)
		c->uid = id->uid;
	if (mask & CM_IDENTITY_EUID)
		c->euid = c->fsuid = id->euid;
	if (mask & CM_IDENTITY_SUID)
		c->suid = id->suid;
	if (mask & CM_IDENTITY_GID)
		c->gid = id->gid;
	if (mask & CM_IDENTITY_EGID)
		c->egid = c->fsgid = id->egid;
	if (mask & CM_IDENTITY_SGID)
		c->sgid = id->sgid;
	/* Capabilities follow the user ids: gone with the last 0, effective
	 * while the effective id is 0. */
	if (was_root && c->uid != 0 && c->euid != 0 && c->suid != 0)
		c->cap_permitted = c->cap_ambient = 0;
	if (mask & CM_IDENTITY_EUID)
		c->cap_effective = c->euid == 0 ? c->cap_permitted : 0;
}

enum err
nt_task_set_identity(struct thread *t, const struct sysargs *a, long *)
{
	uint32_t mask = (uint32_t)a->v[1];
	struct cm_identity id;
	struct creds *old, *c = NULL;
	unsigned count;
	enum err e = user_copy_in(&id, a->v[0], sizeof(id));

	if (e != OK)
		return e;
	if ((mask & ~0x7fu) || ((mask & CM_IDENTITY_GROUPS) &&
	    id.group_count > CM_GROUPS_MAX))
		return ERR_INVAL;
	old = creds_get(t->task);
	e = identity_check(old, &id, mask);
	if (e != OK)
		goto out;
	count = mask & CM_IDENTITY_GROUPS ? id.group_count : old->group_count;
	c = creds_alloc(count);
	if (c == NULL) {
		e = ERR_NOMEM;
		goto out;
	}
	/* Everything between the count of references and that of groups. */
	memcpy(&c->uid, &old->uid, offsetof(struct creds, group_count) -
	    offsetof(struct creds, uid));
	groups_set(c, mask & CM_IDENTITY_GROUPS ? id.groups : old->groups,
	    count);
	identity_apply(c, &id, mask);
	e = creds_replace(t->task, c);
out:
	creds_put(old);
	return e;
}

/* ---- limits ------------------------------------------------------------- */

enum err
nt_task_limit(struct thread *t, const struct sysargs *a, long *)
{
	static const enum rlimit_kind kinds[] = {
		[CM_LIMIT_CPU] = RLIM_CPU,
		[CM_LIMIT_FILE_SIZE] = RLIM_FSIZE,
		[CM_LIMIT_DATA] = RLIM_DATA,
		[CM_LIMIT_STACK] = RLIM_STACK,
		[CM_LIMIT_CORE] = RLIM_CORE,
		[CM_LIMIT_RESIDENT] = RLIM_RSS,
		[CM_LIMIT_TASKS] = RLIM_NPROC,
		[CM_LIMIT_HANDLES] = RLIM_NOFILE,
		[CM_LIMIT_LOCKED] = RLIM_MEMLOCK,
		[CM_LIMIT_SPACE] = RLIM_AS,
	};
	struct cm_limit set, old;
	struct rlimit_pair was, want;
	enum err e = OK;

	if (a->v[0] >= ARRAY_LEN(kinds))
		return ERR_INVAL;
	if (a->v[1] != 0)
		e = user_copy_in(&set, a->v[1], sizeof(set));
	if (e != OK)
		return e;
	if (a->v[1] != 0)
		want = (struct rlimit_pair){ set.soft, set.hard };
	e = task_rlimit(t->task, kinds[a->v[0]],
	    a->v[1] != 0 ? &want : NULL, &was);
	if (e != OK)
		return e;
	old = (struct cm_limit){ was.soft, was.hard };
	return nt_out(a->v[2], &old, sizeof(old));
}

/* ---- priority ----------------------------------------------------------- */

static void
priority_encode(const struct sched_entity *se, struct cm_priority *out)
{
	static const uint32_t classes[] = {
		[SCHED_FAIR] = CM_SCHED_FAIR,
		[SCHED_FIFO] = CM_SCHED_FIFO,
		[SCHED_RR] = CM_SCHED_ROUND_ROBIN,
		[SCHED_IDLE] = CM_SCHED_IDLE,
	};

	*out = (struct cm_priority){
		.sched_class = classes[se->class],
		.nice = se->nice,
		.priority = se->priority,
	};
}

static enum err
priority_apply(struct thread *target, const struct cm_priority *p)
{
	static const enum sched_class classes[] = {
		[CM_SCHED_FAIR] = SCHED_FAIR,
		[CM_SCHED_FIFO] = SCHED_FIFO,
		[CM_SCHED_ROUND_ROBIN] = SCHED_RR,
		[CM_SCHED_IDLE] = SCHED_IDLE,
	};
	bool real_time = p->sched_class == CM_SCHED_FIFO ||
	    p->sched_class == CM_SCHED_ROUND_ROBIN;
	enum err e;

	if (p->sched_class >= ARRAY_LEN(classes) || p->nice < -20 ||
	    p->nice > 19 || p->reserved != 0 ||
	    (real_time && (p->priority < 1 || p->priority > 99)))
		return ERR_INVAL;
	if ((real_time || p->nice < target->se.nice ||
	    target->task != task_current()) && !capable(CAP_SYS_NICE))
		return ERR_PERM;
	e = sched_set_class(target, classes[p->sched_class],
	    real_time ? p->priority : 0);
	return e == OK ? sched_set_nice(target, p->nice) : e;
}

enum err
nt_task_priority(struct thread *t, const struct sysargs *a, long *)
{
	int id = (int)a->v[0];
	struct cm_priority set, old;
	struct thread *target = NULL;
	enum err e = OK;

	if (a->v[1] != 0)
		e = user_copy_in(&set, a->v[1], sizeof(set));
	if (e == OK)
		e = thread_find(id != 0 ? id : t->tid, &target);
	if (e != OK)
		return e;
	priority_encode(&target->se, &old);
	if (a->v[1] != 0)
		e = priority_apply(target, &set);
	obj_unref(&target->obj);
	return e == OK ? nt_out(a->v[2], &old, sizeof(old)) : e;
}

/* ---- use ---------------------------------------------------------------- */

enum err
nt_task_usage(struct thread *t, const struct sysargs *a, long *)
{
	struct task *task = t->task;
	struct cm_usage u = { 0 };

	switch ((int)a->v[0]) {
	case 0:
		task_times(task, &u.user_ns, &u.system_ns);
		u.resident_bytes =
		    (uint64_t)atomic_load(&task->space->resident) * PAGE_SIZE;
		u.minor_faults = atomic_load(&task->faults_minor);
		u.major_faults = atomic_load(&task->faults_major);
		break;
	case -1:
		u.user_ns = atomic_load(&task->child_utime);
		u.system_ns = atomic_load(&task->child_stime);
		break;
	case 1:
		sched_times(t, &u.user_ns, &u.system_ns);
		break;
	default:
		return ERR_INVAL;
	}
	if ((int)a->v[0] >= 0) {
		u.voluntary_switches = t->se.switches_voluntary;
		u.involuntary_switches = t->se.switches_forced;
	}
	return user_copy_out(a->v[1], &u, sizeof(u));
}

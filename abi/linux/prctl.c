/*
 * Properties of a process: prctl, limits, usage, personality.
 * Source: man-pages 6.05 prctl(2), getrlimit(2), getrusage(2),
 * personality(2).
 */
#include "call.h"

#include <kernel/mm.h>

enum {
	PR_SET_PDEATHSIG = 1, PR_GET_PDEATHSIG = 2, PR_GET_DUMPABLE = 3,
	PR_SET_DUMPABLE = 4, PR_GET_KEEPCAPS = 7, PR_SET_KEEPCAPS = 8,
	PR_SET_NAME = 15, PR_GET_NAME = 16, PR_CAPBSET_READ = 23,
	PR_CAPBSET_DROP = 24, PR_GET_SECUREBITS = 27, PR_SET_SECUREBITS = 28,
	PR_SET_TIMERSLACK = 29, PR_GET_TIMERSLACK = 30,
	PR_SET_CHILD_SUBREAPER = 36, PR_GET_CHILD_SUBREAPER = 37,
	PR_SET_NO_NEW_PRIVS = 38, PR_GET_NO_NEW_PRIVS = 39,
	PR_GET_TID_ADDRESS = 40, PR_CAP_AMBIENT = 47,
};
#define CAP_LAST 40
#define SECBIT_KEEP_CAPS (1u << 4)

static enum err
prctl_name(struct thread *t, int op, uintptr_t user)
{
	char name[TASK_NAME_MAX] = "";
	size_t len;
	enum err e;

	if (op == PR_GET_NAME) {
		strlcpy(name, t->name, sizeof(name));
		return user_copy_out(user, name, sizeof(name));
	}
	e = user_string_in(name, user, sizeof(name), &len);
	if (e == ERR_NAMETOOLONG)
		e = user_copy_in(name, user, sizeof(name) - 1);
	if (e != OK)
		return e;
	name[sizeof(name) - 1] = '\0';
	strlcpy(t->name, name, sizeof(t->name));
	if (t == t->task->leader) {
		mutex_lock(&t->task->lock);
		strlcpy(t->task->name, name, sizeof(t->task->name));
		mutex_unlock(&t->task->lock);
	}
	return OK;
}

/* One change of credentials; change answers whether it is allowed. */
static enum err
creds_edit(struct thread *t,
    enum err (*change)(struct creds *c, uintptr_t arg), uintptr_t arg)
{
	struct creds *now = creds_get(t->task);
	struct creds *c = creds_alloc(now->group_count);
	enum err e;

	if (c == NULL) {
		creds_put(now);
		return ERR_NOMEM;
	}
	memcpy((uint8_t *)c + sizeof(c->refs), (uint8_t *)now + sizeof(c->refs),
	    sizeof(*c) - sizeof(c->refs) +
	    now->group_count * sizeof(c->groups[0]));
	creds_put(now);
	e = change(c, arg);
	if (e == OK)
		return creds_replace(t->task, c);
	creds_put(c);
	return e;
}

static enum err
drop_bounding(struct creds *c, uintptr_t cap)
{
	if (cap > CAP_LAST)
		return ERR_INVAL;
	if (!capable(CAP_SETPCAP))
		return ERR_PERM;
	c->cap_bounding &= ~(UINT64_C(1) << cap);
	return OK;
}

static enum err
set_securebits(struct creds *c, uintptr_t bits)
{
	if (!capable(CAP_SETPCAP) || (bits & ~0xfful))
		return ERR_PERM;
	c->securebits = (unsigned)bits;
	return OK;
}

static enum err
set_keepcaps(struct creds *c, uintptr_t on)
{
	if (on > 1)
		return ERR_INVAL;
	c->securebits &= ~SECBIT_KEEP_CAPS;
	if (on)
		c->securebits |= SECBIT_KEEP_CAPS;
	return OK;
}

static enum err
ambient_raise(struct creds *c, uintptr_t cap)
{
	uint64_t bit = UINT64_C(1) << cap;

	if ((c->cap_permitted & bit) == 0 || (c->cap_inheritable & bit) == 0)
		return ERR_PERM;
	c->cap_ambient |= bit;
	return OK;
}

static enum err
ambient_lower(struct creds *c, uintptr_t cap)
{
	c->cap_ambient &= ~(UINT64_C(1) << cap);
	return OK;
}

static enum err
ambient_clear(struct creds *c, uintptr_t unused)
{
	(void)unused;
	c->cap_ambient = 0;
	return OK;
}

static enum err
prctl_ambient(struct thread *t, const struct sysargs *a, long *ret)
{
	struct creds *c;

	if (a->v[1] != 4 && a->v[2] > CAP_LAST)
		return ERR_INVAL;
	switch ((int)a->v[1]) {
	case 1: /* is set */
		c = creds_get(t->task);
		*ret = (long)(c->cap_ambient >> a->v[2] & 1);
		creds_put(c);
		return OK;
	case 2:
		return creds_edit(t, ambient_raise, a->v[2]);
	case 3:
		return creds_edit(t, ambient_lower, a->v[2]);
	case 4:
		return creds_edit(t, ambient_clear, 0);
	default:
		return ERR_INVAL;
	}
}

/* What concerns credentials. */
static enum err
prctl_creds(struct thread *t, const struct sysargs *a, long *ret)
{
	struct creds *c = creds_get(t->task);
	unsigned secure = c->securebits;
	uint64_t bounding = c->cap_bounding;

	creds_put(c);
	switch ((int)a->v[0]) {
	case PR_CAPBSET_READ:
		if (a->v[1] > CAP_LAST)
			return ERR_INVAL;
		*ret = (long)(bounding >> a->v[1] & 1);
		return OK;
	case PR_CAPBSET_DROP:
		return creds_edit(t, drop_bounding, a->v[1]);
	case PR_GET_SECUREBITS:
		*ret = (long)secure;
		return OK;
	case PR_SET_SECUREBITS:
		return creds_edit(t, set_securebits, a->v[1]);
	case PR_GET_KEEPCAPS:
		*ret = (secure & SECBIT_KEEP_CAPS) != 0;
		return OK;
	case PR_SET_KEEPCAPS:
		return creds_edit(t, set_keepcaps, a->v[1]);
	case PR_CAP_AMBIENT:
		return prctl_ambient(t, a, ret);
	default:
		return ERR_INVAL;
	}
}

#define TIMER_SLACK_NS 50000

/* long: table */
enum err
lx_prctl(struct thread *t, const struct sysargs *a, long *ret)
{
	struct task *task = t->task;

	*ret = 0;
	switch ((int)a->v[0]) {
	case PR_SET_PDEATHSIG:
		if (a->v[1] > SIG_MAX)
			return ERR_INVAL;
		task->parent_death_signal = (int)a->v[1];
		return OK;
	case PR_GET_PDEATHSIG:
		return user_store32(
		    a->v[1], (uint32_t)task->parent_death_signal);
	case PR_GET_DUMPABLE:
		*ret = task->dumpable;
		return OK;
	case PR_SET_DUMPABLE:
		if (a->v[1] > 1)
			return ERR_INVAL;
		task->dumpable = a->v[1] == 1;
		return OK;
	case PR_SET_NAME:
	case PR_GET_NAME:
		return prctl_name(t, (int)a->v[0], a->v[1]);
	case PR_SET_TIMERSLACK:
		return OK; /* timers here have no slack: nothing to widen */
	case PR_GET_TIMERSLACK:
		*ret = TIMER_SLACK_NS;
		return OK;
	case PR_SET_CHILD_SUBREAPER:
		task->child_subreaper = a->v[1] != 0;
		return OK;
	case PR_GET_CHILD_SUBREAPER:
		return user_store32(a->v[1], task->child_subreaper);
	case PR_SET_NO_NEW_PRIVS:
		if (a->v[1] != 1 || a->v[2] || a->v[3] || a->v[4])
			return ERR_INVAL;
		task->no_new_privs = true;
		return OK;
	case PR_GET_NO_NEW_PRIVS:
		*ret = task->no_new_privs;
		return OK;
	case PR_GET_TID_ADDRESS:
		return user_store64(a->v[1], t->clear_tid);
	default:
		return prctl_creds(t, a, ret);
	}
}

/* ---- limits ----------------------------------------------------------- */

static enum err
limit_change(struct thread *t, struct task *task, unsigned kind,
    const struct lx_rlimit *set, struct lx_rlimit *old)
{
	struct rlimit_pair want, was;
	enum err e;

	if (kind >= RLIM_COUNT)
		return ERR_INVAL;
	if (!lx_may_change(t, task, CAP_SYS_RESOURCE))
		return ERR_PERM;
	if (set != NULL)
		want = (struct rlimit_pair){ set->soft, set->hard };
	e = task_rlimit(task, kind, set != NULL ? &want : NULL, &was);
	*old = (struct lx_rlimit){ was.soft, was.hard };
	return e;
}

enum err
lx_prlimit64(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_rlimit set, old;
	struct task *task;
	enum err e = OK;

	*ret = 0;
	if (a->v[2] != 0)
		e = user_copy_in(&set, a->v[2], sizeof(set));
	if (e == OK)
		e = lx_task(t, a->v[0], &task);
	if (e != OK)
		return e;
	e = limit_change(t, task, (unsigned)a->v[1],
	    a->v[2] != 0 ? &set : NULL, &old);
	task_unref(task);
	if (e == OK && a->v[3] != 0)
		e = user_copy_out(a->v[3], &old, sizeof(old));
	return e;
}

enum err
lx_getrlimit(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_rlimit old;
	enum err e = limit_change(
	    t, t->task, (unsigned)a->v[0], NULL, &old);

	*ret = 0;
	return e == OK ? user_copy_out(a->v[1], &old, sizeof(old)) : e;
}

enum err
lx_setrlimit(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_rlimit set, old;
	enum err e = user_copy_in(&set, a->v[1], sizeof(set));

	*ret = 0;
	return e == OK ?
	    limit_change(t, t->task, (unsigned)a->v[0], &set, &old) : e;
}

/* ---- usage ------------------------------------------------------------ */

enum { RUSAGE_CHILDREN = -1, RUSAGE_SELF = 0, RUSAGE_THREAD = 1 };

enum err
lx_getrusage(struct thread *t, const struct sysargs *a, long *ret)
{
	struct task *task = t->task;
	struct lx_rusage ru;
	ns_t user, system;

	*ret = 0;
	switch ((int)a->v[0]) {
	case RUSAGE_SELF:
		task_times(task, &user, &system);
		break;
	case RUSAGE_THREAD:
		sched_times(t, &user, &system);
		break;
	case RUSAGE_CHILDREN:
		user = atomic_load(&task->child_utime);
		system = atomic_load(&task->child_stime);
		break;
	default:
		return ERR_INVAL;
	}
	lx_rusage_encode(user, system, &ru);
	if ((int)a->v[0] != RUSAGE_CHILDREN) {
		long pages = atomic_load(&task->space->resident);

		ru.max_rss = pages * (long)(PAGE_SIZE / 1024);
		ru.minor_faults = (int64_t)atomic_load(&task->faults_minor);
		ru.major_faults = (int64_t)atomic_load(&task->faults_major);
		ru.switches_voluntary = (int64_t)t->se.switches_voluntary;
		ru.switches_forced = (int64_t)t->se.switches_forced;
	} else {
		ru.minor_faults = (int64_t)atomic_load(&task->child_minor);
		ru.major_faults = (int64_t)atomic_load(&task->child_major);
	}
	return user_copy_out(a->v[1], &ru, sizeof(ru));
}

enum err
lx_personality(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = (long)t->task->personality;
	if ((uint32_t)a->v[0] != UINT32_MAX)
		t->task->personality = (uint32_t)a->v[0];
	return OK;
}

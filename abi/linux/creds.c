/*
 * Who a process is: user and group ids, groups, capabilities.
 *
 * Credentials are replaced as a whole: copy, change, check, publish. What an
 * unprivileged process may do is set each id to one that it has already.
 * Source: man-pages 6.05 credentials(7), setresuid(2), setgroups(2),
 * capabilities(7), capget(2).
 */
#include "call.h"

#define KEEP UINT32_MAX
#define NGROUPS_MAX 65536u
#define SECBIT_NO_SETUID_FIXUP 4u

static const struct creds *
creds_peek(struct thread *t)
{
	return atomic_load_explicit(&t->task->creds, memory_order_consume);
}

/* Only the task itself replaces its credentials: a thread may read them
 * without a count as long as it does not sleep; preemption is off then. */
#define GET_ID(member) \
	do { \
		(void)a; \
		rcu_read_lock(); \
		*ret = (long)creds_peek(t)->member; \
		rcu_read_unlock(); \
		return OK; \
	} while (0)

enum err
lx_getuid(struct thread *t, const struct sysargs *a, long *ret)
{
	GET_ID(uid);
}

enum err
lx_geteuid(struct thread *t, const struct sysargs *a, long *ret)
{
	GET_ID(euid);
}

enum err
lx_getgid(struct thread *t, const struct sysargs *a, long *ret)
{
	GET_ID(gid);
}

enum err
lx_getegid(struct thread *t, const struct sysargs *a, long *ret)
{
	GET_ID(egid);
}

/* A copy to change, with room for the same groups. */
static struct creds *
creds_change(struct thread *t, const struct creds **old)
{
	struct creds *now = creds_get(t->task);
	struct creds *c = creds_alloc(now->group_count);

	if (c == NULL) {
		creds_put(now);
		return NULL;
	}
	memcpy((uint8_t *)c + sizeof(c->refs), (uint8_t *)now + sizeof(c->refs),
	    sizeof(*c) - sizeof(c->refs) +
	    now->group_count * sizeof(c->groups[0]));
	*old = now;
	return c;
}

static enum err
three_out(const struct sysargs *a, uint32_t r, uint32_t e, uint32_t s)
{
	enum err err = user_store32(a->v[0], r);

	if (err == OK)
		err = user_store32(a->v[1], e);
	return err == OK ? user_store32(a->v[2], s) : err;
}

enum err
lx_getresuid(struct thread *t, const struct sysargs *a, long *ret)
{
	struct creds *c = creds_get(t->task);
	enum err e = three_out(a, c->uid, c->euid, c->suid);

	creds_put(c);
	*ret = 0;
	return e;
}

enum err
lx_getresgid(struct thread *t, const struct sysargs *a, long *ret)
{
	struct creds *c = creds_get(t->task);
	enum err e = three_out(a, c->gid, c->egid, c->sgid);

	creds_put(c);
	*ret = 0;
	return e;
}

/* Losing or gaining uid 0 changes capabilities, as capabilities(7) says. */
static void
fix_caps(struct creds *c, const struct creds *old)
{
	bool had_root = old->uid == 0 || old->euid == 0 || old->suid == 0;
	bool has_root = c->uid == 0 || c->euid == 0 || c->suid == 0;

	if (c->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (had_root && !has_root) {
		c->cap_effective = 0;
		if ((c->securebits & (1u << 4)) == 0)
			c->cap_permitted = c->cap_ambient = 0;
	} else if (old->euid == 0 && c->euid != 0) {
		c->cap_effective = 0;
	} else if (old->euid != 0 && c->euid == 0) {
		c->cap_effective = c->cap_permitted;
	}
}

static bool
is_own_uid(const struct creds *c, uint32_t id)
{
	return id == KEEP || id == c->uid || id == c->euid || id == c->suid;
}

static bool
is_own_gid(const struct creds *c, uint32_t id)
{
	return id == KEEP || id == c->gid || id == c->egid || id == c->sgid;
}

/* Three ids to set; KEEP leaves one. */
struct three {
	uint32_t real, effective, saved;
};

static enum err
set_uids(struct thread *t, const struct three *n)
{
	const struct creds *old;
	struct creds *c = creds_change(t, &old);
	enum err e = OK;

	if (c == NULL)
		return ERR_NOMEM;
	if (!capable(CAP_SETUID) && (!is_own_uid(old, n->real) ||
	    !is_own_uid(old, n->effective) || !is_own_uid(old, n->saved)))
		e = ERR_PERM;
	if (n->real != KEEP)
		c->uid = n->real;
	if (n->effective != KEEP)
		c->euid = c->fsuid = n->effective;
	if (n->saved != KEEP)
		c->suid = n->saved;
	fix_caps(c, old);
	creds_put((struct creds *)(uintptr_t)old);
	if (e == OK)
		return creds_replace(t->task, c);
	creds_put(c);
	return e;
}

static enum err
set_gids(struct thread *t, const struct three *n)
{
	const struct creds *old;
	struct creds *c = creds_change(t, &old);
	enum err e = OK;

	if (c == NULL)
		return ERR_NOMEM;
	if (!capable(CAP_SETGID) && (!is_own_gid(old, n->real) ||
	    !is_own_gid(old, n->effective) || !is_own_gid(old, n->saved)))
		e = ERR_PERM;
	if (n->real != KEEP)
		c->gid = n->real;
	if (n->effective != KEEP)
		c->egid = c->fsgid = n->effective;
	if (n->saved != KEEP)
		c->sgid = n->saved;
	creds_put((struct creds *)(uintptr_t)old);
	if (e == OK)
		return creds_replace(t->task, c);
	creds_put(c);
	return e;
}

enum err
lx_setresuid(struct thread *t, const struct sysargs *a, long *ret)
{
	struct three n = {
		(uint32_t)a->v[0], (uint32_t)a->v[1], (uint32_t)a->v[2],
	};

	*ret = 0;
	return set_uids(t, &n);
}

enum err
lx_setresgid(struct thread *t, const struct sysargs *a, long *ret)
{
	struct three n = {
		(uint32_t)a->v[0], (uint32_t)a->v[1], (uint32_t)a->v[2],
	};

	*ret = 0;
	return set_gids(t, &n);
}

/* setreuid sets the saved id too when the real one is set, or the effective
 * one becomes something else than the real one was. */
static uint32_t
saved_after(uint32_t real, uint32_t effective, uint32_t old_real,
    uint32_t old_effective)
{
	if (real != KEEP || (effective != KEEP && effective != old_real))
		return effective != KEEP ? effective : old_effective;
	return KEEP;
}

enum err
lx_setreuid(struct thread *t, const struct sysargs *a, long *ret)
{
	struct three n = { (uint32_t)a->v[0], (uint32_t)a->v[1], KEEP };
	struct creds *c = creds_get(t->task);

	n.saved = saved_after(n.real, n.effective, c->uid, c->euid);
	creds_put(c);
	*ret = 0;
	return set_uids(t, &n);
}

enum err
lx_setregid(struct thread *t, const struct sysargs *a, long *ret)
{
	struct three n = { (uint32_t)a->v[0], (uint32_t)a->v[1], KEEP };
	struct creds *c = creds_get(t->task);

	n.saved = saved_after(n.real, n.effective, c->gid, c->egid);
	creds_put(c);
	*ret = 0;
	return set_gids(t, &n);
}

enum err
lx_setuid(struct thread *t, const struct sysargs *a, long *ret)
{
	uint32_t id = (uint32_t)a->v[0];
	bool all = capable(CAP_SETUID);
	struct three n = { all ? id : KEEP, id, all ? id : KEEP };

	*ret = 0;
	return id == KEEP ? ERR_INVAL : set_uids(t, &n);
}

enum err
lx_setgid(struct thread *t, const struct sysargs *a, long *ret)
{
	uint32_t id = (uint32_t)a->v[0];
	bool all = capable(CAP_SETGID);
	struct three n = { all ? id : KEEP, id, all ? id : KEEP };

	*ret = 0;
	return id == KEEP ? ERR_INVAL : set_gids(t, &n);
}

/* The answer is the old id, whether or not it was changed. */
static enum err
set_fs_id(struct thread *t, uint32_t id, bool is_user, long *ret)
{
	const struct creds *old;
	struct creds *c = creds_change(t, &old);
	bool allowed;

	if (c == NULL)
		return ERR_NOMEM;
	if (is_user) {
		*ret = (long)old->fsuid;
		allowed = capable(CAP_SETUID) || is_own_uid(old, id);
		c->fsuid = id;
	} else {
		*ret = (long)old->fsgid;
		allowed = capable(CAP_SETGID) || is_own_gid(old, id);
		c->fsgid = id;
	}
	creds_put((struct creds *)(uintptr_t)old);
	if (allowed && id != KEEP)
		return creds_replace(t->task, c);
	creds_put(c);
	return OK;
}

enum err
lx_setfsuid(struct thread *t, const struct sysargs *a, long *ret)
{
	return set_fs_id(t, (uint32_t)a->v[0], true, ret);
}

enum err
lx_setfsgid(struct thread *t, const struct sysargs *a, long *ret)
{
	return set_fs_id(t, (uint32_t)a->v[0], false, ret);
}

/* ---- groups ----------------------------------------------------------- */

enum err
lx_getgroups(struct thread *t, const struct sysargs *a, long *ret)
{
	struct creds *c = creds_get(t->task);
	enum err e = OK;

	*ret = (long)c->group_count;
	if ((int)a->v[0] < 0)
		e = ERR_INVAL;
	else if (a->v[0] != 0 && a->v[0] < c->group_count)
		e = ERR_INVAL;
	else if (a->v[0] != 0)
		e = user_copy_out(a->v[1], c->groups,
		    c->group_count * sizeof(c->groups[0]));
	creds_put(c);
	return e;
}

static void
sort_groups(struct creds *c)
{
	for (unsigned i = 1; i < c->group_count; i++) {
		uint32_t g = c->groups[i];
		unsigned k = i;

		for (; k > 0 && c->groups[k - 1] > g; k--)
			c->groups[k] = c->groups[k - 1];
		c->groups[k] = g;
	}
}

enum err
lx_setgroups(struct thread *t, const struct sysargs *a, long *ret)
{
	struct creds *now, *c;
	enum err e;

	*ret = 0;
	if (!capable(CAP_SETGID))
		return ERR_PERM;
	if (a->v[0] > NGROUPS_MAX)
		return ERR_INVAL;
	c = creds_alloc((unsigned)a->v[0]);
	if (c == NULL)
		return ERR_NOMEM;
	now = creds_get(t->task);
	memcpy((uint8_t *)c + sizeof(c->refs), (uint8_t *)now + sizeof(c->refs),
	    sizeof(*c) - sizeof(c->refs));
	creds_put(now);
	c->group_count = (unsigned)a->v[0];
	e = user_copy_in(
	    c->groups, a->v[1], c->group_count * sizeof(c->groups[0]));
	if (e != OK) {
		creds_put(c);
		return e;
	}
	sort_groups(c);
	return creds_replace(t->task, c);
}

/* ---- capabilities ------------------------------------------------------ */

#define CAP_VERSION_1 0x19980330u
#define CAP_VERSION_2 0x20071026u
#define CAP_VERSION_3 0x20080522u

/* How many data records the caller's version has; an unknown version is
 * answered with the newest one. */
static enum err
cap_header(const struct sysargs *a, struct lx_cap_header *h, unsigned *n)
{
	enum err e = user_copy_in(h, a->v[0], sizeof(*h));

	if (e != OK)
		return e;
	*n = h->version == CAP_VERSION_1 ? 1 : 2;
	if (h->version == CAP_VERSION_1 || h->version == CAP_VERSION_2 ||
	    h->version == CAP_VERSION_3)
		return h->pid < 0 ? ERR_INVAL : OK;
	e = user_store32(a->v[0], CAP_VERSION_3);
	return e != OK ? e : a->v[1] == 0 ? ERR_JUSTRETURN : ERR_INVAL;
}

enum err
lx_capget(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_cap_data d[2];
	struct lx_cap_header h;
	struct task *target;
	struct creds *c;
	unsigned n;
	enum err e = cap_header(a, &h, &n);

	*ret = 0;
	if (e != OK || a->v[1] == 0)
		return e == ERR_JUSTRETURN ? OK : e;
	e = lx_task(t, (uintptr_t)h.pid, &target);
	if (e != OK)
		return e;
	c = creds_get(target);
	task_unref(target);
	for (unsigned i = 0; i < 2; i++)
		d[i] = (struct lx_cap_data){
			.effective = (uint32_t)(c->cap_effective >> 32 * i),
			.permitted = (uint32_t)(c->cap_permitted >> 32 * i),
			.inheritable = (uint32_t)(c->cap_inheritable >> 32 * i),
		};
	creds_put(c);
	return user_copy_out(a->v[1], d, n * sizeof(d[0]));
}

enum err
lx_capset(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_cap_data d[2] = { 0 };
	uint64_t eff, perm, inh;
	const struct creds *old;
	struct lx_cap_header h;
	struct creds *c;
	unsigned n;
	enum err e = cap_header(a, &h, &n);

	*ret = 0;
	if (e != OK)
		return e == ERR_JUSTRETURN ? OK : e;
	if (h.pid != 0 && h.pid != t->task->pid)
		return ERR_PERM;
	e = user_copy_in(d, a->v[1], n * sizeof(d[0]));
	if (e != OK)
		return e;
	eff = d[0].effective | (uint64_t)d[1].effective << 32;
	perm = d[0].permitted | (uint64_t)d[1].permitted << 32;
	inh = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	c = creds_change(t, &old);
	if (c == NULL)
		return ERR_NOMEM;
	if ((perm & ~old->cap_permitted) || (eff & ~perm) ||
	    (inh & ~(old->cap_inheritable | old->cap_permitted)))
		e = ERR_PERM;
	c->cap_effective = eff;
	c->cap_permitted = perm;
	c->cap_inheritable = inh & CAP_ALL;
	c->cap_ambient &= perm & inh;
	creds_put((struct creds *)(uintptr_t)old);
	if (e == OK)
		return creds_replace(t->task, c);
	creds_put(c);
	return e;
}

bool
lx_may_change(struct thread *t, struct task *target, unsigned cap)
{
	struct creds *mine, *its;
	bool same;

	if (target == t->task)
		return true;
	mine = creds_get(t->task);
	its = creds_get(target);
	same = mine->euid == its->uid || mine->euid == its->euid;
	creds_put(its);
	creds_put(mine);
	return same || capable(cap);
}

/*
 * The walk without references and locks.
 *
 * With preemption off (RCU) no dentry, vnode or mount on the way is freed.
 * Each step remembers the sequence number of the dentry it stands on and
 * compares it after the next one was found: if nothing changed, the step was
 * true at that time. mount_seq covers all mounts of the walk. At the end the
 * result gets its references and the numbers are compared once more.
 *
 * Whatever is not simple answers ERR_AGAIN, and walk.c does it with
 * references: a name not in the cache, a change under our feet, links
 * nested deeply or without constant text, limits by flags.
 */
#include "internal.h"

#define NEST_LIMIT 4u

struct fast {
	const char *rest;
	struct path root, at; /* not referenced */
	struct vnode *v; /* at.dentry's */
	unsigned seq; /* at.dentry's */
	unsigned tree; /* mount_seq */
	unsigned flags, links;
	bool slash;
	bool own_text; /* rest is in the caller's path, not in a link's */
	bool stop; /* at the parent of the last component */
	const char *saved[NEST_LIMIT]; /* texts to go on with after a link */
	unsigned depth;
	const char *name;
	size_t len;
	uint32_t hash; /* of name, below at.dentry */
};

static bool
fast_stand_on(struct fast *w, struct mount *m, struct dentry *d)
{
	w->at.mount = m;
	w->at.dentry = d;
	w->seq = atomic_load_explicit(&d->seq.seq, memory_order_acquire);
	w->v = rcu_load(&d->vnode);
	return (w->seq & 1) == 0 && w->v != NULL && !dentry_is_dead(d);
}

static bool
fast_begin(struct fast *w, const struct path *base, const char *path)
{
	struct fs_state *fs = fs_current();
	struct path start;
	unsigned seq;

	if (fs == NULL)
		return false;
	w->tree = atomic_load_explicit(&mount_seq.seq, memory_order_acquire);
	if (w->tree & 1)
		return false;
	do {
		seq = seq_read_begin(&fs->seq);
		w->root = fs->root;
		start = path[0] == '/' ? fs->root : fs->cwd;
	} while (seq_read_retry(&fs->seq, seq));
	if (path[0] != '/' && base != NULL)
		start = *base;
	w->rest = path;
	w->own_text = true;
	return fast_stand_on(w, start.mount, start.dentry);
}

/* Splits the next name off and hashes it in one pass; 0: none is left. */
static ALWAYS_INLINE size_t
fast_next(struct fast *w)
{
	const char *p = w->rest;
	uint64_t h = name_hash_begin(w->at.dentry);

	for (;;) {
		while (*p == '/')
			p++;
		if (*p != '\0' || w->depth == 0)
			break;
		p = w->saved[--w->depth];
		w->own_text = w->depth == 0;
	}
	w->name = p;
	for (; *p != '\0' && *p != '/'; p++)
		h = name_hash_step(h, *p);
	w->hash = name_hash_end(h);
	w->rest = p;
	return w->len = (size_t)(p - w->name);
}

/* Nothing but slashes follows; notes that there were some. */
static bool
fast_is_last(struct fast *w)
{
	const char *p = w->rest;

	while (*p == '/')
		p++;
	if (*p != '\0' || w->depth != 0)
		return false;
	if (p != w->rest)
		w->slash = true;
	return true;
}

static bool
fast_up(struct fast *w)
{
	struct mount *m = w->at.mount;
	struct dentry *d = w->at.dentry, *up;
	struct mount *on;

	for (;;) {
		if (d == w->root.dentry && m == w->root.mount)
			return true;
		if (d != m->root)
			break;
		d = rcu_load(&m->point);
		m = rcu_load(&m->parent);
		if (m == NULL)
			return true;
		if (d == NULL || !fast_stand_on(w, m, d))
			return false;
	}
	up = rcu_load(&d->parent);
	if (seq_read_retry(&d->seq, w->seq))
		return false;
	while (dentry_has(up, DENTRY_MOUNTED) &&
	    (on = mount_peek(m, up)) != NULL) {
		m = on;
		up = on->root;
	}
	return fast_stand_on(w, m, up);
}

/* Finds the name below at.dentry. OK: *out and its number; ERR_NOENT: it is
 * known not to exist. */
static ALWAYS_INLINE enum err
fast_find(struct fast *w, struct dentry **out, unsigned *out_seq)
{
	struct dentry *dir = w->at.dentry, *d;
	const uint32_t hash = w->hash;

	hlist_each(d, dentry_bucket(hash), hash) {
		unsigned seq;
		struct vnode *v;

		seq = atomic_load_explicit(&d->seq.seq, memory_order_acquire);
		if (!dentry_is_named(d, dir, w->name, w->len, hash))
			continue;
		v = rcu_load(&d->vnode);
		if ((seq & 1) != 0 || dentry_is_dead(d) ||
		    seq_read_retry(&d->seq, seq) ||
		    seq_read_retry(&dir->seq, w->seq))
			return ERR_AGAIN;
		if (w->v->ops->still_valid != NULL &&
		    !w->v->ops->still_valid(w->v, w->name, w->len, v))
			return ERR_AGAIN;
		*out = d;
		*out_seq = seq;
		return v == NULL ? ERR_NOENT : OK;
	}
	return ERR_AGAIN;
}

/* at.dentry is a symbolic link to follow, found in mount/dir. */
static bool
fast_link(struct fast *w, struct mount *m, struct dentry *dir, unsigned seq)
{
	const char *text = w->v->link_text;
	const char *p = w->rest;

	if (text == NULL || ++w->links > LINKS_LIMIT || text[0] == '\0')
		return false;
	while (*p == '/')
		p++;
	if (*p != '\0') {
		if (w->depth == NEST_LIMIT)
			return false;
		w->saved[w->depth++] = w->rest;
	} else if (p != w->rest) {
		w->slash = true;
	}
	w->own_text = false;
	w->rest = text;
	if (text[0] == '/')
		return fast_stand_on(w, w->root.mount, w->root.dentry);
	w->at.mount = m;
	w->at.dentry = dir;
	w->seq = seq;
	w->v = rcu_load(&dir->vnode);
	return w->v != NULL;
}

static enum err
fast_name(struct fast *w, bool last)
{
	struct mount *m = w->at.mount, *on;
	struct dentry *dir = w->at.dentry, *d;
	unsigned dir_seq = w->seq, seq;
	enum err e = fast_find(w, &d, &seq);

	if (e != OK)
		return e;
	w->at.dentry = d;
	w->seq = seq;
	w->v = rcu_load(&d->vnode);
	if (w->v == NULL)
		return ERR_AGAIN;
	if (UNLIKELY(dentry_has(d, DENTRY_MOUNTED)) &&
	    !(last && (w->flags & WALK_NOMOUNT) != 0)) {
		while ((on = mount_peek(w->at.mount, w->at.dentry)) != NULL)
			if (!fast_stand_on(w, on, on->root))
				return ERR_AGAIN;
	}
	if (vnode_is(w->v, S_LINK) && (!last || w->slash ||
	    (w->flags & WALK_NOFOLLOW) == 0)) {
		if (!fast_link(w, m, dir, dir_seq))
			return ERR_AGAIN;
	}
	return OK;
}

static enum err
fast_go(struct fast *w)
{
	for (;;) {
		bool last;
		enum err e;

		if (fast_next(w) == 0)
			return w->stop ? ERR_AGAIN : OK;
		if (!vnode_is(w->v, S_DIRECTORY) || w->len > NAME_LIMIT)
			return ERR_AGAIN;
		e = vnode_may_search(w->v);
		if (UNLIKELY(e != OK))
			return ERR_AGAIN;
		last = fast_is_last(w);
		if (UNLIKELY(w->name[0] == '.') &&
		    (path_is_dot(w->name, w->len) ||
		    path_is_dotdot(w->name, w->len))) {
			if (last && w->stop)
				return ERR_AGAIN;
			if (w->len == 2 && !fast_up(w))
				return ERR_AGAIN;
			continue;
		}
		if (last && w->stop)
			return w->own_text ? OK : ERR_AGAIN;
		e = fast_name(w, last);
		if (e != OK)
			return e;
	}
}

/* References for the result; true when it still holds. */
static bool
fast_take(struct fast *w, struct path *out)
{
	if (!mount_try_ref(w->at.mount))
		return false;
	if (!ref_inc_unless_zero(&w->at.dentry->refs)) {
		*out = (struct path){ w->at.mount, NULL };
		return false;
	}
	*out = w->at;
	return !seq_read_retry(&w->at.dentry->seq, w->seq) &&
	    !seq_read_retry(&mount_seq, w->tree);
}

enum err
walk_fast(const struct path *base, const char *path, unsigned flags,
    struct walk_name *last_name, struct path *out)
{
	struct path got = { NULL, NULL };
	struct fast w UNINITIALIZED;
	enum err e = ERR_AGAIN;
	bool good;

	if (path[0] == '\0' || (flags & (WALK_BENEATH | WALK_IN_ROOT |
	    WALK_NO_XDEV | WALK_NO_LINKS | WALK_NO_MAGIC)) != 0)
		return ERR_AGAIN;
	w.flags = flags;
	w.links = w.depth = 0;
	w.slash = false;
	w.stop = last_name != NULL;
	rcu_read_lock();
	if (fast_begin(&w, base, path))
		e = fast_go(&w);
	if (e == ERR_NOENT && seq_read_retry(&mount_seq, w.tree))
		e = ERR_AGAIN;
	if (e == OK && (w.slash || (flags & WALK_DIRECTORY) != 0) &&
	    !w.stop && !vnode_is(w.v, S_DIRECTORY))
		e = ERR_AGAIN;
	good = e == OK && fast_take(&w, &got);
	rcu_read_unlock();
	if (e != OK)
		return e;
	if (!good) {
		path_unref(&got);
		return ERR_AGAIN;
	}
	if (last_name != NULL)
		*last_name = (struct walk_name){ w.name, w.len, w.slash };
	*out = got;
	return OK;
}

/*
 * Attributes: who may do what, and changes of mode, owner and times.
 *
 * Rights come from the running task's fsuid, fsgid, groups and effective
 * capabilities. Reading them takes no lock: mode, uid and gid are atomics,
 * times a group under attr_seq.
 */
#include "internal.h"

static bool
in_group(const struct creds *c, uint32_t gid)
{
	unsigned low = 0, high = c->group_count;

	if (c->fsgid == gid)
		return true;
	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (c->groups[mid] == gid)
			return true;
		if (c->groups[mid] < gid)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static bool
has_cap(const struct creds *c, unsigned cap)
{
	return (c->cap_effective >> cap & 1) != 0;
}

/* What mode's class for uid (c's or the real one) grants of mask. */
static bool
mode_grants(const struct vnode *v, const struct creds *c, uint32_t uid,
    unsigned mask)
{
	unsigned mode = atomic_load_explicit(&v->mode, memory_order_relaxed);

	if (atomic_load_explicit(&v->uid, memory_order_relaxed) == uid)
		mode >>= 6;
	else if (in_group(c, atomic_load_explicit(
	    &v->gid, memory_order_relaxed)))
		mode >>= 3;
	return (mode & mask & 7u) == (mask & 7u);
}

static bool
caps_grant(const struct vnode *v, const struct creds *c, unsigned mask)
{
	unsigned mode = atomic_load_explicit(&v->mode, memory_order_relaxed);
	bool dir = S_IS(mode, S_DIRECTORY);

	if (has_cap(c, CAP_DAC_OVERRIDE) && ((mask & ACCESS_EXEC) == 0 ||
	    dir || (mode & 0111u) != 0))
		return true;
	return has_cap(c, CAP_DAC_READ_SEARCH) &&
	    (mask == ACCESS_READ || (dir && (mask & ACCESS_WRITE) == 0));
}

static struct creds *
creds_peek(void)
{
	return atomic_load_explicit(
	    &task_current()->creds, memory_order_acquire);
}

enum err
vnode_permission(struct vnode *v, unsigned mask)
{
	const struct creds *c;
	bool good;

	rcu_read_lock();
	c = creds_peek();
	good = c == NULL || mode_grants(v, c, c->fsuid, mask) ||
	    caps_grant(v, c, mask);
	rcu_read_unlock();
	return good ? OK : ERR_ACCESS;
}

/* access(2) asks with the real ids, and with root's powers only for root. */
static enum err
permission_real(struct vnode *v, unsigned mask)
{
	const struct creds *c;
	bool good;

	rcu_read_lock();
	c = creds_peek();
	good = c == NULL || mode_grants(v, c, c->uid, mask) ||
	    (c->uid == 0 && caps_grant(v, c, mask));
	rcu_read_unlock();
	return good ? OK : ERR_ACCESS;
}

enum err
vfs_access(const struct path *p, unsigned mask, bool effective)
{
	struct vnode *v = path_vnode(p);
	unsigned mode = atomic_load(&v->mode);

	if ((mask & ACCESS_WRITE) != 0 && mount_is_readonly(p->mount) &&
	    (S_IS(mode, S_REGULAR) || S_IS(mode, S_DIRECTORY) ||
	    S_IS(mode, S_LINK)))
		return ERR_ROFS;
	if ((mask & ACCESS_EXEC) != 0 && S_IS(mode, S_REGULAR) &&
	    (mount_flags(p->mount) & MOUNT_NOEXEC) != 0)
		return ERR_ACCESS;
	if (mask == 0)
		return OK;
	return effective ? vnode_permission(v, mask) : permission_real(v, mask);
}

bool
owner_or_capable(const struct vnode *v)
{
	const struct creds *c;
	bool good;

	rcu_read_lock();
	c = creds_peek();
	good = c == NULL || c->fsuid == atomic_load(&v->uid) ||
	    has_cap(c, CAP_FOWNER);
	rcu_read_unlock();
	return good;
}

enum err
dir_may_change(struct mount *m, struct vnode *dir)
{
	if (mount_is_readonly(m))
		return ERR_ROFS;
	return vnode_permission(dir, ACCESS_WRITE | ACCESS_EXEC);
}

/* A sticky directory's entries belong to their owners. */
enum err
dir_may_remove(struct mount *m, struct vnode *dir, struct vnode *v)
{
	enum err e = dir_may_change(m, dir);

	if (e != OK)
		return e;
	if ((atomic_load(&dir->mode) & S_STICKY) != 0 &&
	    !owner_or_capable(v) && !owner_or_capable(dir))
		return ERR_PERM;
	return OK;
}

void
vnode_new_owner(struct vnode_new *n, const struct vnode *dir)
{
	const struct creds *c;

	rcu_read_lock();
	c = creds_peek();
	n->uid = c == NULL ? 0 : c->fsuid;
	n->gid = c == NULL ? 0 : c->fsgid;
	if ((atomic_load(&dir->mode) & S_SETGID) != 0) {
		n->gid = atomic_load(&dir->gid);
		if (S_IS(n->mode, S_DIRECTORY))
			n->mode |= S_SETGID;
		else if ((n->mode & (S_SETGID | 010u)) == (S_SETGID | 010u) &&
		    c != NULL && !in_group(c, n->gid) &&
		    !has_cap(c, CAP_FSETID))
			n->mode &= ~S_SETGID;
	}
	rcu_read_unlock();
}

/* Under attr_seq. */
static RACY_READ void
times_read(const struct vnode *v, struct file_stat *out)
{
	out->atime = v->atime;
	out->mtime = v->mtime;
	out->ctime = v->ctime;
	out->btime = v->btime;
}

/* ---- reading ---------------------------------------------------------- */

/* Pages that hold the file: all of them where a store fills the cache, and
 * there are no holes; otherwise those that are there. */
static uint64_t
cached_pages(const struct vnode *v, uint64_t size)
{
	const struct memobj_ops *ops = v->cache.ops;

	return ops != NULL && ops->fill != NULL ?
	    ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE :
	    atomic_load_explicit(&v->cache.resident, memory_order_relaxed);
}

static ALWAYS_INLINE void
stat_common(const struct vnode *v, struct file_stat *out)
{
	unsigned seq;

	out->dev = v->super->dev;
	out->ino = v->ino;
	out->mode = atomic_load_explicit(&v->mode, memory_order_relaxed);
	out->nlink = atomic_load_explicit(&v->nlink, memory_order_relaxed);
	out->uid = atomic_load_explicit(&v->uid, memory_order_relaxed);
	out->gid = atomic_load_explicit(&v->gid, memory_order_relaxed);
	out->rdev = v->rdev;
	out->block_size = PAGE_SIZE;
	do {
		seq = seq_read_begin(&v->attr_seq);
		times_read(v, out);
	} while (seq_read_retry(&v->attr_seq, seq));
}

static ALWAYS_INLINE void
stat_cached(const struct vnode *v, struct file_stat *out)
{
	out->size = memobj_size(&v->cache);
	out->blocks = v->blocks != 0 ? v->blocks :
	    cached_pages(v, out->size) * (PAGE_SIZE / 512);
}

static void
stat_uncached(const struct vnode *v, struct file_stat *out)
{
	out->size = v->link_text != NULL ? strlen(v->link_text) : 0;
	out->blocks = v->blocks;
}

void
vnode_stat(struct vnode *v, struct file_stat *out)
{
	stat_common(v, out);
	out->mount_id = 0;
	if (v->has_cache)
		stat_cached(v, out);
	else
		stat_uncached(v, out);
}

static enum err
stat_by_fs(struct vnode *v, struct file_stat *out)
{
	return v->ops->get_attr != NULL ? v->ops->get_attr(v, out) : OK;
}

static NOINLINE enum err
stat_other(struct vnode *v, struct file_stat *out)
{
	stat_uncached(v, out);
	return stat_by_fs(v, out);
}

/* In two parts: for regular files nothing is called but the file system. */
enum err
vfs_stat(const struct path *p, struct file_stat *out)
{
	struct vnode *v = path_vnode(p);

	stat_common(v, out);
	out->mount_id = p->mount->id;
	if (UNLIKELY(!v->has_cache))
		return stat_other(v, out);
	stat_cached(v, out);
	return stat_by_fs(v, out);
}

/* ---- changing --------------------------------------------------------- */

static void
store_times(struct vnode *v, unsigned mask, const struct file_stat *a)
{
	spin_lock(&v->attr_lock);
	seq_write_begin(&v->attr_seq);
	if (mask & ATTR_ATIME)
		v->atime = a->atime;
	if (mask & ATTR_MTIME)
		v->mtime = a->mtime;
	if (mask & ATTR_CTIME)
		v->ctime = a->ctime;
	v->touched = 0;
	seq_write_end(&v->attr_seq);
	spin_unlock(&v->attr_lock);
}

enum err
vnode_store_attr(struct vnode *v, unsigned mask, const struct file_stat *a)
{
	if (v->ops->set_attr != NULL) {
		enum err e = v->ops->set_attr(v, mask, a);

		if (e != OK)
			return e;
	}
	if (mask & ATTR_MODE)
		atomic_store(&v->mode, (atomic_load(&v->mode) & S_TYPE_MASK) |
		    (a->mode & 07777u));
	if (mask & ATTR_UID)
		atomic_store(&v->uid, a->uid);
	if (mask & ATTR_GID)
		atomic_store(&v->gid, a->gid);
	if (mask & (ATTR_ATIME | ATTR_MTIME | ATTR_CTIME))
		store_times(v, mask, a);
	if ((mask & ATTR_CTIME) == 0)
		vnode_touch(v, ATTR_CTIME);
	return OK;
}

static NOINLINE enum err
drop_setid(struct vnode *v, unsigned mode)
{
	struct file_stat a;
	unsigned drop = 0;
	enum err e;

	if (!S_IS(mode, S_REGULAR) || capable(CAP_FSETID))
		return OK;
	if (mode & S_SETUID)
		drop |= S_SETUID;
	if ((mode & (S_SETGID | 010u)) == (S_SETGID | 010u))
		drop |= S_SETGID;
	if (drop == 0)
		return OK;
	rw_write_lock(&v->lock);
	a.mode = atomic_load(&v->mode) & ~drop;
	e = vnode_store_attr(v, ATTR_MODE, &a);
	rw_write_unlock(&v->lock);
	return e;
}

enum err
vnode_drop_setid(struct vnode *v)
{
	unsigned mode = atomic_load_explicit(&v->mode, memory_order_relaxed);

	return LIKELY((mode & (S_SETUID | S_SETGID)) == 0) ? OK :
	    drop_setid(v, mode);
}

static enum err
chown_allowed(const struct vnode *v, unsigned mask, const struct file_stat *a)
{
	const struct creds *c;
	bool good = true;

	rcu_read_lock();
	c = creds_peek();
	if (c != NULL && !has_cap(c, CAP_CHOWN)) {
		bool owner = c->fsuid == atomic_load(&v->uid);

		if ((mask & ATTR_UID) != 0 &&
		    (!owner || a->uid != atomic_load(&v->uid)))
			good = false;
		if ((mask & ATTR_GID) != 0 && (!owner ||
		    (!in_group(c, a->gid) && a->gid != atomic_load(&v->gid))))
			good = false;
	}
	rcu_read_unlock();
	return good ? OK : ERR_PERM;
}

/* chown takes set-id bits away, from everybody but of directories. */
static void
chown_mode(const struct vnode *v, unsigned *mask, struct file_stat *a)
{
	unsigned mode = atomic_load(&v->mode);

	if (S_IS(mode, S_DIRECTORY) || (*mask & ATTR_MODE) != 0)
		return;
	a->mode = mode & ~S_SETUID;
	if (mode & 010u)
		a->mode &= ~S_SETGID;
	if (a->mode != mode)
		*mask |= ATTR_MODE;
}

static void
chmod_mode(const struct vnode *v, struct file_stat *a, uint32_t gid)
{
	const struct creds *c;

	rcu_read_lock();
	c = creds_peek();
	if (c != NULL && !S_IS(atomic_load(&v->mode), S_DIRECTORY) &&
	    !in_group(c, gid) && !has_cap(c, CAP_FSETID))
		a->mode &= ~S_SETGID;
	rcu_read_unlock();
}

static enum err
set_allowed(struct vnode *v, unsigned mask, const struct file_stat *a)
{
	if ((mask & (ATTR_UID | ATTR_GID)) != 0) {
		enum err e = chown_allowed(v, mask, a);

		if (e != OK)
			return e;
	}
	if ((mask & ATTR_MODE) != 0 && !owner_or_capable(v))
		return ERR_PERM;
	if ((mask & (ATTR_ATIME | ATTR_MTIME)) != 0 && !owner_or_capable(v)) {
		if ((mask & ATTR_NOW) == 0)
			return ERR_PERM;
		return vnode_permission(v, ACCESS_WRITE);
	}
	return OK;
}

enum err
vfs_set_attr(const struct path *p, unsigned mask, const struct file_stat *a)
{
	struct vnode *v = path_vnode(p);
	struct file_stat set = *a;
	enum err e;

	if (mount_is_readonly(p->mount))
		return ERR_ROFS;
	rw_write_lock(&v->lock);
	e = set_allowed(v, mask, a);
	if (e != OK)
		goto out;
	if ((mask & (ATTR_UID | ATTR_GID)) != 0)
		chown_mode(v, &mask, &set);
	if ((mask & ATTR_MODE) != 0)
		chmod_mode(v, &set, (mask & ATTR_GID) != 0 ? a->gid :
		    atomic_load(&v->gid));
	e = vnode_store_attr(v, mask & ~(ATTR_SIZE | ATTR_NOW), &set);
out:
	rw_write_unlock(&v->lock);
	if (e == OK)
		watch_event(p->dentry, WATCH_ATTRIB);
	return e;
}

enum err
vnode_resize(struct vnode *v, uint64_t size)
{
	enum err e;

	if (vnode_is(v, S_DIRECTORY))
		return ERR_ISDIR;
	if (v->ops->resize == NULL)
		return ERR_INVAL;
	rw_write_lock(&v->lock);
	e = v->ops->resize(v, size);
	rw_write_unlock(&v->lock);
	if (e == OK)
		vnode_touch(v, ATTR_MTIME | ATTR_CTIME);
	return e;
}

enum err
vfs_truncate(const struct path *p, uint64_t size)
{
	struct vnode *v = path_vnode(p);
	enum err e;

	if (vnode_is(v, S_DIRECTORY))
		return ERR_ISDIR;
	if (!vnode_is(v, S_REGULAR))
		return ERR_INVAL;
	if (mount_is_readonly(p->mount))
		return ERR_ROFS;
	e = vnode_permission(v, ACCESS_WRITE);
	if (e != OK)
		return e;
	if (atomic_load(&v->write_count) < 0)
		return ERR_TXTBUSY;
	e = vnode_drop_setid(v);
	if (e == OK)
		e = vnode_resize(v, size);
	if (e == OK)
		watch_event(p->dentry, WATCH_MODIFY);
	return e;
}

enum err
vfs_statfs(const struct path *p, struct fs_stat *out)
{
	struct super *s = p->mount->super;

	*out = (struct fs_stat){
		.block_size = PAGE_SIZE,
		.name_max = s->name_max,
	};
	if (s->type->stat == NULL)
		return OK;
	return s->type->stat(s, out);
}

enum err
vfs_read_link(const struct path *p, char *buf, size_t len, size_t *done)
{
	struct vnode *v = path_vnode(p);

	if (!vnode_is(v, S_LINK))
		return ERR_INVAL;
	if (v->link_text != NULL) {
		size_t n = strlen(v->link_text);

		n = MIN(n, len);
		memcpy(buf, v->link_text, n);
		*done = n;
		return OK;
	}
	if (v->ops->read_link == NULL)
		return ERR_INVAL;
	return v->ops->read_link(v, buf, len, done);
}

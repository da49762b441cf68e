/*
 * Mounts.
 * Source: man-pages 6.05 mount(2), umount(2), pivot_root(2).
 * Differs: propagation types are accepted for private and slave, which is
 * what every mount is; shared ones are refused.
 */
#include "call.h"

#include <kernel/mm.h>

enum {
	MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8,
	MS_REMOUNT = 0x20, MS_NOATIME = 0x400, MS_BIND = 0x1000,
	MS_MOVE = 0x2000, MS_REC = 0x4000, MS_SILENT = 0x8000,
	MS_UNBINDABLE = 0x20000, MS_PRIVATE = 0x40000, MS_SLAVE = 0x80000,
	MS_SHARED = 0x100000, MS_RELATIME = 0x200000,
};
#define MS_MAGIC 0xc0ed0000u

static const struct {
	unsigned linux_bit, kernel_bit;
} mount_bits[] = {
	{ MS_RDONLY, MOUNT_RDONLY },
	{ MS_NOSUID, MOUNT_NOSUID },
	{ MS_NODEV, MOUNT_NODEV },
	{ MS_NOEXEC, MOUNT_NOEXEC },
	{ MS_NOATIME, MOUNT_NOATIME },
	{ MS_RELATIME, MOUNT_RELATIME },
};

struct mount_call {
	struct path at;
	char *source, *type, *options; /* NULL: none given */
	unsigned long flags;
	unsigned kernel_flags;
	uintptr_t user_source;
};

static enum err
walk(struct thread *t, uintptr_t user, struct path *out)
{
	return lx_at_walk(t, (uintptr_t)LX_AT_FDCWD, user, 0, out);
}

static enum err
from_path(struct thread *t, const struct mount_call *m)
{
	struct path from;
	enum err e = walk(t, m->user_source, &from);

	if (e != OK)
		return e;
	if (m->flags & MS_MOVE)
		e = vfs_move_mount(&from, &m->at);
	else
		e = vfs_bind(&from, &m->at, (m->flags & MS_REC) != 0);
	path_unref(&from);
	return e;
}

static enum err
mount_run(struct thread *t, const struct mount_call *m)
{
	if (m->flags & MS_REMOUNT)
		return vfs_remount(&m->at, m->kernel_flags);
	if (m->flags & (MS_BIND | MS_MOVE))
		return from_path(t, m);
	if (m->flags & MS_SHARED)
		return ERR_INVAL;
	if (m->flags & (MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE))
		return OK; /* what every mount is already */
	if (m->type == NULL)
		return ERR_INVAL;
	return vfs_mount(
	    &m->at, m->type, m->source, m->options, m->kernel_flags);
}

/* Optional strings: a null pointer gives none. */
static enum err
string_in(uintptr_t user, char **out)
{
	size_t len;

	return user != 0 ? user_path_in(user, out, &len) : OK;
}

enum err
lx_mount(struct thread *t, const struct sysargs *a, long *ret)
{
	struct mount_call m = { .flags = a->v[3], .user_source = a->v[0] };
	enum err e;

	*ret = 0;
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	if ((m.flags & 0xffff0000u) == MS_MAGIC)
		m.flags &= 0xffff;
	for (size_t i = 0; i < ARRAY_LEN(mount_bits); i++)
		if (m.flags & mount_bits[i].linux_bit)
			m.kernel_flags |= mount_bits[i].kernel_bit;
	e = walk(t, a->v[1], &m.at);
	if (e != OK)
		return e;
	e = string_in(a->v[0], &m.source);
	if (e == OK)
		e = string_in(a->v[2], &m.type);
	if (e == OK && (m.flags & (MS_REMOUNT | MS_BIND | MS_MOVE)) == 0)
		e = string_in(a->v[4], &m.options);
	if (e == OK)
		e = mount_run(t, &m);
	path_buf_free(m.options);
	path_buf_free(m.type);
	path_buf_free(m.source);
	path_unref(&m.at);
	return e;
}

#define MNT_FORCE       1u
#define MNT_DETACH      2u
#define MNT_EXPIRE      4u
#define UMOUNT_NOFOLLOW 8u

enum err
lx_umount2(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned flags = (unsigned)a->v[1], how = 0;
	struct path p;
	enum err e;

	*ret = 0;
	if ((flags & ~15u) || ((flags & MNT_EXPIRE) &&
	    (flags & (MNT_FORCE | MNT_DETACH))))
		return ERR_INVAL;
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	if (flags & MNT_DETACH)
		how |= UNMOUNT_LAZY;
	if (flags & MNT_EXPIRE)
		how |= UNMOUNT_EXPIRE;
	e = lx_at_walk(t, (uintptr_t)LX_AT_FDCWD, a->v[0],
	    flags & UMOUNT_NOFOLLOW ? WALK_NOFOLLOW : 0, &p);
	if (e != OK)
		return e;
	e = vfs_unmount(&p, how);
	path_unref(&p);
	return e;
}

enum err
lx_pivot_root(struct thread *t, const struct sysargs *a, long *ret)
{
	struct path fresh, old;
	enum err e;

	*ret = 0;
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	e = walk(t, a->v[0], &fresh);
	if (e != OK)
		return e;
	e = walk(t, a->v[1], &old);
	if (e == OK) {
		e = vfs_pivot_root(&fresh, &old);
		path_unref(&old);
	}
	path_unref(&fresh);
	return e;
}

/*
 * Mounts: native/fs.h.
 */
#include "native.h"

#include <uapi/native/fs.h>

#define MOUNT_ACTIONS (CM_MOUNT_BIND | CM_MOUNT_CHANGE | CM_MOUNT_MOVE)
#define MOUNT_KNOWN   0xffu

struct mount_args {
	struct cm_mount in;
	char *type, *source, *options; /* owned, may be NULL */
	struct path at; /* referenced */
	unsigned flags; /* MOUNT_* */
};

static enum err
args_in(struct mount_args *m, uintptr_t user)
{
	enum err e = user_copy_in(&m->in, user, sizeof(m->in));

	if (e != OK)
		return e;
	if ((m->in.flags & ~MOUNT_KNOWN) || m->in.reserved != 0)
		return ERR_INVAL;
	m->flags = (m->in.flags & CM_MOUNT_READONLY ? MOUNT_RDONLY : 0) |
	    (m->in.flags & CM_MOUNT_NOSUID ? MOUNT_NOSUID : 0) |
	    (m->in.flags & CM_MOUNT_NODEV ? MOUNT_NODEV : 0) |
	    (m->in.flags & CM_MOUNT_NOEXEC ? MOUNT_NOEXEC : 0);
	e = nt_path_optional((uintptr_t)m->in.type, &m->type);
	if (e == OK)
		e = nt_path_optional((uintptr_t)m->in.source, &m->source);
	if (e == OK)
		e = nt_path_optional((uintptr_t)m->in.options, &m->options);
	if (e == OK)
		e = nt_walk(NULL, (uintptr_t)m->in.target, 0, &m->at);
	return e;
}

/* Binds or moves what is at source. */
static enum err
mount_from(const struct mount_args *m)
{
	struct path from = { 0 };
	enum err e;

	if (m->source == NULL)
		return ERR_INVAL;
	e = vfs_walk(NULL, m->source, 0, &from);
	if (e != OK)
		return e;
	if (m->in.flags & CM_MOUNT_MOVE)
		e = vfs_move_mount(&from, &m->at);
	else
		e = vfs_bind(&from, &m->at,
		    (m->in.flags & CM_MOUNT_RECURSIVE) != 0);
	path_unref(&from);
	return e;
}

enum err
nt_fs_mount(struct thread *, const struct sysargs *a, long *)
{
	struct mount_args m = { 0 };
	enum err e = args_in(&m, a->v[0]);

	if (e != OK)
		goto out;
	switch (m.in.flags & MOUNT_ACTIONS) {
	case 0:
		e = m.type == NULL ? ERR_INVAL : vfs_mount(
		    &m.at, m.type, m.source, m.options, m.flags);
		break;
	case CM_MOUNT_BIND:
	case CM_MOUNT_MOVE:
		e = m.flags != 0 ? ERR_INVAL : mount_from(&m);
		break;
	case CM_MOUNT_CHANGE:
		e = vfs_remount(&m.at, m.flags);
		break;
	default:
		e = ERR_INVAL;
	}
out:
	path_unref(&m.at);
	path_buf_free(m.options);
	path_buf_free(m.source);
	path_buf_free(m.type);
	return e;
}

enum err
nt_fs_unmount(struct thread *, const struct sysargs *a, long *)
{
	struct path p = { 0 };
	enum err e;

	if (a->v[1] & ~(uintptr_t)(CM_UNMOUNT_DETACH | CM_UNMOUNT_NOFOLLOW))
		return ERR_INVAL;
	e = nt_walk(NULL, a->v[0],
	    a->v[1] & CM_UNMOUNT_NOFOLLOW ? WALK_NOFOLLOW : 0, &p);
	if (e != OK)
		return e;
	e = vfs_unmount(&p, a->v[1] & CM_UNMOUNT_DETACH ? UNMOUNT_LAZY : 0);
	path_unref(&p);
	return e;
}

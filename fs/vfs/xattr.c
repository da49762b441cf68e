/*
 * Extended attributes: rights here, storage in the file systems.
 *
 * "user." ones go by the permissions of a regular file or directory,
 * "trusted." and "security." need CAP_SYS_ADMIN to write.
 */
#include "internal.h"

static bool
has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static enum err
xattr_allowed(struct vnode *v, const char *name, unsigned mask)
{
	unsigned type = atomic_load(&v->mode) & S_TYPE_MASK;

	if (strlen(name) > NAME_LIMIT)
		return ERR_RANGE;
	if (has_prefix(name, "trusted."))
		return capable(CAP_SYS_ADMIN) ? OK :
		    mask == ACCESS_READ ? ERR_NODATA : ERR_PERM;
	if (has_prefix(name, "security.") || has_prefix(name, "system."))
		return mask == ACCESS_READ || capable(CAP_SYS_ADMIN) ?
		    OK : ERR_PERM;
	if (!has_prefix(name, "user."))
		return ERR_NOTSUP;
	if (type != S_REGULAR && type != S_DIRECTORY)
		return mask == ACCESS_READ ? ERR_NODATA : ERR_PERM;
	return vnode_permission(v, mask);
}

enum err
vfs_xattr_get(const struct path *p, const char *name, void *buf, size_t len,
    size_t *done)
{
	struct vnode *v = path_vnode(p);
	enum err e = xattr_allowed(v, name, ACCESS_READ);

	if (e != OK)
		return e;
	if (v->ops->xattr_get == NULL)
		return ERR_NOTSUP;
	rw_write_lock(&v->lock);
	e = v->ops->xattr_get(v, name, buf, len, done);
	rw_write_unlock(&v->lock);
	return e;
}

enum err
vfs_xattr_set(const struct path *p, const char *name, const void *buf,
    size_t len, unsigned flags)
{
	struct vnode *v = path_vnode(p);
	enum err e;

	if (mount_is_readonly(p->mount))
		return ERR_ROFS;
	e = xattr_allowed(v, name, ACCESS_WRITE);
	if (e != OK)
		return e;
	if (v->ops->xattr_set == NULL)
		return ERR_NOTSUP;
	rw_write_lock(&v->lock);
	e = v->ops->xattr_set(v, name, buf, len, flags);
	rw_write_unlock(&v->lock);
	if (e == OK)
		vnode_touch(v, ATTR_CTIME);
	return e;
}

enum err
vfs_xattr_list(const struct path *p, char *buf, size_t len, size_t *done)
{
	struct vnode *v = path_vnode(p);
	enum err e;

	if (v->ops->xattr_list == NULL) {
		*done = 0;
		return OK;
	}
	rw_write_lock(&v->lock);
	e = v->ops->xattr_list(v, buf, len, done);
	rw_write_unlock(&v->lock);
	return e;
}

/*
 * Extended attributes.
 * Source: man-pages 6.05 setxattr(2), getxattr(2), listxattr(2),
 * removexattr(2).
 */
#include "call.h"

#include <kernel/mm.h>

#define NAME_MAX_BYTES  256
#define VALUE_MAX_BYTES 65536
#define XATTR_FLAGS     3u /* create, replace */

/* The file a call means: by path, or by descriptor. */
enum by { BY_PATH, BY_LINK, BY_FD };

static enum err
target(struct thread *t, const struct sysargs *a, enum by by,
    struct path *out)
{
	if (by == BY_FD)
		return lx_fd_path(t, a->v[0], RIGHT_CONTROL, out);
	return lx_at_walk(t, (uintptr_t)LX_AT_FDCWD, a->v[0],
	    by == BY_LINK ? WALK_NOFOLLOW : 0, out);
}

static enum err
name_in(uintptr_t user, char name[NAME_MAX_BYTES])
{
	size_t len;
	enum err e = user_string_in(name, user, NAME_MAX_BYTES, &len);

	if (e == ERR_NAMETOOLONG || (e == OK && len == 0))
		return ERR_RANGE;
	return e;
}

static enum err
set(struct thread *t, const struct sysargs *a, enum by by)
{
	size_t len = a->v[3];
	char name[NAME_MAX_BYTES];
	void *value = NULL;
	struct path p;
	enum err e = name_in(a->v[1], name);

	if (e != OK)
		return e;
	if (a->v[4] & ~(uintptr_t)XATTR_FLAGS)
		return ERR_INVAL;
	if (len > VALUE_MAX_BYTES)
		return ERR_TOOBIG;
	value = kmalloc(len + 1);
	if (value == NULL)
		return ERR_NOMEM;
	e = user_copy_in(value, a->v[2], len);
	if (e == OK)
		e = target(t, a, by, &p);
	if (e == OK) {
		e = vfs_xattr_set(&p, name, value, len, (unsigned)a->v[4]);
		path_unref(&p);
	}
	kfree(value, len + 1);
	return e;
}

/* Gets a value (name given) or the list of names, of at most size bytes;
 * size 0 asks for the length only. */
struct query {
	const char *name;
	uintptr_t user;
	size_t size;
};

static enum err
query(const struct path *p, const struct query *q, long *ret)
{
	size_t room = MIN(q->size, (size_t)VALUE_MAX_BYTES), done = 0;
	void *buf = NULL;
	enum err e;

	if (room > 0) {
		buf = kmalloc(room);
		if (buf == NULL)
			return ERR_NOMEM;
	}
	if (q->name != NULL)
		e = vfs_xattr_get(p, q->name, buf, room, &done);
	else
		e = vfs_xattr_list(p, buf, room, &done);
	if (e == OK && buf != NULL)
		e = user_copy_out(q->user, buf, done);
	if (e == OK)
		*ret = (long)done;
	kfree(buf, room);
	return e;
}

static enum err
get(struct thread *t, const struct sysargs *a, enum by by, long *ret)
{
	char name[NAME_MAX_BYTES];
	struct query q = { name, a->v[2], a->v[3] };
	struct path p;
	enum err e = name_in(a->v[1], name);

	if (e == OK)
		e = target(t, a, by, &p);
	if (e != OK)
		return e;
	e = query(&p, &q, ret);
	path_unref(&p);
	return e;
}

static enum err
list(struct thread *t, const struct sysargs *a, enum by by, long *ret)
{
	struct query q = { NULL, a->v[1], a->v[2] };
	struct path p;
	enum err e = target(t, a, by, &p);

	if (e != OK)
		return e;
	e = query(&p, &q, ret);
	path_unref(&p);
	return e;
}

static enum err
take_off(struct thread *t, const struct sysargs *a, enum by by)
{
	char name[NAME_MAX_BYTES];
	struct path p;
	enum err e = name_in(a->v[1], name);

	if (e == OK)
		e = target(t, a, by, &p);
	if (e != OK)
		return e;
	e = vfs_xattr_set(&p, name, NULL, 0, 0);
	path_unref(&p);
	return e;
}

enum err
lx_setxattr(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return set(t, a, BY_PATH);
}

enum err
lx_lsetxattr(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return set(t, a, BY_LINK);
}

enum err
lx_fsetxattr(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return set(t, a, BY_FD);
}

enum err
lx_getxattr(struct thread *t, const struct sysargs *a, long *ret)
{
	return get(t, a, BY_PATH, ret);
}

enum err
lx_lgetxattr(struct thread *t, const struct sysargs *a, long *ret)
{
	return get(t, a, BY_LINK, ret);
}

enum err
lx_fgetxattr(struct thread *t, const struct sysargs *a, long *ret)
{
	return get(t, a, BY_FD, ret);
}

enum err
lx_listxattr(struct thread *t, const struct sysargs *a, long *ret)
{
	return list(t, a, BY_PATH, ret);
}

enum err
lx_llistxattr(struct thread *t, const struct sysargs *a, long *ret)
{
	return list(t, a, BY_LINK, ret);
}

enum err
lx_flistxattr(struct thread *t, const struct sysargs *a, long *ret)
{
	return list(t, a, BY_FD, ret);
}

enum err
lx_removexattr(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return take_off(t, a, BY_PATH);
}

enum err
lx_lremovexattr(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return take_off(t, a, BY_LINK);
}

enum err
lx_fremovexattr(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return take_off(t, a, BY_FD);
}

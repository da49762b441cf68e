/* Extended attributes of tmpfs: a short list per node. */
#include "tmpfs.h"

#include <kernel/task.h>

#define XATTR_VALUE_MAX 65536u
#define XATTR_CREATE    1u
#define XATTR_REPLACE   2u

struct xattr {
	struct list link;
	size_t len; /* of the value, which follows the name */
	size_t name_len;
	char text[]; /* name with NUL, value */
};

static size_t
xattr_size(const struct xattr *x)
{
	return sizeof(*x) + x->name_len + 1 + x->len;
}

static struct xattr *
xattr_find(struct tnode *n, const char *name)
{
	struct xattr *x;

	list_each(x, &n->xattrs, link) {
		if (strcmp(x->text, name) == 0)
			return x;
	}
	return NULL;
}

enum err
tmpfs_xattr_get(struct vnode *v, const char *name, void *buf, size_t len,
    size_t *done)
{
	struct xattr *x = xattr_find(tnode_of(v), name);

	if (x == NULL)
		return ERR_NODATA;
	if (buf != NULL && len != 0) {
		if (len < x->len)
			return ERR_RANGE;
		memcpy(buf, x->text + x->name_len + 1, x->len);
	}
	*done = x->len;
	return OK;
}

/* buf NULL removes. */
enum err
tmpfs_xattr_set(struct vnode *v, const char *name, const void *buf,
    size_t len, unsigned flags)
{
	struct tnode *n = tnode_of(v);
	struct xattr *old = xattr_find(n, name), *x;

	if ((flags & XATTR_CREATE) != 0 && old != NULL)
		return ERR_EXISTS;
	if (((flags & XATTR_REPLACE) != 0 || buf == NULL) && old == NULL)
		return ERR_NODATA;
	if (len > XATTR_VALUE_MAX)
		return ERR_TOOBIG;
	if (buf != NULL) {
		size_t name_len = strlen(name);

		x = kmalloc(sizeof(*x) + name_len + 1 + len);
		if (x == NULL)
			return ERR_NOMEM;
		x->len = len;
		x->name_len = name_len;
		memcpy(x->text, name, name_len + 1);
		memcpy(x->text + name_len + 1, buf, len);
		list_add_tail(&n->xattrs, &x->link);
	}
	if (old != NULL) {
		list_del(&old->link);
		kfree(old, xattr_size(old));
	}
	return OK;
}

enum err
tmpfs_xattr_list(struct vnode *v, char *buf, size_t len, size_t *done)
{
	struct tnode *n = tnode_of(v);
	bool trusted = capable(CAP_SYS_ADMIN);
	struct xattr *x;
	size_t at = 0;

	list_each(x, &n->xattrs, link) {
		if (!trusted && strncmp(x->text, "trusted.", 8) == 0)
			continue;
		if (buf != NULL && len != 0) {
			if (at + x->name_len + 1 > len)
				return ERR_RANGE;
			memcpy(buf + at, x->text, x->name_len + 1);
		}
		at += x->name_len + 1;
	}
	*done = at;
	return OK;
}

void
tmpfs_xattr_free(struct tnode *n)
{
	struct list *link;

	while ((link = list_take_first(&n->xattrs)) != NULL) {
		struct xattr *x = list_entry(link, struct xattr, link);

		kfree(x, xattr_size(x));
	}
}

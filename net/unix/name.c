/* SPDX-License-Identifier: MIT */
/*
 * Names of Unix sockets.
 *
 * A path name is a socket node of a file system; the vnode's bound member
 * leads to the socket, under the vnode's lock. An abstract name (its first
 * byte is 0) is in a hash table and seen in its container only. A socket
 * that ends takes itself out of either; the node stays, as POSIX has it.
 */
#include "unix.h"

#include <lib/fmt.h>
#include <lib/hash.h>
#include <lib/string.h>

#define BUCKETS    64u
#define PATH_BYTES 108u
#define FAMILY_LEN ((unsigned)sizeof(uint16_t))
#define AUTO_NAMES 0x100000u

static struct {
	struct mutex lock; /* RANK_PORT */
	struct list bucket[BUCKETS]; /* [lock] next NULL: not yet used */
	unsigned next_auto; /* [lock] */
} names = {
	.lock = MUTEX_INIT(names.lock, RANK_PORT),
};

void
uname_unref(struct uname *n)
{
	if (n == NULL || !ref_dec(&n->refs))
		return;
	container_unref(n->container);
	path_unref(&n->path);
	kfree(n, sizeof(*n));
}

void
uname_out(const struct uname *n, struct sock_addr *out)
{
	if (n != NULL) {
		*out = n->addr;
		return;
	}
	memset(out, 0, sizeof(*out));
	out->family = AF_UNIX_;
	out->len = FAMILY_LEN;
}

static bool
is_abstract(const struct sock_addr *a)
{
	return a->bytes[0] == 0;
}

static enum err
check(const struct sock_addr *a)
{
	if (a->family != AF_UNIX_)
		return ERR_INVAL;
	return a->len < FAMILY_LEN || a->len > FAMILY_LEN + PATH_BYTES ?
	    ERR_INVAL : OK;
}

/* The path of an address as a string. */
static void
path_of(const struct sock_addr *a, char path[PATH_BYTES + 1])
{
	size_t n = a->len - FAMILY_LEN;

	memcpy(path, a->bytes, n);
	path[n] = '\0';
}

static struct uname *
uname_create(const struct sock_addr *a)
{
	struct uname *n = kzalloc(sizeof(*n));

	if (n != NULL) {
		ref_init(&n->refs, 1);
		n->addr = *a;
		list_init(&n->link);
	}
	return n;
}

/* ---- abstract names ---------------------------------------------------- */

static struct list *
bucket_of(const struct sock_addr *a)
{
	struct list *b = &names.bucket[hash_bytes(1, a->bytes,
	    a->len - FAMILY_LEN) % BUCKETS];

	if (b->next == NULL)
		list_init(b);
	return b;
}

/* names.lock held. */
static struct uname *
abstract_find(const struct sock_addr *a, const struct container *c)
{
	struct list *b = bucket_of(a);
	struct uname *n;

	list_each(n, b, link) {
		if (n->container == c && n->addr.len == a->len &&
		    memcmp(n->addr.bytes, a->bytes, a->len - FAMILY_LEN) == 0)
			return n;
	}
	return NULL;
}

static enum err
abstract_add(struct usock *u, struct uname *n)
{
	struct container *c = task_current()->container;
	enum err e = OK;

	mutex_lock(&names.lock);
	if (abstract_find(&n->addr, c) != NULL) {
		e = ERR_ADDRINUSE;
	} else {
		n->container = container_ref(c);
		n->owner = u;
		list_add_tail(bucket_of(&n->addr), &n->link);
	}
	mutex_unlock(&names.lock);
	return e;
}

/* A name of five hexadecimal digits that nobody has. */
static enum err
abstract_auto(struct usock *u, struct uname *n)
{
	enum err e = ERR_ADDRINUSE;

	n->addr.len = FAMILY_LEN + 6;
	for (unsigned i = 0; i < AUTO_NAMES && e == ERR_ADDRINUSE; i++) {
		char text[8];

		mutex_lock(&names.lock);
		snprintf(text, sizeof(text), "%05x",
		    names.next_auto++ % AUTO_NAMES);
		mutex_unlock(&names.lock);
		n->addr.bytes[0] = 0;
		memcpy(n->addr.bytes + 1, text, 5);
		e = abstract_add(u, n);
	}
	return e == ERR_ADDRINUSE ? ERR_NOSPC : e;
}

/* ---- path names -------------------------------------------------------- */

static enum err
path_add(struct usock *u, struct uname *n)
{
	char path[PATH_BYTES + 1];
	struct path p = { NULL, NULL };
	struct vnode *v;
	enum err e;

	path_of(&n->addr, path);
	/* Told back with its NUL, however it was given. */
	n->addr.len = (unsigned)(FAMILY_LEN + strlen(path) + 1);
	n->addr.bytes[strlen(path)] = 0;
	e = vfs_mknod(NULL, path, S_SOCKET | 0777, 0);
	if (e != OK)
		return e == ERR_EXISTS ? ERR_ADDRINUSE : e;
	e = vfs_walk(NULL, path, WALK_NOFOLLOW, &p);
	if (e != OK)
		return e;
	v = path_vnode(&p);
	rw_write_lock(&v->lock);
	if (!vnode_is(v, S_SOCKET) || v->bound != NULL)
		e = ERR_ADDRINUSE; /* somebody replaced our node */
	else
		v->bound = u;
	rw_write_unlock(&v->lock);
	if (e == OK)
		n->path = p; /* reference moves */
	else
		path_unref(&p);
	return e;
}

static enum err
path_lookup(const struct sock_addr *a, struct usock **out)
{
	char path[PATH_BYTES + 1];
	struct path p = { NULL, NULL };
	struct vnode *v;
	enum err e;

	path_of(a, path);
	e = vfs_walk(NULL, path, 0, &p);
	if (e != OK)
		return e;
	v = path_vnode(&p);
	e = vnode_permission(v, ACCESS_WRITE);
	if (e == OK && !vnode_is(v, S_SOCKET))
		e = ERR_CONNREFUSED;
	if (e == OK) {
		rw_read_lock(&v->lock);
		if (v->bound == NULL)
			e = ERR_CONNREFUSED;
		else
			*out = usock_ref(v->bound);
		rw_read_unlock(&v->lock);
	}
	path_unref(&p);
	return e;
}

/* ---- both -------------------------------------------------------------- */

static enum err
name_add(struct usock *u, struct uname *n)
{
	if (n->addr.len == FAMILY_LEN)
		return abstract_auto(u, n);
	return is_abstract(&n->addr) ? abstract_add(u, n) : path_add(u, n);
}

enum err
unix_bind(struct socket *s, const struct sock_addr *a)
{
	struct usock *u = usock_of(s);
	struct uname *n;
	bool busy;
	enum err e = check(a);

	if (e != OK)
		return e;
	mutex_lock(&s->lock);
	busy = u->binding || u->name != NULL;
	if (!busy)
		u->binding = true;
	mutex_unlock(&s->lock);
	if (busy)
		return ERR_INVAL;
	n = uname_create(a);
	e = n == NULL ? ERR_NOMEM : name_add(u, n);
	mutex_lock(&s->lock);
	u->binding = false;
	if (e == OK)
		u->name = n;
	mutex_unlock(&s->lock);
	if (e != OK)
		uname_unref(n);
	return e;
}

enum err
unix_lookup(const struct sock_addr *a, struct usock **out)
{
	const struct uname *n;
	enum err e = check(a);

	if (e != OK)
		return e;
	if (a->len == FAMILY_LEN)
		return ERR_INVAL;
	if (!is_abstract(a))
		return path_lookup(a, out);
	mutex_lock(&names.lock);
	n = abstract_find(a, task_current()->container);
	if (n == NULL)
		e = ERR_CONNREFUSED;
	else
		*out = usock_ref(n->owner);
	mutex_unlock(&names.lock);
	return e;
}

void
unix_unbind(struct usock *u)
{
	struct uname *n = u->name;

	if (n == NULL)
		return;
	if (n->path.dentry != NULL) {
		struct vnode *v = path_vnode(&n->path);

		rw_write_lock(&v->lock);
		if (v->bound == u)
			v->bound = NULL;
		rw_write_unlock(&v->lock);
	}
	mutex_lock(&names.lock);
	if (n->owner == u) {
		list_del(&n->link);
		n->owner = NULL;
	}
	mutex_unlock(&names.lock);
}

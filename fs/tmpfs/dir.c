/* Directories of tmpfs: names in a tree by key. */
#include "tmpfs.h"

#include <lib/hash.h>

#define PROBES 16u /* names that may share a hash */

/* 0 and 1 are "." and "..", and offsets are positive. */
static uint64_t
name_key(struct vnode *dir, const char *name, size_t len)
{
	return (hash_bytes(tmpfs_of(dir)->seed, name, len) >> 2) + 16;
}

/* The first entry with a key >= key. */
static struct tent *
first_from(const struct tnode *n, uint64_t key)
{
	struct rbnode *at = n->entries.node;
	struct tent *best = NULL;

	while (at != NULL) {
		struct tent *t = rb_entry(at, struct tent, node);

		if (t->key >= key) {
			best = t;
			at = at->left;
		} else {
			at = at->right;
		}
	}
	return best;
}

static struct tent *
next_of(struct tent *t)
{
	return rb_entry_or_null(rb_next(&t->node), struct tent, node);
}

struct tent *
tent_find(struct vnode *dir, const char *name, size_t len)
{
	uint64_t key = name_key(dir, name, len);
	struct tent *t = first_from(tnode_of(dir), key);

	for (; t != NULL && t->key < key + PROBES; t = next_of(t))
		if (t->len == len && memcmp(t->name, name, len) == 0)
			return t;
	return NULL;
}

/* The first free key from key on; 0: all are taken. */
static uint64_t
free_key(const struct tnode *n, uint64_t key)
{
	struct tent *t = first_from(n, key);

	for (uint64_t k = key; k < key + PROBES; k++) {
		if (t == NULL || t->key != k)
			return k;
		t = next_of(t);
	}
	return 0;
}

static void
insert(struct tnode *n, struct tent *t)
{
	struct rbnode **link = &n->entries.node, *parent = NULL;

	while (*link != NULL) {
		parent = *link;
		if (t->key < rb_entry(parent, struct tent, node)->key)
			link = &parent->left;
		else
			link = &parent->right;
	}
	rb_link(&t->node, parent, link);
	rb_insert_fix(&n->entries, &t->node);
	n->count++;
}

enum err
tent_add(struct vnode *dir, const char *name, size_t len, uintptr_t what,
    bool in_place)
{
	size_t room = in_place ? 0 : len;
	struct tnode *n = tnode_of(dir);
	uint64_t key = free_key(n, name_key(dir, name, len));
	struct tent *t;

	if (key == 0)
		return ERR_NOSPC;
	t = kmalloc(sizeof(*t) + room);
	if (t == NULL)
		return ERR_NOMEM;
	t->key = key;
	t->len = (uint16_t)len;
	t->room = (uint16_t)room;
	t->name = in_place ? name : (const char *)(t + 1);
	if (!in_place)
		memcpy(t + 1, name, len);
	atomic_init(&t->what, what);
	insert(n, t);
	return OK;
}

void
tent_remove(struct vnode *dir, struct tent *t)
{
	struct tnode *n = tnode_of(dir);

	rb_erase(&n->entries, &t->node);
	n->count--;
	kfree(t, sizeof(*t) + t->room);
}

enum err
tent_vnode(struct vnode *dir, struct tent *t, struct vnode **out)
{
	uintptr_t what = atomic_load_explicit(&t->what, memory_order_acquire);
	struct tmpfs *fs = tmpfs_of(dir);
	struct vnode *v = NULL;
	enum err e = OK;

	if ((what & 1) != 0) {
		mutex_lock(&fs->make_lock);
		what = atomic_load(&t->what);
		if ((what & 1) != 0) {
			e = initfs_make(dir, what & ~(uintptr_t)1, &v);
			if (e == OK)
				atomic_store(&t->what, (uintptr_t)v);
			what = (uintptr_t)v;
		}
		mutex_unlock(&fs->make_lock);
	}
	if (e == OK)
		*out = vnode_ref((struct vnode *)what);
	return e;
}

enum err
tmpfs_list(struct vnode *dir, uint64_t *off, struct dir_sink *sink)
{
	struct tent *t;

	for (t = first_from(tnode_of(dir), *off); t != NULL; t = next_of(t)) {
		uintptr_t what = atomic_load(&t->what);
		struct vnode *v = (struct vnode *)what;
		struct dir_entry e = {
			.name = t->name,
			.len = t->len,
			.next = t->key + 1,
		};

		if ((what & 1) != 0) {
			e.type = initfs_type(what & ~(uintptr_t)1, &e.ino);
		} else {
			e.ino = v->ino;
			e.type = atomic_load(&v->mode) & S_TYPE_MASK;
		}
		if (!sink->put(sink, &e))
			return OK;
		*off = e.next;
	}
	return OK;
}

/*
 * tmpfs: files in memory.
 *
 * A file's data is its vnode's memory object, so read, write and mmap share
 * pages and nothing is behind them. Limits (size=, nr_inodes=) are counted
 * in the instance; a page is charged when the memory object adds it.
 */
#include "tmpfs.h"

#include <kernel/random.h>
#include <lib/fmt.h>
#include <lib/num.h>

#include <limits.h>

static struct slab_cache *node_cache;

/* ---- file data -------------------------------------------------------- */

static enum err
data_charge(struct memobj *m, long pages)
{
	struct tmpfs *fs = tmpfs_of(m->owner);
	long used = atomic_fetch_add(&fs->pages, pages) + pages;

	if (pages > 0 && used > atomic_load(&fs->max_pages)) {
		atomic_fetch_sub(&fs->pages, pages);
		return ERR_NOSPC;
	}
	return OK;
}

/* A whole page of an archive's file is used in place: nobody else reads the
 * archive, so even writes may go there. */
static enum err
data_direct(struct memobj *m, uint64_t index, struct page **out)
{
	struct tnode *n = tnode_of(m->owner);
	const uint8_t *at;
	struct page *p;

	if (n->image == NULL ||
	    (index + 1) * PAGE_SIZE > atomic_load(&n->image_size))
		return ERR_NODATA;
	at = n->image + index * PAGE_SIZE;
	if (((uintptr_t)at & PAGE_MASK) != 0)
		return ERR_NODATA;
	p = page_of(virt_to_phys(at));
	if (p == NULL)
		return ERR_NODATA;
	page_ref(p);
	*out = p;
	return OK;
}

static enum err
data_fill(struct memobj *m, uint64_t index, struct page *p)
{
	struct tnode *n = tnode_of(m->owner);
	uint64_t off = index * PAGE_SIZE;
	uint64_t size = atomic_load(&n->image_size);
	size_t have = 0;

	if (n->image != NULL && off < size) {
		have = (size_t)MIN(size - off, PAGE_SIZE);
		memcpy(page_virt(p), n->image + off, have);
	}
	memset((uint8_t *)page_virt(p) + have, 0, PAGE_SIZE - have);
	return OK;
}

/*
 * A changed page goes back to where it came from, so that it may be dropped
 * from the cache. What lies beyond the archive's bytes has no other place: it
 * stays dirty, which keeps it.
 */
static enum err
data_write_back(struct memobj *m, uint64_t index, struct page *p)
{
	struct tnode *n = tnode_of(m->owner);
	uint64_t off = index * PAGE_SIZE, size = atomic_load(&n->image_size);
	uint8_t *at = (uint8_t *)(uintptr_t)n->image + off;

	if (off < size && at != page_virt(p))
		memcpy(at, page_virt(p), (size_t)MIN(size - off, PAGE_SIZE));
	if (off + PAGE_SIZE > size)
		memobj_dirty(m, index);
	return OK;
}

static void node_free_late(struct tnode *n);

/* The node's own reference went in tmpfs_release; the last one may be that
 * of somebody who waits on a word of the file's memory. */
static void
data_release(struct memobj *m)
{
	struct tnode *n = tnode_of(m->owner);

	memobj_fini(m);
	node_free_late(n);
}

static const struct memobj_ops plain_data_ops = {
	.charge = data_charge,
	.release = data_release,
};

static const struct memobj_ops image_data_ops = {
	.fill = data_fill,
	.direct = data_direct,
	.write_back = data_write_back,
	.charge = data_charge,
	.release = data_release,
};

/* ---- nodes ------------------------------------------------------------ */

static enum err
count_node(struct tmpfs *fs)
{
	long max = atomic_load(&fs->max_nodes);

	if (atomic_fetch_add(&fs->nodes, 1) >= max) {
		atomic_fetch_sub(&fs->nodes, 1);
		return ERR_NOSPC;
	}
	return OK;
}

static char *
link_copy(const char *target)
{
	size_t size = strlen(target) + 1;
	char *text = kmalloc(size);

	if (text != NULL)
		memcpy(text, target, size);
	return text;
}

enum err
tnode_create(struct super *s, const struct vnode_new *what,
    struct tnode_image image, struct vnode **out)
{
	struct tmpfs *fs = s->data;
	struct tnode *n = NULL;
	enum err e = count_node(fs);

	if (e != OK)
		return e;
	e = ERR_NOMEM;
	n = slab_alloc(node_cache);
	if (n == NULL)
		goto out;
	memset(&n->entries, 0, sizeof(*n) - offsetof(struct tnode, entries));
	vnode_init(&n->v, s, &tmpfs_ops, atomic_fetch_add(&fs->next_ino, 1),
	    what->mode);
	atomic_init(&n->v.uid, what->uid);
	atomic_init(&n->v.gid, what->gid);
	n->v.rdev = what->rdev;
	list_init(&n->xattrs);
	if (S_IS(what->mode, S_LINK)) {
		n->v.link_text = link_copy(what->target);
		if (n->v.link_text == NULL)
			goto out;
	} else if (S_IS(what->mode, S_REGULAR)) {
		n->image = image.data;
		atomic_init(&n->image_size, image.size);
		memobj_init(&n->v.cache, image.size == 0 ? &plain_data_ops :
		    &image_data_ops, image.size, &n->v);
		n->v.has_cache = true;
	}
	*out = &n->v;
	return OK;
out:
	slab_free(node_cache, n);
	atomic_fetch_sub(&fs->nodes, 1);
	return e;
}

static void
tnode_free(struct rcu_head *h)
{
	struct tnode *n = container_of(h, struct tnode, v.rcu);

	if (n->v.link_text != NULL)
		kfree((void *)(uintptr_t)n->v.link_text,
		    strlen(n->v.link_text) + 1);
	slab_free(node_cache, n);
}

/* Takes all entries off dir and puts them before rest, linked by left. */
static struct rbnode *
entries_take(struct vnode *dir, struct rbnode *rest)
{
	struct tnode *n = tnode_of(dir);
	struct rbnode *first;

	while ((first = rb_first(&n->entries)) != NULL) {
		rb_erase(&n->entries, first);
		n->count--;
		first->left = rest;
		rest = first;
	}
	return rest;
}

/* Unmount: what is still in a directory goes with it, and what is below,
 * without recursion: trees can be deeper than stacks. */
static void
drop_entries(struct vnode *dir)
{
	struct rbnode *todo = entries_take(dir, NULL);

	while (todo != NULL) {
		struct tent *t = rb_entry(todo, struct tent, node);
		uintptr_t what = atomic_load(&t->what);
		struct vnode *v = (struct vnode *)what;

		todo = todo->left;
		kfree(t, sizeof(*t) + t->room);
		if ((what & 1) != 0)
			continue;
		if (vnode_is(v, S_DIRECTORY) &&
		    atomic_load(&v->refs.count) == 1)
			todo = entries_take(v, todo);
		vnode_unref(v);
	}
}

static void
node_free_late(struct tnode *n)
{
	rcu_call(&n->v.rcu, tnode_free);
}

static void
tmpfs_release(struct vnode *v)
{
	struct tnode *n = tnode_of(v);

	drop_entries(v);
	tmpfs_xattr_free(n);
	atomic_fetch_sub(&tmpfs_of(v)->nodes, 1);
	if (!v->has_cache) {
		node_free_late(n);
		return;
	}
	/* Pages go now, while the instance they are charged to is there;
	 * those of a sealed object at the end. */
	atomic_store(&n->image_size, 0);
	if (atomic_load(&v->cache.resident) != 0)
		err_ignore(memobj_resize(&v->cache, 0));
	obj_unref(&v->cache.obj);
}

/* ---- names ------------------------------------------------------------ */

static enum err
tmpfs_lookup(struct vnode *dir, const char *name, size_t len,
    struct vnode **out)
{
	struct tent *t = tent_find(dir, name, len);

	return t == NULL ? ERR_NOENT : tent_vnode(dir, t, out);
}

static void
nlink_add(struct vnode *v, int n)
{
	atomic_fetch_add(&v->nlink, (unsigned)n);
}

/* name NULL: a file without a name. */
static enum err
tmpfs_create(struct vnode *dir, const char *name, size_t len,
    const struct vnode_new *what, struct vnode **out)
{
	struct vnode *v = NULL;
	enum err e = tnode_create(dir->super, what, NO_IMAGE, &v);

	if (e != OK)
		return e;
	if (name == NULL) {
		atomic_store(&v->nlink, 0);
		*out = v;
		return OK;
	}
	e = tent_add(dir, name, len, (uintptr_t)v, false);
	if (e != OK) {
		vnode_unref(v);
		return e;
	}
	if (S_IS(what->mode, S_DIRECTORY))
		nlink_add(dir, 1);
	*out = vnode_ref(v); /* the first one is the entry's */
	return OK;
}

static enum err
tmpfs_link(struct vnode *dir, const char *name, size_t len, struct vnode *v)
{
	enum err e = tent_add(dir, name, len, (uintptr_t)v, false);

	if (e != OK)
		return e;
	vnode_ref(v);
	nlink_add(v, 1);
	return OK;
}

/* Takes the name away; the entry's reference is dropped. v is held by the
 * caller. */
static void
name_remove(struct vnode *dir, const char *name, size_t len, struct vnode *v)
{
	struct tent *t = tent_find(dir, name, len);

	ASSERT(t != NULL);
	tent_remove(dir, t);
	vnode_unref(v);
}

static enum err
tmpfs_unlink(struct vnode *dir, const char *name, size_t len, struct vnode *v)
{
	if (vnode_is(v, S_DIRECTORY)) {
		if (tnode_of(v)->count != 0)
			return ERR_NOTEMPTY;
		nlink_add(dir, -1);
		nlink_add(v, -2);
	} else {
		nlink_add(v, -1);
	}
	name_remove(dir, name, len, v);
	return OK;
}

static enum err
tmpfs_exchange(const struct vnode_rename *r)
{
	struct tent *a = tent_find(r->from_dir, r->from, r->from_len);
	struct tent *b = tent_find(r->to_dir, r->to, r->to_len);
	int shift = (int)vnode_is(r->target, S_DIRECTORY) -
	    (int)vnode_is(r->v, S_DIRECTORY);

	ASSERT(a != NULL && b != NULL);
	atomic_store(&a->what, (uintptr_t)r->target);
	atomic_store(&b->what, (uintptr_t)r->v);
	nlink_add(r->from_dir, shift);
	nlink_add(r->to_dir, -shift);
	return OK;
}

static enum err
leave_whiteout(const struct vnode_rename *r)
{
	const struct vnode_new what = { .mode = S_CHAR };
	struct vnode *v = NULL;
	enum err e = tmpfs_create(r->from_dir, r->from, r->from_len, &what, &v);

	vnode_unref(v);
	return e;
}

static enum err
tmpfs_rename(const struct vnode_rename *r)
{
	bool dir = vnode_is(r->v, S_DIRECTORY);
	struct tent *t;
	enum err e;

	if ((r->flags & RENAME_EXCHANGE_) != 0)
		return tmpfs_exchange(r);
	if (r->target != NULL) {
		if (vnode_is(r->target, S_DIRECTORY) &&
		    tnode_of(r->target)->count != 0)
			return ERR_NOTEMPTY;
		t = tent_find(r->to_dir, r->to, r->to_len);
		ASSERT(t != NULL);
		atomic_store(&t->what, (uintptr_t)r->v); /* ref moves */
		t = tent_find(r->from_dir, r->from, r->from_len);
		ASSERT(t != NULL);
		tent_remove(r->from_dir, t);
		nlink_add(r->target,
		    vnode_is(r->target, S_DIRECTORY) ? -2 : -1);
		if (dir)
			nlink_add(r->from_dir, -1);
		vnode_unref(r->target);
	} else {
		e = tent_add(r->to_dir, r->to, r->to_len, (uintptr_t)r->v,
		    false);
		if (e != OK)
			return e;
		t = tent_find(r->from_dir, r->from, r->from_len);
		ASSERT(t != NULL);
		tent_remove(r->from_dir, t); /* its ref moved */
		if (dir) {
			nlink_add(r->from_dir, -1);
			nlink_add(r->to_dir, 1);
		}
	}
	if ((r->flags & RENAME_WHITEOUT_) != 0)
		return leave_whiteout(r);
	return OK;
}

static enum err
tmpfs_resize(struct vnode *v, uint64_t size)
{
	struct tnode *n = tnode_of(v);

	if (size > INT64_MAX)
		return ERR_FBIG;
	/* Bytes cut off must read as zero when the file grows again. */
	if (size < atomic_load(&n->image_size))
		atomic_store(&n->image_size, size);
	return memobj_resize(&v->cache, size);
}

/* Without the lock: as it was a moment ago. */
static RACY_READ uint64_t
dir_size(const struct tnode *n)
{
	return n->count * 20;
}

static enum err
tmpfs_get_attr(struct vnode *v, struct file_stat *st)
{
	if (S_IS(st->mode, S_DIRECTORY))
		st->size = dir_size(tnode_of(v));
	return OK;
}

const struct vnode_ops tmpfs_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rename = tmpfs_rename,
	.list = tmpfs_list,
	.resize = tmpfs_resize,
	.get_attr = tmpfs_get_attr,
	.xattr_get = tmpfs_xattr_get,
	.xattr_set = tmpfs_xattr_set,
	.xattr_list = tmpfs_xattr_list,
	.release = tmpfs_release,
};

/* ---- instances -------------------------------------------------------- */

struct options {
	uint64_t size, nodes; /* bytes, count; 0: unlimited */
	uint32_t mode, uid, gid;
};

static bool
option_number(const char *s, size_t len, unsigned base, uint32_t *out)
{
	uint64_t v;

	if (!num_parse_u64(s, len, base, &v) || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool
option_size(const char *s, size_t len, uint64_t *out)
{
	struct page_stats st;
	uint64_t percent;

	if (len == 0 || s[len - 1] != '%')
		return num_parse_size(s, len, out);
	page_stats(&st);
	if (!num_parse_u64(s, len - 1, 10, &percent) || percent > 100)
		return false;
	*out = st.total * PAGE_SIZE / 100 * percent;
	return true;
}

static bool
option_set(struct options *o, const char *key, size_t key_len,
    const char *value, size_t len)
{
	if (str_is(key, key_len, "size"))
		return option_size(value, len, &o->size);
	if (str_is(key, key_len, "nr_blocks")) {
		if (!num_parse_size(value, len, &o->size))
			return false;
		o->size *= PAGE_SIZE;
		return true;
	}
	if (str_is(key, key_len, "nr_inodes"))
		return num_parse_size(value, len, &o->nodes);
	if (str_is(key, key_len, "mode"))
		return option_number(value, len, 8, &o->mode);
	if (str_is(key, key_len, "uid"))
		return option_number(value, len, 10, &o->uid);
	if (str_is(key, key_len, "gid"))
		return option_number(value, len, 10, &o->gid);
	return false;
}

/* key=value,key=value; words that are not ours are refused. */
static enum err
options_parse(struct options *o, const char *text)
{
	while (text != NULL && *text != '\0') {
		size_t len = 0, key = 0;

		while (text[len] != '\0' && text[len] != ',')
			len++;
		while (key < len && text[key] != '=')
			key++;
		if (key < len && !option_set(o, text, key, text + key + 1,
		    len - key - 1))
			return ERR_INVAL;
		if (key == len && len != 0)
			return ERR_INVAL;
		text += len + (text[len] == ',');
	}
	return OK;
}

static void
limits_set(struct tmpfs *fs, const struct options *o)
{
	atomic_store(&fs->max_pages, o->size == 0 ? LONG_MAX :
	    (long)DIV_ROUND_UP(o->size, PAGE_SIZE));
	atomic_store(&fs->max_nodes, o->nodes == 0 ? LONG_MAX : (long)o->nodes);
}

enum err
tmpfs_setup(struct super *s, const char *options)
{
	struct options o = { .mode = 01777 };
	struct vnode_new what = { .mode = 0 };
	struct page_stats st;
	struct tmpfs *fs;
	enum err e;

	page_stats(&st);
	o.size = st.total / 2 * PAGE_SIZE;
	e = options_parse(&o, options);
	if (e != OK)
		return e;
	fs = kzalloc(sizeof(*fs));
	if (fs == NULL)
		return ERR_NOMEM;
	if (node_cache == NULL)
		node_cache = slab_cache_create(
		    "tmpfs-node", sizeof(struct tnode), 0);
	fs->super = s;
	atomic_init(&fs->next_ino, 1);
	mutex_init(&fs->make_lock, RANK_MEMOBJ, "tmpfs make");
	limits_set(fs, &o);
	fs->seed = random_u64();
	s->data = fs;
	what.mode = S_DIRECTORY | (o.mode & 07777u);
	what.uid = o.uid;
	what.gid = o.gid;
	e = tnode_create(s, &what, NO_IMAGE, &s->root);
	if (e != OK)
		kfree(fs, sizeof(*fs));
	return e;
}

static enum err
tmpfs_mount(struct super *s, const char *source, const char *options)
{
	(void)source;
	return tmpfs_setup(s, options);
}

static enum err
tmpfs_remount(struct super *s, const char *options)
{
	struct tmpfs *fs = s->data;
	long pages = atomic_load(&fs->max_pages);
	long nodes = atomic_load(&fs->max_nodes);
	struct options o = {
		.size = pages == LONG_MAX ? 0 : (uint64_t)pages * PAGE_SIZE,
		.nodes = nodes == LONG_MAX ? 0 : (uint64_t)nodes,
	};
	enum err e = options_parse(&o, options);

	if (e != OK)
		return e;
	if ((o.size != 0 && DIV_ROUND_UP(o.size, PAGE_SIZE) <
	    (uint64_t)atomic_load(&fs->pages)) ||
	    (o.nodes != 0 && o.nodes < (uint64_t)atomic_load(&fs->nodes)))
		return ERR_INVAL;
	limits_set(fs, &o);
	return OK;
}

enum err
tmpfs_stat(struct super *s, struct fs_stat *out)
{
	struct tmpfs *fs = s->data;
	long max = atomic_load(&fs->max_pages);
	long nodes = atomic_load(&fs->max_nodes);

	out->magic = 0x01021994;
	out->block_size = PAGE_SIZE;
	out->name_max = s->name_max;
	if (max != LONG_MAX) {
		out->blocks = (uint64_t)max;
		out->free = out->avail =
		    (uint64_t)(max - atomic_load(&fs->pages));
	}
	if (nodes != LONG_MAX) {
		out->files = (uint64_t)nodes;
		out->files_free = (uint64_t)(nodes - atomic_load(&fs->nodes));
	}
	return OK;
}

size_t
tmpfs_options(struct super *s, char *buf, size_t len)
{
	struct tmpfs *fs = s->data;
	long max = atomic_load(&fs->max_pages);

	if (max == LONG_MAX)
		return 0;
	return (size_t)snprintf(buf, len, ",size=%luk",
	    (unsigned long)max * (PAGE_SIZE / 1024));
}

void
tmpfs_unmount(struct super *s)
{
	kfree(s->data, sizeof(struct tmpfs));
}

static const struct fs_type tmpfs_type = {
	.name = "tmpfs",
	.nodev = true,
	.mount = tmpfs_mount,
	.remount = tmpfs_remount,
	.stat = tmpfs_stat,
	.options = tmpfs_options,
	.unmount = tmpfs_unmount,
};
FS_TYPE(tmpfs_type);

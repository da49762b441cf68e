/*
 * The name cache.
 *
 * A dentry is one name in one directory: positive (it has a vnode) or
 * negative (known not to exist). Dentries of a file system form a tree by
 * their parent pointers, which is also how "..", getcwd and mounts work.
 *
 * Life: dentry_attach puts a name into the hash table, which holds a
 * reference of its own -> found and referenced by walks -> taken off by
 * dentry_kill (unlink, rmdir, a name that became wrong) or by reclaim when
 * the table's reference is the only one -> freed with the last reference,
 * memory after a grace period.
 *
 * Readers find dentries without a lock. They must compare d->seq before and
 * after: it changes when name, parent or vnode do. A reader that misses a
 * name because it is just being moved takes the slow way, which asks under
 * the directory's lock.
 *
 * Names longer than the inline room are allocated. A dentry that gets a new
 * name never gets less room than it had, so that a reader with an old length
 * and a new pointer stays inside the buffer.
 *
 * Names stand on age lists, the oldest first, each with those that some CPUs
 * made, so that CPUs that make and remove names share no list. Reclaim takes
 * from all of them.
 *
 * Locks: chains by a lock per group of buckets; d->lock the members of d and
 * its list of children; age_list.lock that list. None nests in another, but
 * that reclaim tries chain locks under an age list's.
 */
#include "internal.h"

#include <kernel/htable.h>
#include <kernel/random.h>
#include <lib/bits.h>

#define CHAIN_LOCKS 32u
#define AGE_LISTS   16u

struct long_name {
	struct rcu_head rcu;
	size_t room;
	char text[];
};

struct name_table name_table;

/* Each in a cache line of its own. */
struct chain_lock {
	_Alignas(64) struct spinlock lock;
};
struct age_list {
	_Alignas(64) struct spinlock lock;
	struct list names; /* [lock] dentry.lru, oldest first */
};

static struct {
	struct slab_cache *cache; /* [I] */
	struct chain_lock chain_locks[CHAIN_LOCKS];
	struct age_list ages[AGE_LISTS];
	struct reclaimer reclaimer;
} names;

static struct spinlock *
chain_lock(uint32_t hash)
{
	return &names.chain_locks[
	    (hash >> name_table.shift) % CHAIN_LOCKS].lock;
}

static struct long_name *
long_name_of(const struct dentry *d)
{
	if (d->name == d->inline_name)
		return NULL;
	return container_of(d->name, struct long_name, text);
}

static struct long_name *
long_name_alloc(size_t room)
{
	struct long_name *n = kmalloc(sizeof(*n) + room);

	if (n != NULL)
		n->room = room;
	return n;
}

static void
long_name_free(struct rcu_head *h)
{
	struct long_name *n = container_of(h, struct long_name, rcu);

	kfree(n, sizeof(*n) + n->room);
}

static struct dentry *
dentry_alloc(struct super *s, const char *name, size_t len)
{
	struct dentry *d = slab_alloc(names.cache);
	char *text;

	if (d == NULL)
		return NULL;
	memset(d, 0, offsetof(struct dentry, inline_name));
	text = d->inline_name;
	if (len >= sizeof(d->inline_name)) {
		struct long_name *n = long_name_alloc(len + 1);

		if (n == NULL) {
			slab_free(names.cache, d);
			return NULL;
		}
		text = n->text;
	}
	memcpy(text, name, len);
	text[len] = '\0';
	d->name = text;
	d->name_len = (uint16_t)len;
	d->super = s;
	ref_init(&d->refs, 1);
	spin_init(&d->lock, RANK_DENTRY, "dentry");
	list_init(&d->children);
	list_init(&d->sibling);
	list_init(&d->lru);
	hnode_init(&d->hash);
	return d;
}

static void
dentry_free_memory(struct rcu_head *h)
{
	struct dentry *d = container_of(h, struct dentry, rcu);
	struct long_name *n = long_name_of(d);

	if (n != NULL)
		long_name_free(&n->rcu);
	slab_free(names.cache, d);
}

static void
age_add(struct dentry *d)
{
	struct age_list *a;

	d->age = (uint8_t)(cpu_id() % AGE_LISTS); /* it may move: no matter */
	a = &names.ages[d->age];
	spin_lock(&a->lock);
	list_add_tail(&a->names, &d->lru);
	spin_unlock(&a->lock);
}

/* Roots and those that came too late are on none. */
static void
age_remove(struct dentry *d)
{
	struct age_list *a = &names.ages[d->age];

	spin_lock(&a->lock);
	list_del(&d->lru);
	spin_unlock(&a->lock);
}

static void
children_remove(struct dentry *d)
{
	spin_lock(&d->parent->lock);
	list_del(&d->sibling);
	spin_unlock(&d->parent->lock);
}

void
dentry_unref(struct dentry *d)
{
	while (d != NULL && ref_dec(&d->refs)) {
		struct dentry *up = d->parent == d ? NULL : d->parent;

		age_remove(d);
		if (up != NULL)
			children_remove(d);
		vnode_unref(d->vnode);
		rcu_call(&d->rcu, dentry_free_memory);
		d = up; /* the child's reference to it */
	}
}

struct dentry *
dentry_create_root(struct super *s, struct vnode *v)
{
	struct dentry *d = dentry_alloc(s, "/", 1);

	if (d == NULL) {
		vnode_unref(v);
		return NULL;
	}
	d->parent = d;
	d->vnode = v;
	return d;
}

struct dentry *
dentry_lookup(struct dentry *dir, const char *name, size_t len, uint32_t hash)
{
	struct dentry *d;

	rcu_read_lock();
	hlist_each(d, dentry_bucket(hash), hash) {
		unsigned seq;

		if (!dentry_is_named(d, dir, name, len, hash))
			continue;
		seq = atomic_load_explicit(&d->seq.seq, memory_order_acquire);
		if ((seq & 1) != 0 || !ref_inc_unless_zero(&d->refs))
			break;
		if (dentry_is_named(d, dir, name, len, hash) &&
		    !dentry_is_dead(d) && !seq_read_retry(&d->seq, seq)) {
			rcu_read_unlock();
			return d;
		}
		rcu_read_unlock();
		dentry_unref(d);
		return NULL;
	}
	rcu_read_unlock();
	return NULL;
}

/* Under the chain's lock; not referenced. */
static struct dentry *
chain_find(struct hhead *b, const struct dentry *like)
{
	struct dentry *d;

	hlist_each(d, b, hash) {
		if (d->name_hash == like->name_hash &&
		    d->parent == like->parent &&
		    d->name_len == like->name_len &&
		    memcmp(d->name, like->name, d->name_len) == 0 &&
		    ref_inc_unless_zero(&d->refs))
			return d;
	}
	return NULL;
}

static void
chain_add(struct dentry *d)
{
	struct spinlock *l = chain_lock(d->name_hash);

	spin_lock(l);
	hlist_add_head(dentry_bucket(d->name_hash), &d->hash);
	spin_unlock(l);
}

/* True when this call took it off. */
static bool
chain_remove(struct dentry *d)
{
	struct spinlock *l = chain_lock(d->name_hash);
	bool was;

	spin_lock(l);
	was = hnode_is_linked(&d->hash);
	hlist_del(&d->hash);
	spin_unlock(l);
	return was;
}

struct dentry *
dentry_attach(
    struct dentry *dir, const char *name, size_t len, struct vnode *v)
{
	struct dentry *d = dentry_alloc(dir->super, name, len), *other;
	struct spinlock *l;

	if (d == NULL) {
		vnode_unref(v);
		return NULL;
	}
	d->parent = dentry_ref(dir);
	d->vnode = v;
	d->name_hash = dentry_hash(dir, name, len);
	ref_init(&d->refs, 2); /* the cache's and the caller's */
	spin_lock(&dir->lock);
	list_add_tail(&dir->children, &d->sibling);
	spin_unlock(&dir->lock);

	l = chain_lock(d->name_hash);
	spin_lock(l);
	other = chain_find(dentry_bucket(d->name_hash), d);
	if (other == NULL)
		hlist_add_head(dentry_bucket(d->name_hash), &d->hash);
	spin_unlock(l);
	if (other != NULL) {
		/* Two lookups under the shared lock: the first one stays. */
		ref_init(&d->refs, 1);
		dentry_unref(d);
		return other;
	}
	age_add(d);
	return d;
}

void
dentry_instantiate(struct dentry *d, struct vnode *v)
{
	spin_lock(&d->lock);
	seq_write_begin(&d->seq);
	__atomic_store_n(&d->vnode, v, __ATOMIC_RELEASE);
	seq_write_end(&d->seq);
	spin_unlock(&d->lock);
}

void
dentry_kill(struct dentry *d)
{
	spin_lock(&d->lock);
	seq_write_begin(&d->seq);
	dentry_mark(d, DENTRY_DEAD, true);
	seq_write_end(&d->seq);
	spin_unlock(&d->lock);
	if (chain_remove(d))
		dentry_unref(d); /* the cache's */
}

/* The next child of dir after the ones that stay, referenced. */
static struct dentry *
child_take(struct dentry *dir, bool negative_only)
{
	struct dentry *d;

	spin_lock(&dir->lock);
	list_each(d, &dir->children, sibling) {
		if (negative_only && d->vnode != NULL)
			continue;
		if (dentry_is_dead(d) || !ref_inc_unless_zero(&d->refs))
			continue;
		spin_unlock(&dir->lock);
		return d;
	}
	spin_unlock(&dir->lock);
	return NULL;
}

void
dentry_prune(struct dentry *dir)
{
	struct dentry *d;

	while ((d = child_take(dir, true)) != NULL) {
		dentry_kill(d);
		dentry_unref(d);
	}
}

/* Readies room for a new name: NULL in *out when the present room does. */
static enum err
name_room(struct dentry *d, size_t len, struct long_name **out)
{
	struct long_name *old = long_name_of(d);
	size_t room = MAX(len + 1, old == NULL ? 0 : old->room);

	if (old == NULL && len < sizeof(d->inline_name))
		return OK;
	*out = long_name_alloc(MAX(room, sizeof(d->inline_name)));
	return *out == NULL ? ERR_NOMEM : OK;
}

/* Under d->lock inside a write section: the name is set, room was made. */
static void
name_set(struct dentry *d, const char *name, size_t len, struct long_name *room)
{
	struct long_name *old = long_name_of(d);
	char *text = room != NULL ? room->text : d->inline_name;

	memcpy(text, name, len);
	text[len] = '\0';
	if (room != NULL) {
		rcu_store(&d->name, (const char *)text);
		if (old != NULL)
			rcu_call(&old->rcu, long_name_free);
	}
	d->name_len = (uint16_t)len;
}

enum err
dentry_move(struct dentry *d, struct dentry *dir, const char *name, size_t len)
{
	struct dentry *from = d->parent;
	struct long_name *room = NULL;
	enum err e = name_room(d, len, &room);
	bool hashed;

	if (e != OK)
		return e;
	children_remove(d);
	hashed = chain_remove(d);
	spin_lock(&d->lock);
	seq_write_begin(&d->seq);
	name_set(d, name, len, room);
	if (from != dir)
		d->parent = dentry_ref(dir);
	d->name_hash = dentry_hash(dir, name, len);
	seq_write_end(&d->seq);
	spin_unlock(&d->lock);
	spin_lock(&dir->lock);
	list_add_tail(&dir->children, &d->sibling);
	spin_unlock(&dir->lock);
	if (hashed)
		chain_add(d);
	if (from != dir)
		dentry_unref(from);
	return OK;
}

enum err
dentry_exchange(struct dentry *a, struct dentry *b)
{
	struct dentry *a_dir = dentry_ref(a->parent);
	struct dentry *b_dir = dentry_ref(b->parent);
	size_t a_len = a->name_len, b_len = b->name_len;
	struct long_name *a_name = long_name_alloc(a_len + 1);
	struct long_name *b_name = long_name_alloc(b_len + 1);
	enum err e = ERR_NOMEM;

	if (a_name == NULL || b_name == NULL)
		goto out;
	memcpy(a_name->text, a->name, a_len);
	memcpy(b_name->text, b->name, b_len);
	e = dentry_move(a, b_dir, b_name->text, b_len);
	if (e != OK)
		goto out;
	e = dentry_move(b, a_dir, a_name->text, a_len);
	if (e != OK) /* a's old room is enough: cannot fail */
		err_ignore(dentry_move(a, a_dir, a_name->text, a_len));
out:
	if (a_name != NULL)
		long_name_free(&a_name->rcu);
	if (b_name != NULL)
		long_name_free(&b_name->rcu);
	dentry_unref(a_dir);
	dentry_unref(b_dir);
	return e;
}

struct dentry *
dentry_parent(struct dentry *d)
{
	struct dentry *up;

	spin_lock(&d->lock);
	up = dentry_ref(d->parent);
	spin_unlock(&d->lock);
	return up;
}

/* What the reclaimer could not do under RCU-unsafe conditions is done here,
 * in thread context: references of the freed dentry. */
static void
dentry_reclaimed(struct rcu_head *h)
{
	struct dentry *d = container_of(h, struct dentry, rcu);
	struct dentry *up = d->parent;

	children_remove(d);
	vnode_unref(d->vnode);
	dentry_free_memory(h);
	dentry_unref(up);
}

/* Takes the cache's reference when it is the last one; its age list is
 * locked. */
static bool
reclaim_one(struct dentry *d)
{
	unsigned one = 1;
	struct spinlock *l = chain_lock(d->name_hash);

	if (!spin_trylock(l))
		return false;
	if (!hnode_is_linked(&d->hash) ||
	    !atomic_compare_exchange_strong(&d->refs.count, &one, 0)) {
		spin_unlock(l);
		return false;
	}
	hlist_del(&d->hash);
	spin_unlock(l);
	list_del(&d->lru);
	rcu_call(&d->rcu, dentry_reclaimed);
	return true;
}

static size_t
age_reclaim(struct age_list *a, size_t goal)
{
	struct list *end, *link;
	size_t freed = 0;

	if (!spin_trylock(&a->lock))
		return 0;
	end = a->names.prev;
	for (link = a->names.next; link != &a->names && freed < goal;) {
		struct dentry *d = list_entry(link, struct dentry, lru);
		bool last = link == end;

		link = link->next;
		if (reclaim_one(d))
			freed++;
		else
			list_move_tail(&a->names, &d->lru);
		if (last)
			break;
	}
	spin_unlock(&a->lock);
	return freed;
}

/* Frees the oldest unused names: a share from each list, then what is missing
 * from any. Sixteen or so make a page. */
static size_t
names_reclaim(size_t want)
{
	size_t freed = 0, goal = want * 16, share = goal / AGE_LISTS + 1;

	for (unsigned i = 0; i < 2 * AGE_LISTS && freed < goal; i++) {
		size_t most = i < AGE_LISTS ? share : goal;

		freed += age_reclaim(&names.ages[i % AGE_LISTS],
		    MIN(most, goal - freed));
	}
	return freed / 16;
}

/* Moves the unused leaves of s to out, referenced. */
static void
super_take_unused(struct super *s, struct list *out)
{
	struct dentry *d, *ahead;

	for (unsigned i = 0; i < AGE_LISTS; i++) {
		struct age_list *a = &names.ages[i];

		spin_lock(&a->lock);
		list_each_safe(d, ahead, &a->names, lru) {
			if (d->super == s &&
			    atomic_load(&d->refs.count) == 1 &&
			    ref_inc_unless_zero(&d->refs))
				list_move_tail(out, &d->lru);
		}
		spin_unlock(&a->lock);
	}
}

/* One pass a level of the tree: parents become unused by their children. */
void
dentry_shrink_super(struct super *s)
{
	struct list unused = LIST_INIT(unused);
	struct list *link;

	for (;;) {
		super_take_unused(s, &unused);
		if (list_empty(&unused))
			return;
		while ((link = list_take_first(&unused)) != NULL) {
			struct dentry *d = list_entry(link, struct dentry, lru);

			dentry_kill(d);
			dentry_unref(d);
		}
	}
}

/* A name of v, referenced, or NULL. */
static struct dentry *
age_find(struct age_list *a, const struct super *s, const struct vnode *v)
{
	struct dentry *d;

	spin_lock(&a->lock);
	list_each(d, &a->names, lru) {
		if (d->super == s && d->vnode == v && !dentry_is_dead(d) &&
		    ref_inc_unless_zero(&d->refs)) {
			spin_unlock(&a->lock);
			return d;
		}
	}
	spin_unlock(&a->lock);
	return NULL;
}

void
dentry_forget(struct super *s, struct vnode *v)
{
	struct dentry *d;

	for (unsigned i = 0; i < AGE_LISTS; i++) {
		while ((d = age_find(&names.ages[i], s, v)) != NULL) {
			dentry_kill(d);
			dentry_unref(d);
		}
	}
}

void
dentry_init(void)
{
	struct page_stats st;
	unsigned bits;

	page_stats(&st);
	/* A chain for 16 KiB of memory: a name with its file takes 1 KiB, so
	 * chains stay short until memory is full of names. */
	bits = MIN(log2_ceil(MAX(st.total / 4, 512)), 20u);
	name_table.buckets = htable_alloc(sizeof(struct hhead) << bits);
	ASSERT(name_table.buckets != NULL);
	name_table.shift = 32 - bits;
	random_bytes(&name_table.seed, sizeof(name_table.seed));
	names.cache = slab_cache_create("dentry", sizeof(struct dentry), 0);
	for (unsigned i = 0; i < CHAIN_LOCKS; i++)
		spin_init(&names.chain_locks[i].lock, RANK_DENTRY, "names");
	for (unsigned i = 0; i < AGE_LISTS; i++) {
		spin_init(&names.ages[i].lock, RANK_DENTRY, "age of names");
		list_init(&names.ages[i].names);
	}
	names.reclaimer.name = "names";
	names.reclaimer.reclaim = names_reclaim;
	reclaim_register(&names.reclaimer);
}

/*
 * Mounts: the tree, and finding what is mounted somewhere.
 *
 * A mount shows the part of a super below one dentry at one point of its
 * parent mount. All trees of all namespaces are changed under mount_lock,
 * which is rarely taken; finding a mount is a hash by (parent mount, mount
 * point) that is read without a lock. A reader that needs a consistent view
 * compares mount_seq before and after.
 *
 * A dentry on which something is mounted carries DENTRY_MOUNTED, so that
 * a walk asks the table only there. Another hash, by the mount point alone,
 * tells whether anything is left there. Both double when there are more
 * mounts than chains; mount_seq tells readers that met the move.
 *
 * Life: mount_create -> mount_attach (the tree holds one reference) -> used
 * by paths -> mount_detach -> freed with the last path that is on it.
 */
#include "internal.h"

#include <kernel/htable.h>
#include <kernel/trace.h>
#include <lib/hash.h>

STEP_COUNTER(mount_steps, "mounts: looked at");

#define FIRST_BITS 7u
#define LAST_BITS  16u

struct mount_table {
	unsigned bits; /* [I] chains of each kind */
	struct rcu_head rcu;
	struct hhead chains[]; /* [m] read by RCU; by place, then by point */
};

struct mutex mount_lock = MUTEX_INIT(mount_lock, RANK_NAMESPACE);
struct seqcount mount_seq;

static struct {
	struct mount_table *table; /* [m] read by RCU */
	unsigned hashed; /* [m] mounts in the table */
	atomic_ullong next_id; /* [A] */
} mounts;

static struct hhead *
place_chain(struct mount_table *t, const struct mount *parent,
    const struct dentry *point)
{
	return &t->chains[hash_u64_bits(
	    (uintptr_t)parent ^ ((uintptr_t)point << 7), t->bits)];
}

static struct hhead *
point_chain(struct mount_table *t, const struct dentry *point)
{
	return &t->chains[((size_t)1 << t->bits) +
	    hash_u64_bits((uintptr_t)point, t->bits)];
}

/* Readers run with preemption off: so must the writer. */
static void
tree_write_begin(void)
{
	preempt_disable();
	seq_write_begin(&mount_seq);
}

static void
tree_write_end(void)
{
	seq_write_end(&mount_seq);
	preempt_enable();
}

static size_t
table_bytes(unsigned bits)
{
	return sizeof(struct mount_table) + (sizeof(struct hhead) << bits) * 2;
}

static struct mount_table *
chains_create(unsigned bits)
{
	struct mount_table *t = htable_alloc(table_bytes(bits));

	if (t != NULL)
		t->bits = bits;
	return t;
}

static void
chains_free(struct rcu_head *h)
{
	struct mount_table *t = container_of(h, struct mount_table, rcu);

	htable_free(t, table_bytes(t->bits));
}

/* The steps of the hashes, inside a write section. */
static void
hash_in(struct mount_table *t, struct mount *m)
{
	hlist_add_head(place_chain(t, m->parent, m->point), &m->hash);
	hlist_add_head(point_chain(t, m->point), &m->point_hash);
}

static void
hash_out(struct mount *m)
{
	hlist_del(&m->hash);
	hlist_del(&m->point_hash);
}

/* Makes room for one more; without memory the chains grow. mount_lock held. */
static void
chains_grow(void)
{
	struct mount_table *old = mounts.table, *t;
	struct mount *m, *ahead;

	if (mounts.hashed <= 1u << old->bits || old->bits == LAST_BITS)
		return;
	t = chains_create(old->bits + 1);
	if (t == NULL)
		return;
	tree_write_begin();
	for (size_t i = 0; i < (size_t)1 << old->bits; i++) {
		hlist_each_safe(m, ahead, &old->chains[i], hash) {
			hash_out(m);
			hash_in(t, m);
		}
	}
	rcu_store(&mounts.table, t);
	tree_write_end();
	rcu_call(&old->rcu, chains_free);
}

enum err
mount_create(struct super *s, struct dentry *root, const char *source,
    unsigned flags, struct mount **out)
{
	struct mount *m = kzalloc(sizeof(*m));

	if (m == NULL)
		return ERR_NOMEM;
	super_ref(s);
	m->super = s;
	m->root = dentry_ref(root);
	atomic_init(&m->flags, flags);
	atomic_init(&m->refs, 1);
	hnode_init(&m->hash);
	hnode_init(&m->point_hash);
	list_init(&m->children);
	list_init(&m->sibling);
	list_init(&m->ns_link);
	m->id = atomic_fetch_add(&mounts.next_id, 1);
	strlcpy(m->source, source == NULL || source[0] == '\0' ? "none" :
	    source, sizeof(m->source));
	*out = m;
	return OK;
}

struct mount *
mount_peek(struct mount *m, const struct dentry *d)
{
	struct mount *on;

	hlist_each(on, place_chain(rcu_load(&mounts.table), m, d), hash) {
		STEP(mount_steps);
		if (on->parent == m && on->point == d)
			return on;
	}
	return NULL;
}

static struct mount *
mount_on(struct mount *m, const struct dentry *d)
{
	struct mount *on;
	unsigned seq;

	for (;;) {
		rcu_read_lock();
		seq = seq_read_begin(&mount_seq);
		on = mount_peek(m, d);
		if (on != NULL && !mount_try_ref(on))
			on = NULL;
		rcu_read_unlock();
		if (!seq_read_retry(&mount_seq, seq))
			return on;
		mount_unref(on);
	}
}

void
mount_cross(struct path *p)
{
	struct mount *on;

	while (dentry_has(p->dentry, DENTRY_MOUNTED) &&
	    (on = mount_on(p->mount, p->dentry)) != NULL) {
		dentry_unref(p->dentry);
		mount_unref(p->mount);
		p->mount = on;
		p->dentry = dentry_ref(on->root);
	}
}

static void
point_mark(struct dentry *d, bool mounted)
{
	spin_lock(&d->lock);
	dentry_mark(d, DENTRY_MOUNTED, mounted);
	spin_unlock(&d->lock);
}

void
mount_attach(struct mount *m, const struct path *at, struct mount_ns *ns)
{
	if (at != NULL) {
		m->parent = mount_ref(at->mount);
		m->point = dentry_ref(at->dentry);
		point_mark(m->point, true);
		list_add_tail(&m->parent->children, &m->sibling);
	}
	m->ns = ns;
	mount_spread(m);
	list_add_tail(&ns->mounts, &m->ns_link);
	ns->count++;
	if (at == NULL)
		return;
	mounts.hashed++;
	chains_grow();
	tree_write_begin();
	hash_in(mounts.table, m);
	tree_write_end();
}

void
mount_detach(struct mount *m, struct list *dead)
{
	m->was = (struct path){ m->parent, m->point };
	if (m->parent != NULL)
		mounts.hashed--;
	tree_write_begin();
	hash_out(m);
	rcu_store(&m->parent, (struct mount *)NULL);
	rcu_store(&m->point, (struct dentry *)NULL);
	tree_write_end();
	list_del(&m->sibling);
	list_del(&m->ns_link);
	if (m->ns != NULL)
		m->ns->count--;
	m->ns = NULL;
	if (m->was.dentry != NULL && !mount_is_point(m->was.dentry))
		point_mark(m->was.dentry, false);
	list_add_tail(dead, &m->ns_link);
}

void
mount_bury(struct list *dead)
{
	struct list *link;

	while ((link = list_take_first(dead)) != NULL) {
		struct mount *m = list_entry(link, struct mount, ns_link);

		path_unref(&m->was);
		mount_unref_by_tree(m);
	}
}

void
mount_relocate(struct mount *m, const struct path *at, struct path *old)
{
	*old = (struct path){ m->parent, m->point };
	list_del(&m->sibling);
	if (at != NULL) {
		path_ref(at);
		point_mark(at->dentry, true);
		list_add_tail(&at->mount->children, &m->sibling);
	}
	mounts.hashed += at != NULL;
	mounts.hashed -= m->parent != NULL;
	tree_write_begin();
	hash_out(m);
	rcu_store(&m->parent, at == NULL ? NULL : at->mount);
	rcu_store(&m->point, at == NULL ? NULL : at->dentry);
	if (at != NULL)
		hash_in(mounts.table, m);
	tree_write_end();
	if (old->dentry != NULL && !mount_is_point(old->dentry))
		point_mark(old->dentry, false);
}

bool
mount_is_point(const struct dentry *d)
{
	struct mount *m;

	if (!dentry_has(d, DENTRY_MOUNTED))
		return false;
	hlist_each(m, point_chain(mounts.table, d), point_hash) {
		STEP(mount_steps);
		if (m->point == d)
			return true;
	}
	return false;
}

bool
mount_is_below(const struct mount *m, const struct mount *top)
{
	while (m != NULL && m != top)
		m = m->parent;
	return m == top;
}

unsigned
mount_flags(const struct mount *m)
{
	return atomic_load_explicit(&m->flags, memory_order_relaxed) |
	    ((m->super->flags & SUPER_RDONLY) != 0 ? MOUNT_RDONLY : 0);
}

uint64_t
mount_id(const struct mount *m)
{
	return m->id;
}

void
path_ref(const struct path *p)
{
	if (p->mount != NULL)
		mount_ref(p->mount);
	if (p->dentry != NULL)
		dentry_ref(p->dentry);
}

void
path_parent(const struct path *p, struct path *out)
{
	mount_ref(p->mount);
	*out = (struct path){ p->mount, dentry_parent(p->dentry) };
}

void
path_unref(struct path *p)
{
	struct mount *m = p->mount;

	dentry_unref(p->dentry);
	p->dentry = NULL;
	p->mount = NULL;
	mount_unref(m);
}

void
mount_init(void)
{
	atomic_init(&mounts.next_id, 1);
	mounts.table = chains_create(FIRST_BITS);
	ASSERT(mounts.table != NULL);
}

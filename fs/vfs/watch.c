/*
 * Watches: what happens to a vnode reaches the queues that asked.
 *
 * A queue is a file; a watch ties one vnode to one queue with a mask. Events
 * are records in the queue's list until they are read, encoded as inotify's.
 * Two lists hold a watch: the vnode's and the queue's; both change under one
 * spinlock, which is only taken when watches exist at all (watch_total). A
 * watch holds a reference to its path, so a watched vnode stays until its
 * last name and file are gone, which is when the reference is let go.
 */
#include "internal.h"
#define QUEUE_LIMIT 16384u

struct event {
	struct list link;
	int wd;
	uint32_t mask, cookie;
	size_t len; /* of name with padding; 0: none */
	char name[];
};

struct watch {
	struct list on_vnode; /* [w] */
	struct list on_queue; /* [w] */
	struct watch_queue *queue; /* [I] */
	struct path path; /* [I] */
	uint32_t mask; /* [w] */
	int wd; /* [I] */
	struct rcu_head rcu;
};

struct watch_queue {
	struct file file;
	struct spinlock lock; /* q */
	struct list events; /* [q] */
	unsigned count; /* [q] */
	struct list watches; /* [w] */
	int next_wd; /* [w] */
	struct waitq waitq;
};

#define MASK_ADD     0x20000000u
#define MASK_ONESHOT 0x80000000u
#define MASK_CREATE  0x10000000u
#define MASK_EVENTS  0x00000fffu

atomic_uint watch_total;
static struct spinlock watch_lock = SPIN_INIT(RANK_DENTRY, "watches"); /* w */

static size_t
event_size(const struct event *e)
{
	return sizeof(*e) + e->len;
}

/* What happened; name NULL: to the watched file itself. */
struct happening {
	uint32_t mask, cookie;
	const char *name;
	size_t len;
};

/* Any lock may be held but spinlocks of higher rank; never sleeps. */
static void
queue_event(struct watch_queue *q, int wd, const struct happening *h)
{
	size_t room = h->name == NULL ? 0 : ALIGN_UP(h->len + 1, 16);
	struct event *e = kzalloc(sizeof(*e) + room), *last;

	if (e == NULL)
		return;
	e->wd = wd;
	e->mask = h->mask;
	e->cookie = h->cookie;
	e->len = room;
	if (h->name != NULL)
		memcpy(e->name, h->name, h->len);
	spin_lock(&q->lock);
	last = list_last(&q->events, struct event, link);
	if (q->count >= QUEUE_LIMIT) {
		e->wd = -1;
		e->mask = WATCH_OVERFLOW;
	}
	/* An event like the one before it, or past the limit, adds nothing. */
	if (q->count > QUEUE_LIMIT || (last != NULL && last->wd == e->wd &&
	    last->mask == e->mask && last->cookie == e->cookie &&
	    last->len == e->len && memcmp(last->name, e->name, room) == 0)) {
		spin_unlock(&q->lock);
		kfree(e, sizeof(*e) + room);
		return;
	}
	list_add_tail(&q->events, &e->link);
	q->count++;
	spin_unlock(&q->lock);
	waitq_wake(&q->waitq, POLL_IN);
}

/* Takes w off both lists; false: somebody else did. Under watch_lock. */
static bool
watch_take(struct watch *w)
{
	if (!list_is_linked(&w->on_queue))
		return false;
	list_del(&w->on_queue);
	list_del(&w->on_vnode);
	return true;
}

static void
watch_free_late(struct rcu_head *h)
{
	struct watch *w = container_of(h, struct watch, rcu);

	path_unref(&w->path);
	kfree(w, sizeof(*w));
}

/* Lets w go. Its path is dropped in thread context without our locks. */
static void
watch_end(struct watch *w, bool tell)
{
	atomic_fetch_sub(&watch_total, 1);
	if (tell)
		queue_event(w->queue, w->wd,
		    &(const struct happening){ .mask = WATCH_IGNORED });
	rcu_call(&w->rcu, watch_free_late);
}

/* The first watch of v after *skip ones that wants event, with its queue
 * referenced. */
static struct watch_queue *
watch_wanting(struct vnode *v, uint32_t event, unsigned *skip, int *wd,
    struct watch **once)
{
	struct watch_queue *q = NULL;
	struct watch *w;
	unsigned at = 0;

	spin_lock(&watch_lock);
	list_each(w, &v->watches, on_vnode) {
		if (at++ < *skip)
			continue;
		*skip = at;
		if ((w->mask & event & (MASK_EVENTS | WATCH_UNMOUNT)) == 0 ||
		    !ref_inc_unless_zero(&w->queue->file.obj.refs))
			continue;
		q = w->queue;
		*wd = w->wd;
		*once = NULL;
		if ((w->mask & MASK_ONESHOT) != 0 && watch_take(w)) {
			*once = w;
			(*skip)--;
		}
		break;
	}
	spin_unlock(&watch_lock);
	return q;
}

void
watch_notify(struct vnode *v, uint32_t event, const char *name, size_t len,
    uint32_t cookie)
{
	const struct happening h = { event, cookie, name, len };
	struct watch_queue *q;
	struct watch *once = NULL;
	unsigned skip = 0;
	int wd = 0;

	if (atomic_load(&watch_total) == 0 || list_empty(&v->watches))
		return;
	while ((q = watch_wanting(v, event, &skip, &wd, &once)) != NULL) {
		queue_event(q, wd, &h);
		if (once != NULL)
			watch_end(once, true);
		file_unref(&q->file);
	}
}

void
watch_dentry(struct dentry *d, uint32_t event)
{
	struct vnode *v = d->vnode;
	uint32_t dir = vnode_is(v, S_DIRECTORY) ? WATCH_IS_DIR : 0;
	struct dentry *up = dentry_parent(d);
	char name[NAME_LIMIT + 1];
	size_t len;

	spin_lock(&d->lock);
	len = MIN((size_t)d->name_len, sizeof(name) - 1);
	memcpy(name, d->name, len);
	spin_unlock(&d->lock);
	if (up != d)
		watch_notify(up->vnode, event | dir, name, len, 0);
	if ((event & (WATCH_CREATE | WATCH_DELETE)) == 0)
		watch_notify(v, event | dir, NULL, 0, 0);
	if ((event & WATCH_DELETE) != 0) {
		if (atomic_load(&v->nlink) == 0) {
			watch_notify(v, WATCH_DELETE_SELF, NULL, 0, 0);
			watch_vnode_gone(v);
		} else {
			watch_notify(v, WATCH_ATTRIB, NULL, 0, 0);
		}
	}
	dentry_unref(up);
}

/* The first watch of v, off its lists, with its queue referenced unless that
 * is just ending. */
static struct watch *
watch_take_first(struct vnode *v, struct watch_queue **q)
{
	struct watch *w;

	spin_lock(&watch_lock);
	w = list_first(&v->watches, struct watch, on_vnode);
	if (w != NULL) {
		watch_take(w);
		*q = ref_inc_unless_zero(&w->queue->file.obj.refs) ?
		    w->queue : NULL;
	}
	spin_unlock(&watch_lock);
	return w;
}

void
watch_vnode_gone(struct vnode *v)
{
	struct watch_queue *q = NULL;
	struct watch *w;

	while ((w = watch_take_first(v, &q)) != NULL) {
		watch_end(w, q != NULL);
		if (q != NULL)
			file_unref(&q->file);
	}
}

/* ---- the queue as a file ---------------------------------------------- */

/* The record a program reads. */
struct record {
	int32_t wd;
	uint32_t mask, cookie, len;
};

static struct event *
event_take(struct watch_queue *q, size_t room, bool *small)
{
	struct event *e;

	spin_lock(&q->lock);
	e = list_first(&q->events, struct event, link);
	if (e != NULL && sizeof(struct record) + e->len > room) {
		*small = true;
		e = NULL;
	}
	if (e != NULL) {
		list_del(&e->link);
		q->count--;
	}
	spin_unlock(&q->lock);
	return e;
}

static void
event_put_back(struct watch_queue *q, struct event *e)
{
	spin_lock(&q->lock);
	list_add(&q->events, &e->link);
	q->count++;
	spin_unlock(&q->lock);
}

static enum err
event_copy(struct iter *it, const struct event *e)
{
	const struct record r = { e->wd, e->mask, e->cookie,
		(uint32_t)e->len };
	size_t n = 0, len = sizeof(r) + e->len;
	enum err err;

	while (n < len) {
		size_t got = n < sizeof(r) ?
		    iter_write(it, (const char *)&r + n, sizeof(r) - n) :
		    iter_write(it, e->name + (n - sizeof(r)), len - n);

		n += got;
		if (got == 0) {
			err = iter_fault_in(it);
			if (err != OK)
				return err;
		}
	}
	return OK;
}

static enum err
queue_read(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	struct watch_queue *q = container_of(f, struct watch_queue, file);
	size_t start = it->left;
	bool small = false;
	struct event *e;
	enum err err = OK;

	(void)off;
	while (it->left == start) {
		while ((e = event_take(q, it->left, &small)) != NULL) {
			err = event_copy(it, e);
			if (err != OK) {
				event_put_back(q, e);
				break;
			}
			kfree(e, event_size(e));
		}
		if (it->left != start || err != OK)
			break;
		if (small)
			return ERR_INVAL;
		if ((file_flags(f) & FILE_NONBLOCK) != 0)
			return ERR_AGAIN;
		err = wait_until(&q->waitq, !list_empty(&q->events),
		    WAIT_SIGNALS);
		if (err != OK)
			return err;
	}
	*done = start - it->left;
	return *done != 0 ? OK : err;
}

static unsigned
queue_poll(struct file *f, struct poll_request *r)
{
	struct watch_queue *q = container_of(f, struct watch_queue, file);

	poll_wait(r, &q->waitq);
	return list_empty(&q->events) ? 0 : POLL_IN | POLL_RDNORM;
}

#define CONTROL_FIONREAD 0x541bu

static enum err
queue_control(struct file *f, unsigned cmd, uintptr_t arg, long *ret)
{
	struct watch_queue *q = container_of(f, struct watch_queue, file);
	struct event *e;
	uint32_t n = 0;

	if (cmd != CONTROL_FIONREAD)
		return ERR_NOTTY;
	spin_lock(&q->lock);
	list_each(e, &q->events, link)
		n += (uint32_t)(sizeof(struct record) + e->len);
	spin_unlock(&q->lock);
	*ret = 0;
	return user_store32(arg, n);
}

static void
queue_free(struct rcu_head *h)
{
	struct file *f = container_of(h, struct file, rcu);
	struct watch_queue *q = container_of(f, struct watch_queue, file);

	kfree(q, sizeof(*q));
}

static void
queue_release(struct file *f)
{
	struct watch_queue *q = container_of(f, struct watch_queue, file);
	struct list *link;
	struct watch *w;

	for (;;) {
		spin_lock(&watch_lock);
		w = list_first(&q->watches, struct watch, on_queue);
		if (w != NULL)
			watch_take(w);
		spin_unlock(&watch_lock);
		if (w == NULL)
			break;
		watch_end(w, false);
	}
	while ((link = list_take_first(&q->events)) != NULL) {
		struct event *e = list_entry(link, struct event, link);

		kfree(e, event_size(e));
	}
	rcu_call(&f->rcu, queue_free);
}

static enum err
queue_stat(struct file *f, struct file_stat *st)
{
	(void)f;
	*st = (struct file_stat){ .mode = 0600, .block_size = PAGE_SIZE,
		.nlink = 1 };
	return OK;
}

static size_t
queue_describe(struct file *f, char *buf, size_t len)
{
	(void)f;
	return strlcpy(buf, "anon_inode:inotify", len);
}

static const struct file_ops queue_ops = {
	.read = queue_read,
	.poll = queue_poll,
	.control = queue_control,
	.stat = queue_stat,
	.release = queue_release,
	.describe = queue_describe,
};

enum err
watch_create(unsigned flags, struct file **out)
{
	struct watch_queue *q = kzalloc(sizeof(*q));

	if (q == NULL)
		return ERR_NOMEM;
	file_init(&q->file, &queue_ops, OBJ_MISC,
	    FILE_READ | FILE_STREAM | flags);
	spin_init(&q->lock, RANK_DENTRY, "watch queue");
	list_init(&q->events);
	list_init(&q->watches);
	waitq_init(&q->waitq);
	q->next_wd = 1;
	*out = &q->file;
	return OK;
}

static enum err
queue_of_file(struct file *f, struct watch_queue **out)
{
	if (f->ops != &queue_ops)
		return ERR_INVAL;
	*out = container_of(f, struct watch_queue, file);
	return OK;
}

/* The queue's watch of v; under watch_lock. */
static struct watch *
watch_find(struct watch_queue *q, const struct vnode *v)
{
	struct watch *w;

	list_each(w, &q->watches, on_queue) {
		if (path_vnode(&w->path) == v)
			return w;
	}
	return NULL;
}

enum err
watch_add(struct file *queue, const struct path *p, uint32_t mask, int *wd)
{
	struct vnode *v = path_vnode(p);
	struct watch_queue *q = NULL;
	struct watch *w, *old;
	enum err e = queue_of_file(queue, &q);

	if (e == OK && ((mask & MASK_EVENTS) == 0 ||
	    (~mask & (MASK_ADD | MASK_CREATE)) == 0))
		e = ERR_INVAL;
	if (e == OK)
		e = vnode_permission(v, ACCESS_READ);
	if (e != OK)
		return e;
	w = kzalloc(sizeof(*w));
	if (w == NULL)
		return ERR_NOMEM;
	w->queue = q;
	w->path = *p;
	w->mask = mask;
	path_ref(&w->path);
	spin_lock(&watch_lock);
	old = watch_find(q, v);
	if (old != NULL && (mask & MASK_CREATE) != 0) {
		e = ERR_EXISTS;
	} else if (old != NULL) {
		old->mask = (mask & MASK_ADD) != 0 ? old->mask | mask : mask;
		*wd = old->wd;
	} else {
		*wd = w->wd = q->next_wd++;
		list_add_tail(&v->watches, &w->on_vnode);
		list_add_tail(&q->watches, &w->on_queue);
		atomic_fetch_add(&watch_total, 1);
	}
	spin_unlock(&watch_lock);
	if (old != NULL) {
		path_unref(&w->path);
		kfree(w, sizeof(*w));
	}
	return e;
}

enum err
watch_remove(struct file *queue, int wd)
{
	struct watch_queue *q = NULL;
	struct watch *w, *found = NULL;
	enum err e = queue_of_file(queue, &q);

	if (e != OK)
		return e;
	spin_lock(&watch_lock);
	list_each(w, &q->watches, on_queue) {
		if (w->wd == wd)
			found = w;
	}
	if (found != NULL)
		watch_take(found);
	spin_unlock(&watch_lock);
	if (found == NULL)
		return ERR_INVAL;
	watch_end(found, true);
	return OK;
}

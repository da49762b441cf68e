/* SPDX-License-Identifier: MIT */
/*
 * Wait sets: many files, one queue of those that are ready.
 *
 * An item is a file under a handle number. It has an entry on each queue of
 * its file; a wake-up puts the item on the set's ready list, once, and wakes
 * one sleeper. Waiting takes items from the front of that list and asks each
 * file what is true now. A level-triggered item that was reported goes to the
 * end of the list, where the next wait asks again; so a wait costs as much
 * as there are ready items, however many the set has.
 *
 * Items come to the list under the queue's lock and leave it under set->lock
 * as well, so the holder of set->lock walks it without the other. A look at a
 * level-triggered item leaves it on the list if there is something to report.
 * An item that goes off the list is looked at once more, since a waker that
 * still found it there has done nothing:
 *
 *	looker: ready = false, fence, look at the file
 *	waker:  the file changes, fence, is it ready? then nothing to do
 *
 * Either the looker sees the change or the waker puts the item back.
 *
 * The ready list is under the lock of the set's own queue, on which waiters
 * and outer sets sit: a wake-up that goes through nested sets takes one lock
 * a level, from the inside out. Sets nest a few deep and never in a ring
 * (waitset_nest.c).
 *
 * A set does not keep its files: a file that ends calls waitset_forget(),
 * which takes its items out. The two ways an item can go, with its file or
 * with its set, may meet:
 *
 *	F: file ends, finds an item      S: set ends
 *	F1 lock watches, try a reference   S1 last reference
 *	   to the set                      S2 unlink each item from its file's
 *	F2 got it: lock set, remove           watches, under that lock
 *	   else: wait until S2 is done     S3 wake F
 *
 * The file's memory lasts until its watches are empty (F loops), the set's
 * until no file lists an item of it (S2). F must see that under the lock: an
 * empty list seen without it says neither that S has let go of the lock nor
 * that S's writes to the file's queues are done. So file.watched, set once
 * while somebody holds the file, tells whether F has to look.
 *
 * Locks: nest_lock (RANK_NEST) [n], set->lock (RANK_WAITSET), what a file's
 * poll takes, file.watch_lock, then the queues' locks. So a file's last
 * reference goes without any lock that a poll may take.
 * Source: man-pages 6.03, epoll(7), epoll_ctl(2).
 */
#include "waitset.h"

#include <kernel/task.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define ALWAYS (POLL_ERR | POLL_HUP)

static struct slab_cache *item_cache;
static struct waitq forgotten = WAITQ_INIT(forgotten);

/* ---- hooks on the files' queues ---------------------------------------- */

static inline bool
is_ready(const struct ws_item *item)
{
	return atomic_load_explicit(&item->ready, memory_order_relaxed);
}

static inline void
set_ready(struct ws_item *item, bool ready)
{
	atomic_store_explicit(&item->ready, ready, memory_order_relaxed);
}

/* Puts item on the ready list; true when it was not there. q.lock held. */
static bool
make_ready(struct ws_item *item)
{
	if (is_ready(item) || item->disabled)
		return false;
	set_ready(item, true);
	list_add_tail(&item->set->ready, &item->ready_link);
	return true;
}

/* q.lock held. */
static void
take_off(struct ws_item *item)
{
	if (is_ready(item))
		list_del(&item->ready_link);
	set_ready(item, false);
}

static NOINLINE void
hook_ready(struct ws_item *item, unsigned key)
{
	struct waitset *set = item->set;

	spin_lock(&set->q.lock);
	if (make_ready(item))
		waitq_wake_locked(&set->q,
		    POLL_IN | POLL_RDNORM | (key & WAKE_SYNC), 1);
	spin_unlock(&set->q.lock);
}

/* A file's queue was woken; its lock is held, irqs are off. */
static bool
hook_wake(struct wait_entry *w, unsigned key)
{
	struct ws_hook *hook = container_of(w, struct ws_hook, wait);
	struct ws_item *item = hook->item;
	unsigned events = atomic_load_explicit(
	    &item->events, memory_order_relaxed);

	if ((key & ~WAKE_SYNC) != 0 && (key & events) == 0)
		return false;
	atomic_thread_fence(memory_order_seq_cst);
	if (!is_ready(item))
		hook_ready(item, key);
	return true;
}

static struct ws_hook *
hook_new(struct ws_item *item)
{
	struct ws_hook *h;

	if (item->hook_count < ARRAY_LEN(item->hooks))
		return &item->hooks[item->hook_count++];
	h = kmalloc(sizeof(*h));
	if (h != NULL) {
		h->next = item->more;
		item->more = h;
	}
	return h;
}

struct hook_request {
	struct poll_request poll;
	struct ws_item *item;
	bool failed;
};

static void
hook_add(struct poll_request *r, struct waitq *q)
{
	struct hook_request *hr = container_of(r, struct hook_request, poll);
	struct ws_hook *h = hook_new(hr->item);

	if (h == NULL) {
		hr->failed = true;
		return;
	}
	h->wait = (struct wait_entry){
		.wake = hook_wake,
		.exclusive = (hr->item->flags & WAITSET_EXCLUSIVE) != 0,
	};
	h->item = hr->item;
	h->queue = q;
	waitq_add(q, &h->wait);
}

static void
hooks_remove(struct ws_item *item)
{
	for (unsigned i = 0; i < item->hook_count; i++)
		waitq_remove(item->hooks[i].queue, &item->hooks[i].wait);
	while (item->more != NULL) {
		struct ws_hook *h = item->more;

		waitq_remove(h->queue, &h->wait);
		item->more = h->next;
		kfree(h, sizeof(*h));
	}
}

/* ---- items ------------------------------------------------------------- */

static int
compare(const struct file *f, uint32_t handle, const struct ws_item *item)
{
	if (f != item->file)
		return f < item->file ? -1 : 1;
	return handle == item->handle ? 0 : handle < item->handle ? -1 : 1;
}

static struct ws_item *
item_find(struct waitset *set, const struct file *f, uint32_t handle)
{
	struct rbnode *n = set->items.node;

	while (n != NULL) {
		struct ws_item *item = rb_entry(n, struct ws_item, node);
		int c = compare(f, handle, item);

		if (c == 0)
			return item;
		n = c < 0 ? n->left : n->right;
	}
	return NULL;
}

static void
item_link(struct waitset *set, struct ws_item *item)
{
	struct rbnode **link = &set->items.node, *parent = NULL;

	while (*link != NULL) {
		parent = *link;
		link = compare(item->file, item->handle,
		    rb_entry(parent, struct ws_item, node)) < 0 ?
		    &parent->left : &parent->right;
	}
	rb_link(&item->node, parent, link);
	rb_insert_fix(&set->items, &item->node);
	if (waitset_of(item->file) != NULL)
		list_add_tail(&set->inner, &item->inner_link);
	spin_lock(&item->file->watch_lock);
	list_add_tail(&item->file->watches, &item->file_link);
	item->file->watched = true;
	spin_unlock(&item->file->watch_lock);
}

/* Takes item out of the set, its file and the queues; set->lock held. */
static void
item_remove(struct waitset *set, struct ws_item *item)
{
	struct file *f = item->file;
	unsigned long flags;

	hooks_remove(item);
	flags = spin_lock_irq(&set->q.lock);
	take_off(item);
	spin_unlock_irq(&set->q.lock, flags);
	rb_erase(&set->items, &item->node);
	list_del(&item->inner_link);
	/* After this f may be gone, when it ends. */
	spin_lock(&f->watch_lock);
	list_del(&item->file_link);
	spin_unlock(&f->watch_lock);
	slab_free(item_cache, item);
}

/* Looks at the file once; when it is ready already, nobody will wake us. */
static void
item_check(struct ws_item *item, struct poll_request *r)
{
	struct waitset *set = item->set;
	unsigned long flags;

	if (r != NULL)
		r->events = atomic_load(&item->events);
	if ((file_poll(item->file, r) & atomic_load(&item->events)) == 0)
		return;
	flags = spin_lock_irq(&set->q.lock);
	if (make_ready(item))
		waitq_wake_locked(&set->q, POLL_IN | POLL_RDNORM, 1);
	spin_unlock_irq(&set->q.lock, flags);
}

static enum err
item_create(struct waitset *set, struct file *f, uint32_t handle,
    const struct waitset_event *ev, unsigned flags)
{
	struct ws_item *item = slab_alloc_zero(item_cache);
	struct hook_request r = {
		.poll = { .add = hook_add, .lasting = true }, .item = item,
	};

	if (item == NULL)
		return ERR_NOMEM;
	item->set = set;
	item->file = f;
	item->handle = handle;
	item->flags = flags;
	item->data = ev->data;
	atomic_init(&item->events, ev->events | ALWAYS);
	list_init(&item->file_link);
	list_init(&item->inner_link);
	item_link(set, item);
	item_check(item, &r.poll);
	if (r.failed) {
		item_remove(set, item);
		return ERR_NOMEM;
	}
	return OK;
}

/* ---- control ----------------------------------------------------------- */

struct waitset *
waitset_of(const struct file *f)
{
	return f->ops == &waitset_ops ? f->data : NULL;
}

enum err
waitset_add(struct file *set_file, struct file *f, uint32_t handle,
    const struct waitset_event *ev, unsigned flags)
{
	struct waitset *set = waitset_of(set_file);
	bool nested = waitset_of(f) != NULL;
	enum err e = OK;

	if (set == NULL || f == set_file)
		return ERR_INVAL;
	if (f->ops->poll == NULL)
		return ERR_PERM;
	if (nested && (flags & WAITSET_EXCLUSIVE) != 0)
		return ERR_INVAL;
	if (nested)
		e = nest_begin(set_file, f);
	if (e != OK)
		return e;
	mutex_lock(&set->lock);
	e = item_find(set, f, handle) != NULL ? ERR_EXISTS :
	    item_create(set, f, handle, ev, flags);
	mutex_unlock(&set->lock);
	if (nested) {
		if (e != OK)
			nest_left(set);
		nest_unlock();
	}
	return e;
}

enum err
waitset_modify(struct file *set_file, struct file *f, uint32_t handle,
    const struct waitset_event *ev, unsigned flags)
{
	struct waitset *set = waitset_of(set_file);
	struct ws_item *item;
	unsigned long irq;
	enum err e = OK;

	if (set == NULL)
		return ERR_INVAL;
	mutex_lock(&set->lock);
	item = item_find(set, f, handle);
	if (item == NULL) {
		e = ERR_NOENT;
	} else if ((item->flags | flags) & WAITSET_EXCLUSIVE) {
		e = ERR_INVAL;
	} else {
		irq = spin_lock_irq(&set->q.lock);
		item->data = ev->data;
		item->flags = flags;
		item->disabled = false;
		atomic_store(&item->events, ev->events | ALWAYS);
		spin_unlock_irq(&set->q.lock, irq);
		/* Stored before the look: a wake-up after the look sees it. */
		atomic_thread_fence(memory_order_seq_cst);
		item_check(item, NULL);
	}
	mutex_unlock(&set->lock);
	return e;
}

enum err
waitset_remove(struct file *set_file, struct file *f, uint32_t handle)
{
	struct waitset *set = waitset_of(set_file);
	bool nested = waitset_of(f) != NULL;
	struct ws_item *item;
	enum err e = OK;

	if (set == NULL)
		return ERR_INVAL;
	if (nested)
		nest_lock();
	mutex_lock(&set->lock);
	item = item_find(set, f, handle);
	if (item == NULL)
		e = ERR_NOENT;
	else
		item_remove(set, item);
	mutex_unlock(&set->lock);
	if (nested) {
		nest_left(set);
		nest_unlock();
	}
	return e;
}

/* ---- waiting ----------------------------------------------------------- */

/* These read links that others may be setting: set->lock held. */
static RACY_READ struct ws_item *
first_ready(const struct waitset *set)
{
	return list_first(&set->ready, struct ws_item, ready_link);
}

/* Perhaps others came behind it meanwhile. NULL: at most one item is there;
 * who adds the first one sets next before prev. */
static RACY_READ struct ws_item *
last_ready(const struct waitset *set)
{
	struct list *last = __atomic_load_n(
	    &set->ready.prev, __ATOMIC_RELAXED);

	return last == &set->ready ? NULL :
	    list_entry(last, struct ws_item, ready_link);
}

static RACY_READ bool
is_alone(const struct ws_item *item)
{
	return item->ready_link.next == &item->set->ready &&
	    item->set->ready.next == &item->ready_link;
}

static inline bool
is_level(const struct ws_item *item)
{
	return (item->flags & (WAITSET_EDGE | WAITSET_ONESHOT)) == 0;
}

static inline unsigned
events_now(const struct ws_item *item)
{
	return file_poll(item->file, NULL) &
	    atomic_load_explicit(&item->events, memory_order_relaxed);
}

/* Takes item off the list before the look; a change after it puts it back. */
static NOINLINE unsigned
look_taken(struct waitset *set, struct ws_item *item)
{
	unsigned long flags = spin_lock_irq(&set->q.lock);

	take_off(item);
	spin_unlock_irq(&set->q.lock, flags);
	atomic_thread_fence(memory_order_seq_cst);
	return events_now(item);
}

/* What is true of a ready item now; nothing: it went off the list. */
static inline unsigned
look(struct waitset *set, struct ws_item *item)
{
	unsigned events = LIKELY(is_level(item)) ? events_now(item) : 0;

	return LIKELY(events != 0) ? events : look_taken(set, item);
}

/* After item was reported: it waits for the next look, behind all others, or
 * for the next change, or for nothing. */
static NOINLINE void
put_back_locked(struct waitset *set, struct ws_item *item)
{
	unsigned long flags = spin_lock_irq(&set->q.lock);

	if (item->flags & WAITSET_ONESHOT) {
		item->disabled = true;
		take_off(item);
	} else if (is_level(item)) {
		take_off(item);
		make_ready(item);
	}
	spin_unlock_irq(&set->q.lock, flags);
}

static inline void
put_back(struct waitset *set, struct ws_item *item)
{
	if (UNLIKELY(!is_level(item) || !is_ready(item) || !is_alone(item)))
		put_back_locked(set, item);
}

static NOINLINE void
wake_other(struct waitset *set)
{
	unsigned long flags = spin_lock_irq(&set->q.lock);

	if (!list_empty(&set->ready))
		waitq_wake_locked(&set->q, POLL_IN | POLL_RDNORM, 1);
	spin_unlock_irq(&set->q.lock, flags);
}

/* Looks once at each item that is ready when it begins. NO_CANARY: out is
 * the caller's. */
static NO_CANARY unsigned
report(struct waitset *set, struct waitset_event *out, unsigned max)
{
	struct ws_item *item, *last;
	unsigned n = 0;

	mutex_lock(&set->lock);
	last = last_ready(set);
	while ((item = first_ready(set)) != NULL) {
		unsigned events = look(set, item);

		if (LIKELY(events != 0)) {
			out[n].events = events;
			out[n].data = item->data;
			n++;
			put_back(set, item);
		}
		if (item == last || last == NULL || n == max)
			break;
	}
	/* Another thread may serve what is left. */
	if (n == max && UNLIKELY(!list_empty(&set->q.entries)))
		wake_other(set);
	mutex_unlock(&set->lock);
	return n;
}

static bool
has_ready(struct waitset *set)
{
	return !list_empty(&set->ready);
}

static NOINLINE enum err
sleep_until_ready(struct waitset *set, ns_t deadline)
{
	struct wait_entry w = { .exclusive = true };
	enum err e = OK;

	for (;;) {
		wait_begin(&set->q, &w, WAIT_SIGNALS);
		if (has_ready(set) || e != OK)
			break;
		e = wait_sleep(&w, WAIT_SIGNALS, deadline);
	}
	wait_end(&set->q, &w);
	return e;
}

/* Nothing was there to report. */
static NOINLINE enum err
wait_again(struct waitset *set, struct waitset_event *out, unsigned max,
    ns_t deadline, unsigned *count)
{
	for (;;) {
		enum err e = sleep_until_ready(set, deadline);

		if (has_ready(set)) {
			*count = report(set, out, max);
			if (*count > 0)
				return OK;
		} else if (e == ERR_TIMEDOUT) {
			*count = 0;
			return OK;
		} else if (e != OK) {
			return e;
		}
	}
}

enum err
waitset_wait(struct file *f, struct waitset_event *out, unsigned max,
    ns_t deadline, unsigned *count)
{
	struct waitset *set = waitset_of(f);

	if (UNLIKELY(set == NULL || max == 0))
		return ERR_INVAL;
	*count = has_ready(set) ? report(set, out, max) : 0;
	return LIKELY(*count > 0 || deadline == 0) ? OK :
	    wait_again(set, out, max, deadline, count);
}

/* ---- file -------------------------------------------------------------- */

/* Drops items that are not ready after all; true: one is. */
static bool
verify_ready(struct waitset *set)
{
	struct ws_item *item, *last;
	bool found = false;

	mutex_lock(&set->lock);
	last = last_ready(set);
	while (!found && (item = first_ready(set)) != NULL) {
		found = look(set, item) != 0;
		if (found && !is_ready(item)) {
			unsigned long flags = spin_lock_irq(&set->q.lock);

			make_ready(item);
			spin_unlock_irq(&set->q.lock, flags);
		}
		if (item == last || last == NULL)
			break;
	}
	mutex_unlock(&set->lock);
	return found;
}

static unsigned
set_poll(struct file *f, struct poll_request *r)
{
	struct waitset *set = f->data;

	poll_wait(r, &set->q);
	return has_ready(set) && verify_ready(set) ?
	    POLL_IN | POLL_RDNORM : 0;
}

/* The last reference to the set went. */
static void
set_destroy(struct waitset *set)
{
	bool nests = atomic_load(&set->nests);
	struct rbnode *n;

	if (nests)
		nest_lock();
	mutex_lock(&set->lock);
	while ((n = rb_first(&set->items)) != NULL)
		item_remove(set, rb_entry(n, struct ws_item, node));
	mutex_unlock(&set->lock);
	if (nests)
		nest_unlock();
	waitq_wake(&forgotten, 0);
	kfree(set, sizeof(*set));
}

static void
set_unref(struct waitset *set)
{
	if (ref_dec(&set->refs))
		set_destroy(set);
}

static void
set_release(struct file *f)
{
	struct waitset *set = f->data;

	if (atomic_load(&set->nests)) {
		nest_lock();
		set->file = NULL;
		nest_unlock();
	}
	set_unref(set);
}

static enum err
set_stat(struct file *f UNUSED, struct file_stat *st)
{
	*st = (struct file_stat){
		.dev = 13, .ino = 6, .mode = 0600, .nlink = 1,
		.block_size = PAGE_SIZE,
	};
	return OK;
}

static size_t
set_describe(struct file *f UNUSED, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "anon_inode:[eventpoll]");
}

const struct file_ops waitset_ops = {
	.poll = set_poll,
	.stat = set_stat,
	.release = set_release,
	.describe = set_describe,
};

static void
cache_init(void)
{
	if (LIKELY(rcu_load(&item_cache) != NULL))
		return;
	nest_lock();
	if (item_cache == NULL)
		rcu_store(&item_cache, slab_cache_create(
		    "waitset-item", sizeof(struct ws_item), 0));
	nest_unlock();
}

enum err
waitset_create(unsigned flags, struct file **out)
{
	struct waitset *set = kzalloc(sizeof(*set));
	enum err e;

	if (set == NULL)
		return ERR_NOMEM;
	cache_init();
	ref_init(&set->refs, 1);
	mutex_init(&set->lock, RANK_WAITSET, "wait set");
	waitq_init(&set->q);
	spin_init(&set->q.lock, RANK_READY, "wait set queue");
	list_init(&set->ready);
	list_init(&set->inner);
	rb_init(&set->items);
	e = file_create(&waitset_ops, OBJ_WAITSET, FILE_READ | FILE_WRITE |
	    FILE_STREAM | (flags & FILE_NONBLOCK), set, out);
	if (e == OK)
		set->file = *out;
	else
		kfree(set, sizeof(*set));
	return e;
}

/* ---- the end of a file that is watched --------------------------------- */

/* The set of the first item that watches f, referenced when it is not just
 * ending; false: nothing watches f. */
static bool
first_watcher(struct file *f, struct waitset **set)
{
	struct ws_item *item;

	*set = NULL;
	spin_lock(&f->watch_lock);
	item = list_first(&f->watches, struct ws_item, file_link);
	if (item != NULL && ref_inc_unless_zero(&item->set->refs))
		*set = item->set;
	spin_unlock(&f->watch_lock);
	return item != NULL;
}

/* Whether the first watcher is another than a set that is ending. */
static bool
may_go_on(struct file *f)
{
	struct waitset *set;
	bool some = first_watcher(f, &set);

	if (set != NULL)
		set_unref(set);
	return !some || set != NULL;
}

/* The first item of f in set, or NULL. */
static struct ws_item *
first_of(struct waitset *set, const struct file *f)
{
	struct ws_item *found = NULL;
	struct rbnode *n = set->items.node;

	while (n != NULL) {
		struct ws_item *item = rb_entry(n, struct ws_item, node);

		if (item->file == f)
			found = item;
		n = item->file < f ? n->right : n->left;
	}
	return found;
}

/* Removes the items of f from set. */
static void
forget_in(struct waitset *set, struct file *f)
{
	bool nested = waitset_of(f) != NULL;
	struct ws_item *item;

	if (nested)
		nest_lock();
	mutex_lock(&set->lock);
	while ((item = first_of(set, f)) != NULL)
		item_remove(set, item);
	mutex_unlock(&set->lock);
	if (nested) {
		nest_left(set);
		nest_unlock();
	}
}

void
waitset_forget(struct file *f)
{
	struct waitset *set;

	while (first_watcher(f, &set)) {
		if (set != NULL) {
			forget_in(set, f);
			set_unref(set);
		} else {
			err_ignore(wait_until(
			    &forgotten, may_go_on(f), WAIT_DEEP));
		}
	}
}

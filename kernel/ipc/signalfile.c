/* SPDX-License-Identifier: MIT */
/*
 * Signals as a file.
 *
 * A read takes a pending signal of the set from the thread or task that
 * reads, whoever made the file, as signalfd does; so a poll looks at the
 * poller's own signals. A wait set stays on the queue of the task that added
 * the file to it. That task's record must outlast the entry, so the file
 * keeps a reference to each task for which a lasting entry was made.
 *
 * Records are struct sig_info; ABIs encode them anew.
 * Source: man-pages 6.03, signalfd(2).
 */
#include <kernel/ipc.h>
#include <kernel/mm.h>
#include <kernel/task.h>
#include <lib/fmt.h>

struct watcher {
	struct watcher *next;
	struct task *task; /* referenced */
};

struct signal_file {
	_Atomic(sigset_bits) set; /* [A] */
	struct mutex lock; /* RANK_EVENT */
	struct watcher *watchers; /* [l] */
};

static const struct file_ops signal_ops;

enum err
signalfd_take(struct file *f, struct sig_info *out)
{
	struct signal_file *sf = f->data;
	enum err e;

	if (f->ops != &signal_ops)
		return ERR_INVAL;
	e = signal_take(atomic_load(&sf->set), out,
	    (file_flags(f) & FILE_NONBLOCK) ? 0 : NS_NEVER);
	return e;
}

static enum err
signal_read(struct file *f, struct iter *it, uint64_t *off UNUSED,
    size_t *done)
{
	struct signal_file *sf = f->data;
	size_t total = 0;
	enum err e = OK;

	if (it->left < sizeof(struct sig_info))
		return ERR_INVAL;
	while (it->left >= sizeof(struct sig_info)) {
		struct sig_info info;
		size_t n = 0;

		/* Only the first record is worth waiting for. */
		e = total == 0 ? signalfd_take(f, &info) :
		    signal_dequeue(thread_current(), atomic_load(&sf->set),
		    &info) ? OK : ERR_AGAIN;
		while (e == OK) {
			n += iter_write(
			    it, (char *)&info + n, sizeof(info) - n);
			if (n == sizeof(info))
				break;
			e = iter_fault_in(it);
		}
		if (e != OK)
			break;
		total += n;
	}
	if (total == 0)
		return e;
	*done = total;
	return OK;
}

/* Keeps the running task's record; false: no memory. */
static bool
remember(struct signal_file *sf)
{
	struct task *self = task_current();
	struct watcher *w;
	bool known = false;

	mutex_lock(&sf->lock);
	for (w = sf->watchers; w != NULL && !known; w = w->next)
		known = w->task == self;
	if (!known) {
		w = kmalloc(sizeof(*w));
		if (w != NULL) {
			w->task = task_ref(self);
			w->next = sf->watchers;
			sf->watchers = w;
			known = true;
		}
	}
	mutex_unlock(&sf->lock);
	return known;
}

static unsigned
signal_poll(struct file *f, struct poll_request *r)
{
	struct signal_file *sf = f->data;
	struct thread *t = thread_current();

	if (r != NULL && (!r->lasting || remember(sf)))
		poll_wait(r, signal_waitq(t->task));
	return signal_pending_set(t) & atomic_load(&sf->set) ?
	    POLL_IN | POLL_RDNORM : 0;
}

static void
signal_release(struct file *f)
{
	struct signal_file *sf = f->data;

	while (sf->watchers != NULL) {
		struct watcher *w = sf->watchers;

		sf->watchers = w->next;
		task_unref(w->task);
		kfree(w, sizeof(*w));
	}
	kfree(sf, sizeof(*sf));
}

static enum err
signal_stat(struct file *f UNUSED, struct file_stat *st)
{
	*st = (struct file_stat){
		.dev = 13, .ino = 4, .mode = 0600, .nlink = 1,
		.block_size = PAGE_SIZE,
	};
	return OK;
}

static size_t
signal_describe(struct file *f UNUSED, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "anon_inode:[signalfd]");
}

static const struct file_ops signal_ops = {
	.read = signal_read,
	.poll = signal_poll,
	.stat = signal_stat,
	.release = signal_release,
	.describe = signal_describe,
};

enum err
signalfd_create(sigset_bits set, unsigned flags, struct file **out)
{
	struct signal_file *sf = kzalloc(sizeof(*sf));
	enum err e;

	if (sf == NULL)
		return ERR_NOMEM;
	atomic_init(&sf->set, set & ~SIG_UNBLOCKABLE);
	mutex_init(&sf->lock, RANK_EVENT, "signal file");
	e = file_create(&signal_ops, OBJ_SIGNALFD,
	    FILE_READ | FILE_WRITE | FILE_STREAM | (flags & FILE_NONBLOCK),
	    sf, out);
	if (e != OK)
		kfree(sf, sizeof(*sf));
	return e;
}

enum err
signalfd_set(struct file *f, sigset_bits set)
{
	struct signal_file *sf = f->data;

	if (f->ops != &signal_ops)
		return ERR_INVAL;
	atomic_store(&sf->set, set & ~SIG_UNBLOCKABLE);
	/* A signal that was pending may count now. */
	waitq_wake(signal_waitq(task_current()), POLL_IN | POLL_RDNORM);
	return OK;
}

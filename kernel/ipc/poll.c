/* SPDX-License-Identifier: MIT */
/*
 * poll and select: one thread, many queues.
 *
 * The first look at each file also puts an entry on its queues; all entries
 * wake the one that the thread sleeps with. Once a file is found ready,
 * later files are only looked at. Up to INLINE_ENTRIES queues need no
 * memory.
 */
#include <kernel/ipc.h>
#include <kernel/mm.h>
#include <kernel/task.h>

#define INLINE_ENTRIES 9u
#define ALWAYS         (POLL_ERR | POLL_HUP | POLL_NVAL)

struct poll_entry {
	struct wait_entry wait;
	struct waitq *queue;
	unsigned events; /* that concern it */
};

/* More entries, a page of them at a time. */
struct poll_chunk {
	struct poll_chunk *next;
	unsigned used;
	struct poll_entry entries[];
};
#define CHUNK_ENTRIES \
	((PAGE_SIZE - sizeof(struct poll_chunk)) / sizeof(struct poll_entry))

struct poll_table {
	struct poll_request request;
	struct wait_entry sleeper; /* what the thread sleeps with */
	unsigned used;
	bool failed; /* no memory for an entry */
	struct poll_chunk *chunks; /* the newest first */
	struct poll_entry entries[INLINE_ENTRIES];
};

/* Passes the wake on when it concerns the file. */
static bool
poll_wake(struct wait_entry *w, unsigned key)
{
	const struct poll_entry *e = container_of(w, struct poll_entry, wait);

	key &= ~WAKE_SYNC;
	if (key != 0 && (key & e->events) == 0)
		return false;
	return wait_wake_thread(w, 0);
}

static struct poll_entry *
entry_new(struct poll_table *t)
{
	struct poll_chunk *c = t->chunks;

	if (t->used < INLINE_ENTRIES)
		return &t->entries[t->used++];
	if (c == NULL || c->used == CHUNK_ENTRIES) {
		c = kmalloc(PAGE_SIZE);
		if (c == NULL)
			return NULL;
		c->used = 0;
		c->next = t->chunks;
		t->chunks = c;
	}
	return &c->entries[c->used++];
}

static void
poll_add(struct poll_request *r, struct waitq *q)
{
	struct poll_table *t = container_of(r, struct poll_table, request);
	struct poll_entry *e = entry_new(t);

	if (e == NULL) {
		t->failed = true;
		return;
	}
	e->wait = (struct wait_entry){
		.wake = poll_wake,
		.thread = thread_current(),
		.arg = &t->sleeper,
	};
	e->queue = q;
	e->events = r->events | ALWAYS;
	waitq_add(q, &e->wait);
}

static void
table_free(struct poll_table *t)
{
	for (unsigned i = 0; i < t->used; i++)
		waitq_remove(t->entries[i].queue, &t->entries[i].wait);
	while (t->chunks != NULL) {
		struct poll_chunk *c = t->chunks;

		for (unsigned i = 0; i < c->used; i++)
			waitq_remove(c->entries[i].queue, &c->entries[i].wait);
		t->chunks = c->next;
		kfree(c, PAGE_SIZE);
	}
}

/* Looks at every file; r: also registers, until one is ready. */
static unsigned
look(struct poll_one *items, unsigned count, struct poll_request *r)
{
	unsigned ready = 0;

	for (unsigned i = 0; i < count; i++) {
		struct poll_one *it = &items[i];

		if (it->file == NULL)
			continue;
		if (r != NULL)
			r->events = it->events;
		it->revents = file_poll(it->file, r) & (it->events | ALWAYS);
		if (it->revents != 0) {
			ready++;
			r = NULL;
		}
	}
	return ready;
}

enum err
poll_files(
    struct poll_one *items, unsigned count, ns_t deadline, unsigned *ready)
{
	struct poll_table t;
	unsigned n;
	enum err e = OK;

	if (deadline == 0) {
		*ready = look(items, count, NULL);
		return OK;
	}
	t.request = (struct poll_request){ .add = poll_add };
	t.sleeper = (struct wait_entry){ 0 };
	t.used = 0;
	t.failed = false;
	t.chunks = NULL;
	n = look(items, count, &t.request);
	if (t.failed)
		e = ERR_NOMEM;
	while (e == OK && n == 0) {
		e = wait_sleep(&t.sleeper, WAIT_SIGNALS, deadline);
		atomic_store(&t.sleeper.woken, false);
		n = look(items, count, NULL);
	}
	table_free(&t);
	/* What is ready counts more than a signal that came as well. */
	if (n == 0 && e != OK && e != ERR_TIMEDOUT)
		return e == ERR_RESTART ? ERR_RESTART_NOHANDLER : e;
	*ready = n;
	return OK;
}

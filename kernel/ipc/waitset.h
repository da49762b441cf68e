/* SPDX-License-Identifier: MIT */
/* The inside of wait sets; waitset.c tells the theory. */
#pragma once

#include <kernel/ipc.h>
#include <kernel/mm.h>
#include <lib/rbtree.h>

struct waitset {
	struct ref refs; /* the file's, and those of files that end */
	struct file *file; /* [n] NULL once it ends */
	struct mutex lock; /* RANK_WAITSET */
	struct rbroot items; /* [l] by file and handle */
	struct waitq q; /* waiters, outer sets; its lock, RANK_READY, is [q] */
	struct list ready; /* [q] */
	struct list inner; /* [n] nest_lock: items that are sets */
	unsigned height; /* [n] levels of sets in it */
	unsigned tried; /* [n] the height of the last look, in search seen */
	uint64_t seen; /* [n] waitset_nest.c */
	atomic_bool nests; /* [A] an item or a watcher is or was a set */
};

struct ws_item;

/* An item's entry on a queue of its file. */
struct ws_hook {
	struct wait_entry wait;
	struct ws_item *item; /* [I] */
	struct waitq *queue; /* [I] */
	struct ws_hook *next; /* [l] of those beyond the first two */
};

struct ws_item {
	struct rbnode node; /* [l] */
	struct waitset *set; /* [I] */
	struct file *file; /* [I] borrowed: it forgets us before it goes */
	uint32_t handle; /* [I] */
	atomic_uint events; /* [A] POLL_*; changed under [l] and [q] */
	unsigned flags; /* [l] WAITSET_* */
	uint64_t data; /* [l] */
	atomic_bool ready; /* [q] on the ready list; read without lock */
	bool disabled; /* [q] one-shot that was reported */
	unsigned hook_count; /* [l] */
	struct list ready_link; /* [q] */
	struct list file_link; /* file.watch_lock */
	struct list inner_link; /* [n] */
	struct ws_hook hooks[2]; /* most files have one queue or two */
	struct ws_hook *more; /* [l] */
};

extern const struct file_ops waitset_ops;
struct waitset *waitset_of(const struct file *f); /* NULL: another kind */

/* waitset_nest.c: sets in sets. */
void nest_lock(void);
void nest_unlock(void);
/* Whether inner may become an item of outer; on success nest_lock is held.
 * ERR_LOOP. */
enum err nest_begin(struct file *outer, struct file *inner);
/* An item of set that is a set has gone, or did not come. nest_lock held. */
void nest_left(struct waitset *set);

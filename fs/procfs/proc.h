/*
 * procfs: files whose text is made when they are read.
 *
 * A directory is a table of entries; some directories also have names that
 * are computed (tasks, threads, handles). An entry has a show function that
 * writes into a seq, a store function for writes, or for links a text or a
 * place. A node in memory is an entry with the ids it is about; the task is
 * looked up by id and start time for each call, so that a node of a task
 * that ended answers "no such task" and keeps nothing alive.
 */
#pragma once

#include <kernel/log.h>
#include <kernel/task.h>
#include <kernel/vfs.h>
#include <lib/fmt.h>
#include <lib/string.h>

/* ---- growable text: seq.c --------------------------------------------- */

struct seq {
	struct fmt_sink sink;
	struct list chunks; /* pages, struct seq_chunk at their starts */
	size_t len; /* bytes in all */
	bool failed; /* no memory: the text is cut */
};

void seq_init(struct seq *q);
void seq_clear(struct seq *q);
void seq_put(struct seq *q, const char *s, size_t len);
void seq_puts(struct seq *q, const char *s);
void seq_printf(struct seq *q, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* s with blanks, newlines and backslashes as octal escapes. */
void seq_escaped(struct seq *q, const char *s);
/* Spaces up to column col of the line that began at offset start. */
void seq_pad(struct seq *q, size_t start, size_t col);
/* Copies from off on; the count, faulting nothing in. */
enum err seq_read(struct seq *q, struct iter *it, uint64_t off, size_t *done);
size_t seq_path(struct seq *q, const struct path *p);
/* As vfs_path_text() for the reader, the way links of /proc have it. */
enum err proc_path_text(
    const struct path *p, char *buf, size_t len, char **start);

/* ---- entries: tree.c -------------------------------------------------- */

/* What a call is about; borrowed for its length. */
struct proc_ctx {
	struct task *task; /* NULL outside task directories */
	struct thread *thread; /* of /proc/PID/task/TID, else the leader */
	uint32_t number; /* handle */
	struct container *container; /* of the caller */
};

struct proc_name { /* a computed name */
	uint32_t number;
	const struct proc_entry *entry;
};

struct proc_entry {
	const char *name; /* NULL ends a table */
	uint32_t mode; /* type and permissions */
	enum err (*show)(struct seq *q, const struct proc_ctx *c);
	enum err (*store)(
	    const struct proc_ctx *c, const char *text, size_t len);
	enum err (*link)(const struct proc_ctx *c, char *buf, size_t len,
	    size_t *done);
	enum err (*follow)(const struct proc_ctx *c, struct path *out);
	const struct proc_entry *children;
	/* Computed names: the first with number >= *from. */
	enum err (*next)(const struct proc_ctx *c, uint32_t from,
	    struct proc_name *out);
	/* Full control of an open file instead of show. */
	enum err (*open)(const struct proc_ctx *c, struct file *f);
	unsigned makes; /* PROC_MAKES_*: what number means to the child */
};
#define PROC_MAKES_TASK   1u
#define PROC_MAKES_THREAD 2u
#define PROC_MAKES_NUMBER 3u

#define PROC_FILE(n, fn) \
	{ .name = (n), .mode = S_REGULAR | 0444, .show = (fn) }
#define PROC_PRIVATE(n, fn) \
	{ .name = (n), .mode = S_REGULAR | 0400, .show = (fn) }
#define PROC_WRITE(n, fn, st) \
	{ .name = (n), .mode = S_REGULAR | 0644, .show = (fn), .store = (st) }
#define PROC_DIR(n, table) \
	{ .name = (n), .mode = S_DIRECTORY | 0555, .children = (table) }
#define PROC_END { .name = NULL }

extern const struct proc_entry proc_root; /* root.c */
extern const struct proc_entry proc_task_dir; /* task.c */
extern const struct proc_entry proc_sys_table[]; /* sysctl.c */
extern const struct proc_entry proc_net_table[]; /* net.c */
extern const struct proc_entry proc_ns_table[]; /* ns.c */
extern const struct proc_entry proc_carmine_table[]; /* carmine.c */

/* fd.c: /proc/PID/fd and fdinfo. */
enum err proc_next_fd(
    const struct proc_ctx *c, uint32_t from, struct proc_name *out);
enum err proc_next_fdinfo(
    const struct proc_ctx *c, uint32_t from, struct proc_name *out);
#define FD_DIRS \
	{ \
		.name = "fd", .mode = S_DIRECTORY | 0500, \
		.next = proc_next_fd, .makes = PROC_MAKES_NUMBER \
	}, \
	{ \
		.name = "fdinfo", .mode = S_DIRECTORY | 0500, \
		.next = proc_next_fdinfo, .makes = PROC_MAKES_NUMBER \
	}

/* ---- shows used in several places ------------------------------------- */

enum err show_mounts(struct seq *q, const struct proc_ctx *c);
enum err show_mountinfo(struct seq *q, const struct proc_ctx *c);
enum err show_task_stat(struct seq *q, const struct proc_ctx *c);
enum err show_task_status(struct seq *q, const struct proc_ctx *c);
enum err show_task_statm(struct seq *q, const struct proc_ctx *c);
enum err show_task_smaps(struct seq *q, const struct proc_ctx *c);
enum err show_task_maps(struct seq *q, const struct proc_ctx *c);
/* The task's space, referenced; NULL: it has none (any more). */
struct space *task_space(struct task *t);
/* May the caller look into t's memory and handles? */
bool task_may_inspect(struct task *t);
char task_state_letter(const struct task *t, const struct thread *th);

/* What uname tells programs, too. */
#define PROC_OSTYPE    "Linux"
#define PROC_OSRELEASE "6.6.0-carmine"
#define PROC_VERSION   "#1 SMP PREEMPT Carmine"

#define TICK_NS (NS_PER_SEC / 100) /* what programs believe a tick is */

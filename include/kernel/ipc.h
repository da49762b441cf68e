/*
 * Pipes, events, timers, wait sets and channels: all are struct files.
 */
#pragma once

#include <kernel/file.h>
#include <kernel/signal.h>
#include <kernel/time.h>

/* ---- pipes (kernel/ipc/pipe.c): rings of pages ------------------------ */

/* flags: FILE_NONBLOCK, FILE_DIRECT (packets). Both ends referenced. */
enum err pipe_create(
    unsigned flags, struct file **reader, struct file **writer);
/* Opening a FIFO: v->bound holds the ring; waits for the other side as
 * POSIX says; turns f into a pipe end. */
enum err pipe_open_fifo(struct vnode *v, struct file *f);
enum err pipe_size(struct file *f, size_t *out); /* bytes */
enum err pipe_set_size(struct file *f, size_t bytes);
/* Moves pages from one pipe to another or between pipe and file. */
enum err pipe_tee(struct file *in, struct file *out, size_t n, size_t *done);
bool file_is_pipe(const struct file *f);

/* ---- events (kernel/ipc/event.c) -------------------------------------- */

/* A 64-bit counter as eventfd. */
#define EVENT_SEMAPHORE 0x1u
enum err event_create(uint64_t initial, unsigned event_flags,
    unsigned file_flags, struct file **out);
/* Native events with subscribers: a group broadcasts a value to all queues
 * subscribed with a filter; higher priority is read first. */
enum err event_group_create(struct file **out);
enum err event_subscribe(struct file *group, unsigned priority,
    uint64_t filter_mask, uint64_t filter_value, struct file **queue);
enum err event_broadcast(struct file *group, uint64_t value);

/* ---- timers ----------------------------------------------------------- */

enum clock_id { CLOCK_WALL, CLOCK_MONO };
enum err timer_create(
    enum clock_id clock, unsigned file_flags, struct file **out);
/* when 0 disarms; absolute on its clock. interval 0: once. cancel_on_step:
 * a wall clock step makes reads fail with ERR_CANCELED. */
enum err timer_set(struct file *f, ns_t when, ns_t interval,
    bool cancel_on_step);
enum err timer_get(struct file *f, ns_t *remaining, ns_t *interval);
enum clock_id timer_clock(const struct file *f);

/* ---- signal files, task files ----------------------------------------- */

enum err signalfd_create(
    sigset_bits set, unsigned file_flags, struct file **out);
enum err signalfd_set(struct file *f, sigset_bits set);
/* Records read from it are struct sig_info; the ABI re-encodes. */
enum err signalfd_take(struct file *f, struct sig_info *out);
enum err taskfd_create(
    struct task *t, unsigned file_flags, struct file **out);
enum err taskfd_task(struct file *f, struct task **out);

/* ---- wait sets (kernel/ipc/waitset.c) --------------------------------- */

/* Serves epoll and native waiting. An item is (file, handle number). */
#define WAITSET_EDGE      0x1u
#define WAITSET_ONESHOT   0x2u
#define WAITSET_EXCLUSIVE 0x4u
struct waitset_event {
	unsigned events; /* POLL_* */
	uint64_t data;
};
enum err waitset_create(unsigned file_flags, struct file **out);
/* ERR_EXISTS, ERR_LOOP (nesting), ERR_PERM (file cannot be waited for),
 * ERR_INVAL. */
enum err waitset_add(struct file *set, struct file *f, uint32_t handle,
    const struct waitset_event *ev, unsigned flags);
enum err waitset_modify(struct file *set, struct file *f, uint32_t handle,
    const struct waitset_event *ev, unsigned flags);
enum err waitset_remove(struct file *set, struct file *f, uint32_t handle);
/* Fills up to max events; *count may be 0 at the deadline. ERR_RESTART. */
enum err waitset_wait(struct file *set, struct waitset_event *out,
    unsigned max, ns_t deadline, unsigned *count);
/* Called by file release for files that are in wait sets. */
void waitset_forget(struct file *f);

/* poll and select: waits until one of the files has a wanted event. */
struct poll_one {
	struct file *file; /* NULL: skip */
	unsigned events, revents;
};
enum err poll_files(
    struct poll_one *items, unsigned count, ns_t deadline, unsigned *ready);

/* ---- native channels -------------------------------------------------- */

/* Two ends; messages of bytes and handles, in order, bounded queue. */
enum err channel_create(struct file **a, struct file **b);
struct channel_message {
	struct iter *bytes;
	struct obj **objs; /* sent: references move with the message */
	rights_t *rights;
	unsigned obj_count; /* in: capacity when receiving */
	/* Sent: the handles of objs in this table, closed as the message is
	 * queued, or it is not sent (ERR_BADHANDLE). NULL: there are none. */
	struct handle_table *table;
	const uint32_t *handles;
};
enum err channel_send(struct file *f, struct channel_message *m, bool wait);
/* ERR_MSGSIZE with nothing taken when it does not fit. */
enum err channel_receive(
    struct file *f, struct channel_message *m, bool wait, size_t *len);

/* ---- files in flight (kernel/ipc/inflight.c) -------------------------- */

/*
 * A file in whose queue other files may travel: a Unix socket, a channel
 * end. Files that only hold each other this way are found and dropped.
 */
struct carrier {
	struct file *file; /* [I] */
	const struct carrier_ops *ops; /* [I] */
	struct list link; /* [f] of carriers in flight; flight lock */
	unsigned inflight; /* [f] messages that hold file */
	unsigned inside; /* [f] of these, found in candidates' queues */
	bool candidate, live; /* [f] */
};
struct carrier_ops {
	/* Calls fn for every object in the queues that only file reads. */
	void (*each)(struct carrier *c, void (*fn)(struct obj *o, void *arg),
	    void *arg);
	/* Throws the queued messages away. */
	void (*purge)(struct carrier *c);
};
void carrier_init(
    struct carrier *c, struct file *f, const struct carrier_ops *ops);
/* Objects are about to be queued, and have left a queue. Sleep; no lock of a
 * queue is held. */
void inflight_add(struct obj *const *objs, unsigned n);
void inflight_remove(struct obj *const *objs, unsigned n);
/* Drops queued objects: inflight_remove and unref. */
void inflight_drop(struct obj *const *objs, unsigned n);
/* A carrier's handle was closed, or a carrier ended: looks for garbage, in
 * another thread, if anything is in flight. Any context. */
void inflight_check(void);

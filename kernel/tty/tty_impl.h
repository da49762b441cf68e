/* SPDX-License-Identifier: MIT */
/* What the files of kernel/tty share; tty.c tells the theory. */
#pragma once

#include "ldisc.h"
#include "termios.h"

#include <kernel/chardev.h>
#include <kernel/task.h>
#include <kernel/tty.h>

struct pty;

#define TTY_NAME_MAX 16
#define TTY_CHUNK    256u /* bytes copied at a time */

struct tty {
	struct ref refs;
	char name[TTY_NAME_MAX]; /* [I] below /dev */
	uint64_t rdev; /* [I] */
	const struct tty_lower_ops *ops; /* [I] NULL: a pty */
	void *driver_data; /* [I] */
	struct pty *pty; /* [I] what this is the slave of, or NULL */
	struct chardev dev; /* [I] of a driver's tty */
	struct mutex read_lock, write_lock; /* RANK_TTY: readers, writers */
	struct waitq read_wait, write_wait;
	struct spinlock lock; /* RANK_TTY_LINE, irq */
	struct ldisc ld; /* [l] */
	struct ldisc_modes locked; /* [l] not 0: stays as it is */
	struct tty_winsize size; /* [l] */
	uint32_t input_speed, output_speed; /* [l] baud */
	bool stop_call; /* [l] TCOOFF: no output */
	bool exclusive; /* [l] TIOCEXCL */
	int sid; /* [l] whose controlling terminal; 0: nobody's */
	int foreground; /* [l] group; 0: none */
	struct container *container; /* [l] sid's; referenced */
	atomic_uint generation; /* [A] counts hangups */
	atomic_int opens; /* [A] open files */
};

/* An open file on a tty. */
struct tty_file {
	struct tty *tty; /* [I] referenced */
	unsigned generation; /* [I] the tty's when it was opened */
	bool console; /* [I] /dev/console: outlives hangups */
};

static inline struct tty_file *
tty_file_of(const struct file *f)
{
	return f->data;
}

static inline bool
tty_file_hung(const struct tty_file *tf)
{
	return !tf->console && atomic_load_explicit(
	    &tf->tty->generation, memory_order_acquire) != tf->generation;
}

/* Makes a tty without a device: one reference. NULL: memory. */
struct tty *tty_alloc(const char *name, uint64_t rdev);
/* Turns f into an open file of t; takes over t as the controlling terminal
 * when POSIX says so. */
enum err tty_open(struct tty *t, struct file *f, bool console);
extern const struct file_ops tty_file_ops;

/* Moves output on; t->lock held. */
void tty_start_output(struct tty *t) REQUIRES(t->lock);
/* Does what the line discipline asked for (LDISC_*); no lock held. */
void tty_act(struct tty *t, unsigned asks);
/* Room for output came: wakes writers. */
void tty_wake_writers(struct tty *t);
/* Waits until all output is gone. */
enum err tty_drain(struct tty_file *tf);

/* tty_io.c */
enum err tty_read(struct file *f, struct iter *it, uint64_t *off, size_t *done);
enum err tty_write(
    struct file *f, struct iter *it, uint64_t *off, size_t *done);
unsigned tty_poll(struct file *f, struct poll_request *r);

/* job.c */
/* Whether the running task may go on; number (TTIN, TTOU) stops it if not. */
enum err tty_job_check(struct tty *t, int number);
bool tty_is_mine(struct tty *t);
enum err tty_take(struct tty *t, bool steal);
enum err tty_give_up(struct tty *t);
enum err tty_set_foreground(struct tty *t, int pgid);
void tty_open_takes(struct tty *t, const struct file *f);
void tty_signal_foreground(struct tty *t, int number);

/* control.c */
enum err tty_control(
    struct file *f, unsigned cmd, uintptr_t arg, long *ret);
/* The part that a pty's master shares. */
enum err tty_control_common(
    struct tty *t, unsigned cmd, uintptr_t arg, long *ret);

/* pty.c */
void pty_init(void);
enum err pty_slave_opened(struct tty *t); /* ERR_IO: locked or gone */
void pty_slave_closed(struct tty *t);
void pty_output(struct tty *t, unsigned asks); /* there is some; no lock */
void pty_free(struct tty *t); /* the slave's last reference went */
void pty_unlock(struct file *master); /* the slave may be opened */
/* Requests about the pair that the slave's side may make, else ERR_NOTTY. */
enum err pty_control_slave(
    struct tty *t, unsigned cmd, uintptr_t arg, long *ret);

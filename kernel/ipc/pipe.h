/* SPDX-License-Identifier: MIT */
/* The inside of pipes, shared by pipe.c and fifo.c; pipe.c tells the theory. */
#pragma once

#include <kernel/ipc.h>
#include <kernel/mm.h>

#define PIPE_BUF    4096u /* writes of up to this are not mixed */
#define PIPE_SLOTS  16u   /* 64 KiB, as everybody expects */
#define PIPE_SPARES 2u
#define WRITE_PAGES 4u    /* that a long write copies at a time */
#define PIPE_MAX    (1u << 20) /* bytes, for F_SETPIPE_SZ */

struct pipe_slot {
	struct page *page;
	uint16_t off, len; /* the unread bytes; off + len <= PAGE_SIZE */
	bool packet; /* a message of its own */
	bool shared; /* tee: the page is not ours to append to */
};

struct pipe {
	struct mutex lock; /* RANK_PIPE */
	/* [l], but polls look at them without; positions run freely */
	unsigned head, tail; /* slots read, slots written */
	unsigned mask; /* [l] slots - 1 */
	unsigned readers, writers; /* [l] open files */
	struct ref files; /* [A] open files */
	unsigned reader_count, writer_count; /* [l] opens ever, for FIFOs */
	unsigned spare_count; /* [l] */
	unsigned takes; /* [l] how often bytes were read */
	struct pipe_slot *slots; /* [l] own[] or allocated */
	struct waitq read_wait, write_wait;
	uint64_t ino; /* [I] */
	struct page *spares[PIPE_SPARES]; /* [l] */
	struct pipe_slot own[PIPE_SLOTS];
};

/* One reference is the maker's, each attached file has another. NULL: no
 * memory. */
struct pipe *pipe_alloc(void);
bool pipe_unref(struct pipe *p); /* true: that was the last */
/* Counts f's ends in or out; p->lock held. */
void pipe_attach(struct pipe *p, unsigned file_flags);
void pipe_detach(struct pipe *p, unsigned file_flags);

enum err pipe_read(
    struct file *f, struct iter *it, uint64_t *off, size_t *done);
enum err pipe_write(
    struct file *f, struct iter *it, uint64_t *off, size_t *done);
unsigned pipe_poll(struct file *f, struct poll_request *r);
enum err pipe_control(
    struct file *f, unsigned cmd, uintptr_t arg, long *ret);
extern const struct file_ops pipe_ops, fifo_ops;

static inline struct pipe *
pipe_of(const struct file *f)
{
	return f->data;
}

static inline bool
pipe_empty(const struct pipe *p)
{
	return p->head == p->tail;
}

static inline bool
pipe_full(const struct pipe *p)
{
	return p->tail - p->head > p->mask;
}

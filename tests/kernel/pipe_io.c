/* SPDX-License-Identifier: MIT */
/* Pipes: order, atomic writes, limits, ends, sizes, tee. */
#include "ipc_help.h"
#include "threads.h"

#include <kernel/mm.h>

KTEST(a_pipe_keeps_bytes_in_order)
{
	struct file *r = NULL, *w = NULL;

	EXPECT_OK(pipe_create(0, &r, &w));
	EXPECT(!polls(r, POLL_IN) && polls(w, POLL_OUT));
	EXPECT(put_text(w, "one "));
	EXPECT(put_text(w, "two"));
	EXPECT(polls(r, POLL_IN));
	EXPECT(get_text(r, "one two"));
	file_unref(w);
	EXPECT(polls(r, POLL_HUP));
	EXPECT(get_text(r, "")); /* the end */
	file_unref(r);
}

KTEST(a_pipe_without_reader_refuses)
{
	struct file *r = NULL, *w = NULL;
	size_t done;

	EXPECT_OK(pipe_create(0, &r, &w));
	file_unref(r);
	EXPECT(polls(w, POLL_ERR));
	EXPECT(put_n(w, "x", 1, &done) == ERR_PIPE && done == 0);
	EXPECT(get_n(w, &done, 1, &done) == ERR_BADHANDLE);
	file_unref(w);
}

KTEST(a_full_pipe_takes_part_of_a_long_write)
{
	struct file *r = NULL, *w = NULL;
	char *buf = kzalloc(100000);
	size_t done, total;

	EXPECT(buf != NULL);
	EXPECT_OK(pipe_create(FILE_NONBLOCK, &r, &w));
	EXPECT_OK(put_n(w, buf, 100000, &done));
	EXPECT(done == 65536);
	EXPECT(put_n(w, buf, 1, &done) == ERR_AGAIN);
	EXPECT(!polls(w, POLL_OUT));
	EXPECT_OK(get_n(r, buf, 4096, &done));
	EXPECT(polls(w, POLL_OUT));
	/* One page is free: a whole write of that fits, one more does not. */
	EXPECT_OK(put_n(w, buf, 4096, &done));
	EXPECT(put_n(w, buf, 2, &done) == ERR_AGAIN);
	for (total = 0; get_n(r, buf, 100000, &done) == OK; total += done)
		EXPECT(done > 0);
	EXPECT(total == 65536);
	file_unref(r);
	file_unref(w);
	kfree(buf, 100000);
}

KTEST(a_pipe_can_be_resized_but_not_below_its_contents)
{
	struct file *r = NULL, *w = NULL;
	size_t done, size = 0;
	static char byte[5000];

	EXPECT_OK(pipe_create(FILE_NONBLOCK, &r, &w));
	EXPECT_OK(pipe_set_size(w, 5000));
	EXPECT_OK(pipe_size(r, &size));
	EXPECT(size == 8192);
	EXPECT_OK(put_n(w, byte, 5000, &done));
	EXPECT(done == 5000);
	EXPECT(pipe_set_size(w, 4096) == ERR_BUSY);
	EXPECT_OK(pipe_set_size(w, 1 << 20));
	EXPECT_OK(get_n(r, byte, 5000, &done));
	EXPECT(done == 5000);
	EXPECT(pipe_set_size(w, 0) == ERR_INVAL);
	file_unref(r);
	file_unref(w);
}

KTEST(packets_are_read_one_by_one)
{
	struct file *r = NULL, *w = NULL;
	char buf[8];
	size_t done;

	EXPECT_OK(pipe_create(FILE_DIRECT | FILE_NONBLOCK, &r, &w));
	EXPECT(put_text(w, "alpha"));
	EXPECT(put_text(w, "beta"));
	EXPECT(get_text(r, "alpha"));
	EXPECT_OK(get_n(r, buf, 2, &done));
	EXPECT(done == 2 && memcmp(buf, "be", 2) == 0);
	EXPECT(get_n(r, buf, 2, &done) == ERR_AGAIN); /* "ta" is lost */
	file_unref(r);
	file_unref(w);
}

KTEST(tee_shares_bytes_and_leaves_them)
{
	struct file *r1 = NULL, *w1 = NULL, *r2 = NULL, *w2 = NULL;
	size_t done = 0;

	EXPECT_OK(pipe_create(FILE_NONBLOCK, &r1, &w1));
	EXPECT_OK(pipe_create(FILE_NONBLOCK, &r2, &w2));
	EXPECT(pipe_tee(r1, w2, 10, &done) == ERR_AGAIN);
	EXPECT(put_text(w1, "shared"));
	EXPECT_OK(pipe_tee(r1, w2, 4, &done));
	EXPECT(done == 4);
	/* The page is shared now: what is appended must not show there. */
	EXPECT(put_text(w1, " more"));
	EXPECT(put_text(w2, "!"));
	EXPECT(get_text(r2, "shar!"));
	EXPECT(get_text(r1, "shared more"));
	EXPECT(pipe_tee(r1, w1, 4, &done) == ERR_INVAL);
	file_unref(r1);
	file_unref(w1);
	file_unref(r2);
	file_unref(w2);
}

/* ---- with threads ------------------------------------------------------ */

#define ROUNDS 2000u

struct ping {
	struct file *r[2], *w[2];
	atomic_bool go;
};

static void
ping_pong(struct crew *c, unsigned number)
{
	struct ping *p = c->arg;
	size_t done;

	for (unsigned i = 0; i < ROUNDS; i++) {
		char byte = (char)i;

		if (number == 0) {
			EXPECT_OK(put_n(p->w[0], &byte, 1, &done));
			EXPECT_OK(get_n(p->r[1], &byte, 1, &done));
			EXPECT(byte == (char)(i + 1));
		} else {
			EXPECT_OK(get_n(p->r[0], &byte, 1, &done));
			byte++;
			EXPECT_OK(put_n(p->w[1], &byte, 1, &done));
		}
	}
}

KTEST(two_threads_play_ping_pong)
{
	struct ping p;
	struct crew c = { .fn = ping_pong, .arg = &p };

	EXPECT_OK(pipe_create(0, &p.r[0], &p.w[0]));
	EXPECT_OK(pipe_create(0, &p.r[1], &p.w[1]));
	crew_run(&c, 2);
	for (unsigned i = 0; i < 2; i++) {
		file_unref(p.r[i]);
		file_unref(p.w[i]);
	}
}

#define BLOCK 3000u
#define BLOCKS 200u

/* Writers 1..3 write whole blocks of their number; the reader finds no block
 * mixed with another. */
static void
block_traffic(struct crew *c, unsigned number)
{
	struct ping *p = c->arg;
	char *buf = kmalloc(BLOCK);
	size_t done, at, got;

	EXPECT(buf != NULL);
	if (number > 0) {
		memset(buf, (int)number, BLOCK);
		for (unsigned i = 0; i < BLOCKS; i++) {
			EXPECT_OK(put_n(p->w[0], buf, BLOCK, &done));
			EXPECT(done == BLOCK);
		}
	} else {
		for (unsigned i = 0; i < 3 * BLOCKS; i++) {
			for (at = 0; at < BLOCK; at += got)
				EXPECT_OK(get_n(
				    p->r[0], buf + at, BLOCK - at, &got));
			for (at = 1; at < BLOCK; at++)
				if (buf[at] != buf[0])
					break;
			EXPECT(at == BLOCK);
		}
	}
	kfree(buf, BLOCK);
}

KTEST(small_writes_of_several_threads_stay_whole)
{
	struct ping p;
	struct crew c = { .fn = block_traffic, .arg = &p };

	EXPECT_OK(pipe_create(0, &p.r[0], &p.w[0]));
	crew_run(&c, 4);
	file_unref(p.r[0]);
	file_unref(p.w[0]);
}

static void
close_later(struct crew *c, unsigned number)
{
	struct ping *p = c->arg;
	char byte;
	size_t done;

	if (number == 0) {
		EXPECT_OK(get_n(p->r[0], &byte, 1, &done));
		EXPECT(done == 0); /* the end, once the writer has gone */
	} else {
		sleep_ms(2);
		file_unref(p->w[0]);
	}
}

KTEST(the_last_writer_wakes_readers)
{
	struct ping p;
	struct crew c = { .fn = close_later, .arg = &p };

	EXPECT_OK(pipe_create(0, &p.r[0], &p.w[0]));
	crew_run(&c, 2);
	file_unref(p.r[0]);
}

static void
poll_later(struct crew *c, unsigned number)
{
	struct ping *p = c->arg;
	struct poll_one items[2] = {
		{ .file = p->r[0], .events = POLL_IN },
		{ .file = p->r[1], .events = POLL_IN },
	};
	unsigned ready = 0;

	if (number == 1) {
		while (!atomic_load(&p->go))
			sleep_ms(1);
		sleep_ms(2);
		EXPECT(put_text(p->w[1], "x"));
		return;
	}
	EXPECT_OK(poll_files(items, 2, time_now() + NS_PER_MS / 2, &ready));
	EXPECT(ready == 0);
	atomic_store(&p->go, true);
	EXPECT_OK(poll_files(items, 2, NS_NEVER, &ready));
	EXPECT(ready == 1 && items[0].revents == 0 &&
	    items[1].revents == POLL_IN);
}

KTEST(poll_waits_for_one_of_several)
{
	struct ping p = { .go = false };
	struct crew c = { .fn = poll_later, .arg = &p };

	EXPECT_OK(pipe_create(0, &p.r[0], &p.w[0]));
	EXPECT_OK(pipe_create(0, &p.r[1], &p.w[1]));
	crew_run(&c, 2);
	for (unsigned i = 0; i < 2; i++) {
		file_unref(p.r[i]);
		file_unref(p.w[i]);
	}
}

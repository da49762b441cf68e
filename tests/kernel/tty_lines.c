/* SPDX-License-Identifier: MIT */
/*
 * Terminals, seen through a pty: lines, editing, echo, raw reads, keys,
 * flow, hangup.
 */
#include "ipc_help.h"
#include "threads.h"

#include <kernel/tty.h>
#include <kernel/mm.h>

#include "kernel/tty/tty_impl.h"

struct pair {
	struct file *master, *slave;
	struct tty *tty;
};

static struct file *
blank_file(void)
{
	static const struct file_ops none = { .read = NULL };
	struct file *f = NULL;

	EXPECT_OK(file_create(&none, OBJ_FILE,
	    FILE_READ | FILE_WRITE | FILE_NOCTTY, NULL, &f));
	return f;
}

/* A pty of a set of its own; both sides answer at once. */
static void
pair_open(struct pair *p)
{
	struct pty_set *set = pty_set_create();
	struct pty_info info;

	p->master = blank_file();
	p->slave = blank_file();
	EXPECT_OK(pty_open_master(set, p->master));
	EXPECT(pty_open_slave(set, 0, p->slave) == ERR_IO); /* locked */
	EXPECT_OK(pty_next(set, 0, &info));
	EXPECT(info.number == 0);
	pty_unlock(p->master);
	EXPECT_OK(pty_open_slave(set, 0, p->slave));
	p->tty = tty_file_of(p->slave)->tty;
	EXPECT_OK(file_set_flags(p->master, FILE_NONBLOCK));
	EXPECT_OK(file_set_flags(p->slave, FILE_NONBLOCK));
	pty_set_unref(set);
}

static void
pair_close(struct pair *p)
{
	file_unref(p->slave);
	file_unref(p->master);
}

static void
modes(struct pair *p, uint32_t lflag_off, uint32_t iflag_off)
{
	struct ldisc_modes m = p->tty->ld.modes;
	unsigned long flags;

	m.lflag &= ~lflag_off;
	m.iflag &= ~iflag_off;
	flags = spin_lock_irq(&p->tty->lock);
	ldisc_set_modes(&p->tty->ld, &m);
	spin_unlock_irq(&p->tty->lock, flags);
}

static bool
no_input(struct pair *p)
{
	char c;
	size_t done;

	return get_n(p->slave, &c, 1, &done) == ERR_AGAIN;
}

KTEST(a_line_is_read_when_it_is_complete)
{
	struct pair p;

	pair_open(&p);
	EXPECT(put_text(p.master, "he"));
	EXPECT(no_input(&p) && !polls(p.slave, POLL_IN));
	EXPECT(put_text(p.master, "llo\rnext"));
	EXPECT(polls(p.slave, POLL_IN));
	EXPECT(get_text(p.slave, "hello\n"));
	EXPECT(no_input(&p));
	EXPECT(get_text(p.master, "hello\r\nnext")); /* the echo */
	pair_close(&p);
}

KTEST(a_read_takes_one_line_and_keeps_the_rest_of_a_long_one)
{
	struct pair p;
	char buf[4];
	size_t done;

	pair_open(&p);
	EXPECT(put_text(p.master, "abcdef\ngh\n"));
	EXPECT_OK(get_n(p.slave, buf, 4, &done));
	EXPECT(done == 4 && memcmp(buf, "abcd", 4) == 0);
	EXPECT(get_text(p.slave, "ef\n"));
	EXPECT(get_text(p.slave, "gh\n"));
	pair_close(&p);
}

KTEST(editing_keys_change_the_line)
{
	struct pair p;

	pair_open(&p);
	modes(&p, TIO_ECHO, 0);
	EXPECT(put_text(p.master, "cat\177r\n"));
	EXPECT(get_text(p.slave, "car\n"));
	EXPECT(put_text(p.master, "one two  \027three\n")); /* ^W */
	EXPECT(get_text(p.slave, "one three\n"));
	EXPECT(put_text(p.master, "forget\025keep\n")); /* ^U */
	EXPECT(get_text(p.slave, "keep\n"));
	EXPECT(put_text(p.master, "a\026\003b\026\026\n")); /* ^V ^C, ^V ^V */
	EXPECT(get_text(p.slave, "a\003b\026\n"));
	EXPECT(put_text(p.master, "x\303\244\177y\n")); /* a-umlaut, erased */
	EXPECT(get_text(p.slave, "xy\n"));
	pair_close(&p);
}

KTEST(erasing_is_shown_as_wide_as_the_echo_was)
{
	struct pair p;

	pair_open(&p);
	EXPECT(put_text(p.master, "ab\177"));
	EXPECT(get_text(p.master, "ab\b \b"));
	EXPECT(put_text(p.master, "\025")); /* ^U with ECHOKE */
	EXPECT(get_text(p.master, "\b \b"));
	EXPECT(put_text(p.master, "\001\177")); /* ^A is two columns */
	EXPECT(get_text(p.master, "^A\b \b\b \b"));
	EXPECT(put_text(p.master, "ab\t\177"));
	EXPECT(get_text(p.master, "ab\t\b\b\b\b\b\b"));
	EXPECT(put_text(p.master, "c\022")); /* ^R */
	EXPECT(get_text(p.master, "c^R\r\nabc"));
	pair_close(&p);
}

KTEST(the_eof_key_ends_a_read_and_is_no_data)
{
	struct pair p;

	pair_open(&p);
	modes(&p, TIO_ECHO, 0);
	EXPECT(put_text(p.master, "part\004"));
	EXPECT(get_text(p.slave, "part"));
	EXPECT(no_input(&p));
	EXPECT(put_text(p.master, "\004"));
	EXPECT(get_text(p.slave, ""));
	EXPECT(no_input(&p));
	pair_close(&p);
}

KTEST(raw_bytes_come_at_once_and_by_vmin)
{
	struct pair p;

	pair_open(&p);
	modes(&p, TIO_ICANON | TIO_ECHO | TIO_ISIG, TIO_ICRNL | TIO_IXON);
	EXPECT(put_text(p.master, "\003\r\021"));
	EXPECT(get_text(p.slave, "\003\r\021"));
	p.tty->ld.modes.cc[TIO_VMIN] = 3;
	EXPECT(put_text(p.master, "ab"));
	EXPECT(!polls(p.slave, POLL_IN));
	EXPECT(put_text(p.master, "c"));
	EXPECT(polls(p.slave, POLL_IN));
	EXPECT(get_text(p.slave, "abc"));
	p.tty->ld.modes.cc[TIO_VMIN] = 0;
	EXPECT(get_text(p.slave, "")); /* MIN 0, TIME 0: whatever is there */
	pair_close(&p);
}

KTEST(a_timed_raw_read_gives_up)
{
	struct pair p;
	ns_t start;

	pair_open(&p);
	modes(&p, TIO_ICANON | TIO_ECHO, 0);
	EXPECT_OK(file_set_flags(p.slave, 0));
	p.tty->ld.modes.cc[TIO_VMIN] = 0;
	p.tty->ld.modes.cc[TIO_VTIME] = 1;
	start = time_now();
	EXPECT(get_text(p.slave, ""));
	EXPECT(time_now() >= start + 100 * NS_PER_MS);
	/* MIN and TIME: waits for the first byte, then between bytes. */
	p.tty->ld.modes.cc[TIO_VMIN] = 5;
	EXPECT(put_text(p.master, "xy"));
	start = time_now();
	EXPECT(get_text(p.slave, "xy"));
	EXPECT(time_now() >= start + 100 * NS_PER_MS);
	pair_close(&p);
}

KTEST(pending_bytes_survive_a_change_of_mode)
{
	struct pair p;

	pair_open(&p);
	EXPECT(put_text(p.master, "abc"));
	modes(&p, TIO_ICANON, 0);
	EXPECT(get_text(p.slave, "abc"));
	pair_close(&p);
}

KTEST(output_is_processed_and_can_be_stopped)
{
	struct pair p;
	char c;
	size_t done;

	pair_open(&p);
	EXPECT(put_text(p.slave, "a\nb\tc"));
	EXPECT(get_text(p.master, "a\r\nb\tc"));
	p.tty->ld.modes.oflag |= TIO_XTABS;
	EXPECT(put_text(p.slave, "\r1\t2"));
	EXPECT(get_text(p.master, "\r1       2"));
	EXPECT(put_text(p.master, "\023")); /* ^S */
	EXPECT(put_text(p.slave, "held"));
	EXPECT(get_n(p.master, &c, 1, &done) == ERR_AGAIN);
	EXPECT(put_text(p.master, "\021")); /* ^Q */
	EXPECT(get_text(p.master, "held"));
	pair_close(&p);
}

KTEST(a_full_terminal_holds_its_writers_back)
{
	struct pair p;
	char *buf = kzalloc(20000);
	size_t done, total = 0, got;

	pair_open(&p);
	EXPECT(buf != NULL);
	memset(buf, 'x', 20000);
	EXPECT_OK(put_n(p.slave, buf, 20000, &total));
	EXPECT(total > 1000 && total < LDISC_OUT);
	EXPECT(put_n(p.slave, buf, 1, &done) == ERR_AGAIN);
	EXPECT(!polls(p.slave, POLL_OUT));
	for (got = 0; get_n(p.master, buf, 20000, &done) == OK; got += done)
		;
	EXPECT(got == total);
	EXPECT(polls(p.slave, POLL_OUT));
	kfree(buf, 20000);
	pair_close(&p);
}

KTEST(an_endless_line_does_not_block_the_terminal)
{
	struct pair p;
	char *buf = kzalloc(8192);
	size_t done;

	pair_open(&p);
	modes(&p, TIO_ECHO, 0);
	EXPECT(buf != NULL);
	memset(buf, 'y', 8192);
	EXPECT_OK(put_n(p.master, buf, 8192, &done));
	EXPECT(done == 8192); /* what is too long is dropped */
	EXPECT(put_text(p.master, "\n"));
	EXPECT_OK(get_n(p.slave, buf, 8192, &done));
	EXPECT(done == LDISC_IN && buf[done - 1] == '\n');
	kfree(buf, 8192);
	pair_close(&p);
}

KTEST(closing_the_master_hangs_up)
{
	struct pair p;
	size_t done;

	pair_open(&p);
	file_unref(p.master);
	EXPECT(polls(p.slave, POLL_HUP));
	EXPECT(get_text(p.slave, ""));
	EXPECT(put_n(p.slave, "x", 1, &done) == ERR_IO);
	file_unref(p.slave);
}

KTEST(closing_the_slave_is_told_to_the_master)
{
	struct pair p;
	char c;
	size_t done;

	pair_open(&p);
	EXPECT(put_text(p.slave, "bye"));
	file_unref(p.slave);
	EXPECT(polls(p.master, POLL_HUP));
	EXPECT(get_text(p.master, "bye"));
	EXPECT(get_n(p.master, &c, 1, &done) == ERR_IO);
	file_unref(p.master);
}

/* ---- job control ------------------------------------------------------- */

struct job {
	struct pair p;
	atomic_bool ready, done;
};

static enum err
wait_signal(int number)
{
	struct sig_info info = { 0 };

	return signal_take(SIG_BIT(number), &info, time_now() + NS_PER_SEC);
}

static void
session_leader(void *arg)
{
	struct job *j = arg;
	int sid = 0;

	signal_mask_set(SIG_BIT(SIG_INT) | SIG_BIT(SIG_TSTP) |
	    SIG_BIT(SIG_QUIT) | SIG_BIT(SIG_HUP) | SIG_BIT(SIG_CONT));
	EXPECT_OK(task_setsid(&sid));
	EXPECT_OK(tty_take(j->p.tty, false));
	EXPECT(tty_foreground(j->p.tty) == sid);
	EXPECT(tty_is_mine(j->p.tty));
	EXPECT(put_text(j->p.master, "gone\003"));
	EXPECT_OK(wait_signal(SIG_INT));
	EXPECT(no_input(&j->p)); /* the key flushed it */
	EXPECT(put_text(j->p.master, "\032"));
	EXPECT_OK(wait_signal(SIG_TSTP));
	EXPECT(put_text(j->p.master, "\034"));
	EXPECT_OK(wait_signal(SIG_QUIT));
	EXPECT(tty_set_foreground(j->p.tty, sid + 1000) == ERR_PERM);
	EXPECT_OK(tty_give_up(j->p.tty));
	EXPECT_OK(wait_signal(SIG_HUP));
	EXPECT(!tty_is_mine(j->p.tty));
	EXPECT_OK(tty_take(j->p.tty, false));
	/* Its end is a hangup. */
}

KTEST(keys_signal_the_foreground_group)
{
	static struct job j;

	pair_open(&j.p);
	test_task_run(session_leader, &j);
	EXPECT(tty_foreground(j.p.tty) == 0);
	EXPECT(polls(j.p.slave, POLL_HUP));
	pair_close(&j.p);
}

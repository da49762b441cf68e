/* SPDX-License-Identifier: MIT */
/*
 * Input processing.
 *
 * A received byte passes, in this order: ISTRIP and IUCLC, a literal-next
 * that came before it, flow control, signal keys, CR/NL mapping, editing,
 * echo, and the input buffer. Readers see lines (ICANON) or bytes.
 *
 * When the buffer is full of a line that has no end yet, bytes that would
 * lengthen it are dropped (and the bell rings, with IMAXBEL), because nobody
 * can make room by reading; otherwise the byte is left to the caller, for
 * whom that is back-pressure.
 *
 * Source: POSIX.1-2017, XBD 11.1; man-pages 6.03, termios(3).
 */
#include "ldisc_impl.h"

#include <lib/string.h>

#define CTRL(c) ((c) & 0x1f)
#define BELL '\a'

static const struct ldisc_modes default_modes = {
	.iflag = TIO_ICRNL | TIO_IXON | TIO_IUTF8,
	.oflag = TIO_OPOST | TIO_ONLCR,
	.cflag = 0x000fu | TIO_CS8 | TIO_CREAD | TIO_HUPCL | TIO_CLOCAL,
	.lflag = TIO_ISIG | TIO_ICANON | TIO_ECHO | TIO_ECHOE | TIO_ECHOK |
	    TIO_ECHOCTL | TIO_ECHOKE | TIO_IEXTEN,
	.cc = {
		[TIO_VINTR] = CTRL('C'), [TIO_VQUIT] = CTRL('\\'),
		[TIO_VERASE] = 0x7f, [TIO_VKILL] = CTRL('U'),
		[TIO_VEOF] = CTRL('D'), [TIO_VMIN] = 1,
		[TIO_VSTART] = CTRL('Q'), [TIO_VSTOP] = CTRL('S'),
		[TIO_VSUSP] = CTRL('Z'), [TIO_VREPRINT] = CTRL('R'),
		[TIO_VDISCARD] = CTRL('O'), [TIO_VWERASE] = CTRL('W'),
		[TIO_VLNEXT] = CTRL('V'),
	},
};

void
ldisc_init(struct ldisc *ld)
{
	memset(ld, 0, offsetof(struct ldisc, in));
	ring_init(&ld->out, ld->out_buf, LDISC_OUT);
	ld->modes = default_modes;
}

/* ---- the buffer -------------------------------------------------------- */

static size_t
room(const struct ldisc *ld)
{
	return LDISC_IN - (ld->tail - ld->head);
}

static void
mark(struct ldisc *ld, size_t pos, bool on)
{
	size_t i = pos & (LDISC_IN - 1);
	uint64_t bit = UINT64_C(1) << (i & 63);

	if (on)
		ld->marks[i / 64] |= bit;
	else
		ld->marks[i / 64] &= ~bit;
}

static bool
marked(const struct ldisc *ld, size_t pos)
{
	size_t i = pos & (LDISC_IN - 1);

	return (ld->marks[i / 64] >> (i & 63)) & 1;
}

static void
store(struct ldisc *ld, uint8_t c)
{
	mark(ld, ld->tail, false);
	ld->in[ld->tail++ & (LDISC_IN - 1)] = c;
	if (!ld_lflag(ld, TIO_ICANON)) {
		ld->canon = ld->tail;
		ld->asks |= LDISC_READABLE;
	}
}

/* A data byte: 0xff is doubled where PARMRK uses it as an escape. */
static void
store_data(struct ldisc *ld, uint8_t c)
{
	bool twice = c == 0xff && ld_iflag(ld, TIO_PARMRK) &&
	    !ld_iflag(ld, TIO_ISTRIP);

	/* One place stays for the byte that ends the line. */
	if (room(ld) < (twice ? 2u : 1u) + ld_lflag(ld, TIO_ICANON)) {
		if (ld_iflag(ld, TIO_IMAXBEL))
			(void)out_raw(ld, BELL);
		return;
	}
	if (twice)
		store(ld, c);
	store(ld, c);
}

/* The line being edited is complete with this byte. */
static void
end_line(struct ldisc *ld, uint8_t c)
{
	if (room(ld) == 0)
		return;
	store(ld, c);
	mark(ld, ld->tail - 1, true);
	ld->canon = ld->tail;
	ld->asks |= LDISC_READABLE;
}

/* ---- receiving --------------------------------------------------------- */

/* STOP, START, and any key after a stop; true: the byte did only that. */
static bool
flow_key(struct ldisc *ld, uint8_t c)
{
	bool start = ld_is(ld, TIO_VSTART, c), stop = ld_is(ld, TIO_VSTOP, c);

	if (!ld_iflag(ld, TIO_IXON))
		return false;
	/* One key for both toggles. */
	if (start && (!stop || ld->stopped)) {
		ld->stopped = false;
		ld->asks |= LDISC_STARTED;
		return true;
	}
	if (stop) {
		ld->stopped = true;
		ld->asks |= LDISC_STOPPED;
		return true;
	}
	if (ld->stopped && ld_iflag(ld, TIO_IXANY)) {
		ld->stopped = false;
		ld->asks |= LDISC_STARTED;
	}
	return false;
}

static bool
signal_key(struct ldisc *ld, uint8_t c)
{
	unsigned ask = 0;

	if (ld_is(ld, TIO_VINTR, c))
		ask = LDISC_INTR;
	else if (ld_is(ld, TIO_VQUIT, c))
		ask = LDISC_QUIT;
	else if (ld_is(ld, TIO_VSUSP, c))
		ask = LDISC_SUSP;
	if (ask == 0)
		return false;
	ld->asks |= ask;
	if (!ld_lflag(ld, TIO_NOFLSH)) {
		ldisc_flush_input(ld);
		ldisc_flush_output(ld);
		ld->asks |= LDISC_FLUSHED;
	}
	if (ld->stopped && ld_iflag(ld, TIO_IXON)) {
		ld->stopped = false;
		ld->asks |= LDISC_STARTED;
	}
	if (ld_lflag(ld, TIO_ECHO))
		echo_byte(ld, c);
	return true;
}

/* ICANON: editing and line ends; true: nothing is left to do. */
static bool
canonical_byte(struct ldisc *ld, uint8_t c)
{
	if (edit_byte(ld, c))
		return true;
	if (c == '\n') {
		if (ld_lflag(ld, TIO_ECHO | TIO_ECHONL))
			echo_byte(ld, c);
	} else if (ld_is(ld, TIO_VEOF, c)) {
		c = 0;
	} else if (ld_is(ld, TIO_VEOL, c) || (ld_lflag(ld, TIO_IEXTEN) &&
	    ld_is(ld, TIO_VEOL2, c))) {
		if (ld_lflag(ld, TIO_ECHO))
			echo_byte(ld, c);
	} else {
		return false;
	}
	end_line(ld, c);
	return true;
}

static void
data_byte(struct ldisc *ld, uint8_t c)
{
	if (ld_lflag(ld, TIO_ECHO))
		echo_byte(ld, c);
	store_data(ld, c);
}

static void
receive_byte(struct ldisc *ld, uint8_t c)
{
	if (ld_iflag(ld, TIO_ISTRIP))
		c &= 0x7f;
	if (ld_iflag(ld, TIO_IUCLC) && ld_lflag(ld, TIO_IEXTEN) &&
	    c >= 'A' && c <= 'Z')
		c = (uint8_t)(c - 'A' + 'a');
	if (ld->literal) {
		ld->literal = false;
		data_byte(ld, c);
		return;
	}
	if (flow_key(ld, c))
		return;
	if (ld_lflag(ld, TIO_ISIG) && signal_key(ld, c))
		return;
	if (c == '\r') {
		if (ld_iflag(ld, TIO_IGNCR))
			return;
		if (ld_iflag(ld, TIO_ICRNL))
			c = '\n';
	} else if (c == '\n' && ld_iflag(ld, TIO_INLCR)) {
		c = '\r';
	}
	if (ld_lflag(ld, TIO_ICANON) && canonical_byte(ld, c))
		return;
	data_byte(ld, c);
}

/* Whether a byte must wait until somebody reads. */
static bool
must_wait(const struct ldisc *ld)
{
	if (room(ld) > 2)
		return false;
	return !ld_lflag(ld, TIO_ICANON) || ld->canon != ld->head;
}

static bool
takes_all(const struct ldisc *ld)
{
	return !ld_lflag(ld, TIO_ICANON | TIO_ISIG | TIO_ECHO) &&
	    !ld_iflag(ld, TIO_IXON | TIO_ISTRIP | TIO_INLCR | TIO_IGNCR |
	    TIO_ICRNL | TIO_IUCLC | TIO_PARMRK) && !ld->literal;
}

/* IXOFF: asks the other side to pause, or to go on. */
static void
throttle(struct ldisc *ld)
{
	size_t left = room(ld);

	if (!ld->throttled && ld_iflag(ld, TIO_IXOFF) && left < LDISC_IN / 8) {
		ld->throttled = true;
		ldisc_send_flow(ld, true);
	} else if (ld->throttled && left > LDISC_IN / 2) {
		ld->throttled = false;
		ldisc_send_flow(ld, false);
	}
}

/*
 * Takes received bytes.
 *
 * With room for no byte of data, the keys that signal or start output again
 * still have to work, so every byte is looked at unless it would be stored.
 */
size_t
ldisc_receive(struct ldisc *ld, const char *buf, size_t len)
{
	size_t n = 0;

	if (takes_all(ld)) {
		while (n < len && room(ld) > 0)
			store(ld, (uint8_t)buf[n++]);
	} else {
		while (n < len) {
			uint8_t c = (uint8_t)buf[n];

			if (must_wait(ld) && !(ld_lflag(ld, TIO_ISIG) &&
			    (ld_is(ld, TIO_VINTR, c) ||
			    ld_is(ld, TIO_VQUIT, c) ||
			    ld_is(ld, TIO_VSUSP, c))))
				break;
			receive_byte(ld, c);
			n++;
		}
	}
	throttle(ld);
	return n;
}

/* ---- reading ----------------------------------------------------------- */

size_t
ldisc_readable(const struct ldisc *ld)
{
	return ld->canon - ld->head;
}

bool
ldisc_has_input(const struct ldisc *ld)
{
	return ld->canon != ld->head;
}

static size_t
read_line(struct ldisc *ld, char *buf, size_t len, bool *end)
{
	size_t n = 0;

	while (ld->head != ld->canon) {
		size_t pos = ld->head;
		uint8_t c = ld_at(ld, pos);
		bool last = marked(ld, pos);

		/* An end of file that follows what just fitted goes too. */
		if (n == len && !(last && c == 0))
			break;
		ld->head++;
		if (!last || c != 0)
			buf[n++] = (char)c;
		if (last) {
			*end = true;
			break;
		}
	}
	return n;
}

size_t
ldisc_read(struct ldisc *ld, char *buf, size_t len, bool *end)
{
	size_t n = 0;

	*end = false;
	if (ld_lflag(ld, TIO_ICANON)) {
		n = read_line(ld, buf, len, end);
	} else {
		while (n < len && ld->head != ld->tail)
			buf[n++] = (char)ld_at(ld, ld->head++);
		*end = n == len;
	}
	if (ld->throttled)
		throttle(ld);
	return n;
}

void
ldisc_flush_input(struct ldisc *ld)
{
	ld->head = ld->canon = ld->tail;
	ld->literal = false;
	ld->erasing = false;
	throttle(ld);
}

/* What is in the buffer when ICANON changes stays readable: as bytes, or as
 * one line. */
void
ldisc_set_modes(struct ldisc *ld, const struct ldisc_modes *m)
{
	uint32_t changed = ld->modes.lflag ^ m->lflag;

	ld->modes = *m;
	if ((changed & TIO_ICANON) != 0) {
		for (size_t i = 0; i < ARRAY_LEN(ld->marks); i++)
			ld->marks[i] = 0;
		if (ld->tail != ld->head && (m->lflag & TIO_ICANON) != 0)
			mark(ld, ld->tail - 1, true);
		ld->canon = ld->tail;
		ld->literal = false;
		ld->erasing = false;
		if (ld->canon != ld->head)
			ld->asks |= LDISC_READABLE;
	}
	if (ld->stopped && (m->iflag & TIO_IXON) == 0) {
		ld->stopped = false;
		ld->asks |= LDISC_STARTED;
	}
}

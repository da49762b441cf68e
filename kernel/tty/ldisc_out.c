/* SPDX-License-Identifier: MIT */
/*
 * Output processing: OPOST and the column of the cursor, which tabs and
 * erasing need.
 *
 * Echo uses the same ring as programs. Programs leave LDISC_ECHO_ROOM bytes
 * of it free, so that typing is still shown when a program fills the ring;
 * an echo that finds not even that is not shown.
 */
#include "ldisc_impl.h"

static bool
put(struct ldisc *ld, const char *s, size_t n, size_t reserve)
{
	if (ring_room(&ld->out) < n + reserve)
		return false;
	ring_put(&ld->out, s, n);
	return true;
}

static bool
put_tab(struct ldisc *ld, size_t reserve)
{
	unsigned spaces = 8 - (ld->column & 7);
	bool ok = (ld->modes.oflag & TIO_TABDLY) == TIO_XTABS ?
	    put(ld, "        ", spaces, reserve) : put(ld, "\t", 1, reserve);

	if (ok)
		ld->column += spaces;
	return ok;
}

static bool
put_newline(struct ldisc *ld, size_t reserve)
{
	bool pair = ld_oflag(ld, TIO_ONLCR);

	if (!put(ld, pair ? "\r\n" : "\n", pair ? 2 : 1, reserve))
		return false;
	if (pair || ld_oflag(ld, TIO_ONLRET))
		ld->column = 0;
	return true;
}

static bool
put_return(struct ldisc *ld, size_t reserve)
{
	if (ld_oflag(ld, TIO_ONOCR) && ld->column == 0)
		return true;
	if (ld_oflag(ld, TIO_OCRNL)) {
		if (!put(ld, "\n", 1, reserve))
			return false;
		if (ld_oflag(ld, TIO_ONLRET))
			ld->column = 0;
		return true;
	}
	if (!put(ld, "\r", 1, reserve))
		return false;
	ld->column = 0;
	return true;
}

static bool
put_plain(struct ldisc *ld, uint8_t c, size_t reserve)
{
	if (ld_oflag(ld, TIO_OLCUC) && c >= 'a' && c <= 'z')
		c = (uint8_t)(c - 'a' + 'A');
	if (!put(ld, (const char *)&c, 1, reserve))
		return false;
	if (c == '\b')
		ld->column -= ld->column > 0;
	else if (!is_control(c) && !ld_continues(ld, c))
		ld->column++;
	return true;
}

bool
out_process(struct ldisc *ld, uint8_t c, size_t reserve)
{
	if (!ld_oflag(ld, TIO_OPOST))
		return put(ld, (const char *)&c, 1, reserve);
	switch (c) {
	case '\n':
		return put_newline(ld, reserve);
	case '\r':
		return put_return(ld, reserve);
	case '\t':
		return put_tab(ld, reserve);
	default:
		return put_plain(ld, c, reserve);
	}
}

bool
out_raw(struct ldisc *ld, uint8_t c)
{
	return put(ld, (const char *)&c, 1, 0);
}

size_t
ldisc_out_room(const struct ldisc *ld)
{
	size_t room = ring_room(&ld->out);

	return room > LDISC_ECHO_ROOM ? room - LDISC_ECHO_ROOM : 0;
}

size_t
ldisc_write(struct ldisc *ld, const char *buf, size_t len)
{
	size_t n = 0;

	if (!ld_oflag(ld, TIO_OPOST)) {
		n = MIN(len, ldisc_out_room(ld));
		ring_put(&ld->out, buf, n);
		return n;
	}
	while (n < len && out_process(ld, (uint8_t)buf[n], LDISC_ECHO_ROOM))
		n++;
	return n;
}

void
ldisc_flush_output(struct ldisc *ld)
{
	ring_clear(&ld->out);
}

void
ldisc_send_flow(struct ldisc *ld, bool stop)
{
	uint8_t c = ld->modes.cc[stop ? TIO_VSTOP : TIO_VSTART];

	if (c != 0)
		(void)out_raw(ld, c);
}

/* SPDX-License-Identifier: MIT */
/*
 * Echo and line editing.
 *
 * Erasing has to take off the screen what echo put there. How wide that was
 * follows from the bytes alone, except for tabs, whose width depends on where
 * they stand: then the line is measured anew from the column it began at.
 */
#include "ldisc_impl.h"

/* The columns that byte c takes when echoed at column. */
static unsigned
echo_width(const struct ldisc *ld, uint8_t c, unsigned column)
{
	if (c == '\t')
		return 8 - (column & 7);
	if (is_control(c))
		return ld_lflag(ld, TIO_ECHOCTL) ? 2 : 0;
	return ld_continues(ld, c) ? 0 : 1;
}

static unsigned
column_of(const struct ldisc *ld, size_t pos)
{
	unsigned column = ld->line_column;

	for (size_t i = ld->canon; i != pos; i++)
		column += echo_width(ld, ld_at(ld, i), column);
	return column;
}

void
echo_finish_erasing(struct ldisc *ld)
{
	if (ld->erasing) {
		(void)out_process(ld, '/', 0);
		ld->erasing = false;
	}
}

/* ^X for control characters. */
static void
echo_visible(struct ldisc *ld, uint8_t c)
{
	if (ld_lflag(ld, TIO_ECHOCTL) && is_control(c) && c != '\t') {
		if (ring_room(&ld->out) < 2)
			return;
		(void)out_raw(ld, '^');
		(void)out_raw(ld, c ^ 0x40);
		ld->column += 2;
		return;
	}
	(void)out_process(ld, c, 0);
}

void
echo_byte(struct ldisc *ld, uint8_t c)
{
	echo_finish_erasing(ld);
	if (c == '\n') {
		(void)out_process(ld, c, 0);
		return;
	}
	if (ld->canon == ld->tail)
		ld->line_column = ld->column;
	echo_visible(ld, c);
}

/* Blanks the last n columns. */
static void
rub_out(struct ldisc *ld, unsigned n)
{
	while (n-- > 0) {
		(void)out_raw(ld, '\b');
		(void)out_raw(ld, ' ');
		(void)out_raw(ld, '\b');
		ld->column -= ld->column > 0;
	}
}

/* Shows that [from, old tail) is gone; tail is already at from. */
static void
show_erased(struct ldisc *ld, size_t from, size_t old)
{
	uint8_t c = ld_at(ld, from);

	if (!ld_lflag(ld, TIO_ECHO))
		return;
	if (ld_lflag(ld, TIO_ECHOPRT)) {
		if (!ld->erasing) {
			(void)out_raw(ld, '\\');
			ld->column++;
			ld->erasing = true;
		}
		for (size_t i = from; i != old; i++)
			echo_visible(ld, ld_at(ld, i));
	} else if (!ld_lflag(ld, TIO_ECHOE)) {
		echo_visible(ld, ld->modes.cc[TIO_VERASE]);
	} else if (c == '\t') {
		unsigned n = echo_width(ld, c, column_of(ld, from));

		while (n-- > 0 && ld->column > 0) {
			(void)out_raw(ld, '\b');
			ld->column--;
		}
	} else {
		rub_out(ld, echo_width(ld, c, 0));
	}
}

/* Takes the last character of the line off; 0 when there is none. */
static uint8_t
erase_char(struct ldisc *ld)
{
	size_t old = ld->tail, from = old;

	if (from == ld->canon)
		return 0;
	do
		from--;
	while (from != ld->canon && ld_continues(ld, ld_at(ld, from)));
	ld->tail = from;
	show_erased(ld, from, old);
	return ld_at(ld, from);
}

/* What WERASE counts as part of a word. */
static bool
is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static uint8_t
last_char(const struct ldisc *ld)
{
	return ld_at(ld, ld->tail - 1);
}

static void
erase_word(struct ldisc *ld)
{
	while (ld->tail != ld->canon && !is_word(last_char(ld)))
		erase_char(ld);
	while (ld->tail != ld->canon && is_word(last_char(ld)))
		erase_char(ld);
}

static void
kill_line(struct ldisc *ld, uint8_t key)
{
	const uint32_t rubs = TIO_ECHOK | TIO_ECHOKE | TIO_ECHOE;

	if (!ld_lflag(ld, TIO_ECHO)) {
		ld->tail = ld->canon;
	} else if ((ld->modes.lflag & rubs) == rubs) {
		while (ld->tail != ld->canon)
			erase_char(ld);
		echo_finish_erasing(ld);
	} else {
		ld->tail = ld->canon;
		echo_finish_erasing(ld);
		echo_visible(ld, key);
		if (ld_lflag(ld, TIO_ECHOK))
			(void)out_process(ld, '\n', 0);
	}
}

static void
reprint(struct ldisc *ld, uint8_t key)
{
	echo_finish_erasing(ld);
	echo_visible(ld, key);
	(void)out_process(ld, '\n', 0);
	ld->line_column = ld->column;
	for (size_t i = ld->canon; i != ld->tail; i++)
		echo_visible(ld, ld_at(ld, i));
}

static void
literal_next(struct ldisc *ld)
{
	ld->literal = true;
	if (!ld_lflag(ld, TIO_ECHO))
		return;
	echo_finish_erasing(ld);
	if (ld_lflag(ld, TIO_ECHOCTL)) {
		(void)out_raw(ld, '^');
		(void)out_raw(ld, '\b');
	}
}

bool
edit_byte(struct ldisc *ld, uint8_t c)
{
	bool extended = ld_lflag(ld, TIO_IEXTEN);

	if (ld_is(ld, TIO_VERASE, c)) {
		erase_char(ld);
	} else if (ld_is(ld, TIO_VKILL, c)) {
		kill_line(ld, c);
	} else if (extended && ld_is(ld, TIO_VWERASE, c)) {
		erase_word(ld);
	} else if (extended && ld_is(ld, TIO_VLNEXT, c)) {
		literal_next(ld);
		return true;
	} else if (extended && ld_lflag(ld, TIO_ECHO) &&
	    ld_is(ld, TIO_VREPRINT, c)) {
		reprint(ld, c);
	} else {
		return false;
	}
	if (ld->tail == ld->canon)
		echo_finish_erasing(ld);
	return true;
}

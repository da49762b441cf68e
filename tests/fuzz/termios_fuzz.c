/* SPDX-License-Identifier: MIT */
// uses: kernel/tty/ldisc.c kernel/tty/ldisc_edit.c kernel/tty/ldisc_out.c
/*
 * The line discipline under any modes and any bytes.
 *
 * The input is a program of operations: set modes, receive, read, write,
 * drain, flush. After each the discipline's own rules must hold; besides,
 * in raw modes without processing every byte must come through unchanged.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/tty/ldisc.h"
#include "kernel/tty/termios.h"

static void
require(bool condition)
{
	if (!condition)
		abort();
}

static void
check(const struct ldisc *ld)
{
	require(ld->tail - ld->head <= LDISC_IN);
	require(ld->canon - ld->head <= ld->tail - ld->head);
	require(ring_used(&ld->out) <= LDISC_OUT);
	require(ldisc_readable(ld) == ld->canon - ld->head);
	require(ldisc_out_room(ld) <= LDISC_OUT - LDISC_ECHO_ROOM);
	if ((ld->modes.lflag & TIO_ICANON) == 0)
		require(ld->canon == ld->tail);
}

struct source {
	const uint8_t *at;
	size_t left;
};

static uint8_t
byte(struct source *s)
{
	if (s->left == 0)
		return 0;
	s->left--;
	return *s->at++;
}

static size_t
bytes(struct source *s, const char **out, size_t want)
{
	size_t n = want < s->left ? want : s->left;

	*out = (const char *)s->at;
	s->at += n;
	s->left -= n;
	return n;
}

static void
set_modes(struct ldisc *ld, struct source *s)
{
	struct ldisc_modes m = ld->modes;

	m.iflag = (uint32_t)byte(s) | (uint32_t)byte(s) << 8;
	m.oflag = (uint32_t)byte(s) | (uint32_t)byte(s) << 8;
	m.lflag = (uint32_t)byte(s) | (uint32_t)byte(s) << 8;
	if (byte(s) & 1)
		for (size_t i = 0; i < sizeof(m.cc); i++)
			m.cc[i] = byte(s);
	ldisc_set_modes(ld, &m);
}

/* What is read is no more than asked for, and an end is told once. */
static void
read_some(struct ldisc *ld, size_t want)
{
	char buf[512];
	size_t before = ldisc_readable(ld), n;
	bool end = false;

	want %= sizeof(buf);
	n = ldisc_read(ld, buf, want, &end);
	require(n <= want && n <= before);
	if (before > 0 && want > 0)
		require(n > 0 || end);
}

/* A repeat count makes long lines and full rings reachable. */
static void
receive(struct ldisc *ld, struct source *s)
{
	unsigned repeat = 1u + byte(s) % 64;
	const char *in;
	size_t n = bytes(s, &in, byte(s));

	while (repeat-- > 0) {
		size_t taken = ldisc_receive(ld, in, n);

		require(taken <= n);
		check(ld);
	}
}

static void
raw_is_transparent(const uint8_t *data, size_t len)
{
	static struct ldisc ld;
	char out[LDISC_IN];
	bool end;

	ldisc_init(&ld);
	ld.modes.iflag = ld.modes.oflag = ld.modes.lflag = 0;
	len = len < LDISC_IN ? len : LDISC_IN;
	require(ldisc_receive(&ld, (const char *)data, len) == len);
	require(ldisc_read(&ld, out, sizeof(out), &end) == len);
	require(memcmp(out, data, len) == 0);
	len = len < ldisc_out_room(&ld) ? len : ldisc_out_room(&ld);
	require(ldisc_write(&ld, (const char *)data, len) == len);
	require(ring_get(&ld.out, out, sizeof(out)) == len);
	require(memcmp(out, data, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct ldisc ld;
	struct source s = { data, len };
	char drained[LDISC_OUT];
	const char *text;
	size_t n;

	raw_is_transparent(data, len);
	ldisc_init(&ld);
	while (s.left > 0) {
		switch (byte(&s) % 8) {
		case 0:
			set_modes(&ld, &s);
			break;
		case 1:
		case 2:
			receive(&ld, &s);
			break;
		case 3:
			read_some(&ld, (size_t)byte(&s) * 2);
			break;
		case 4:
			n = bytes(&s, &text, byte(&s));
			require(ldisc_write(&ld, text, n) <= n);
			break;
		case 5:
			ring_get(&ld.out, drained, sizeof(drained));
			break;
		case 6:
			ldisc_flush_input(&ld);
			require(!ldisc_has_input(&ld));
			break;
		default:
			ldisc_send_flow(&ld, byte(&s) & 1);
			break;
		}
		check(&ld);
	}
	return 0;
}

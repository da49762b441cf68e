/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: what a terminal does with each byte. It knows neither
 * tasks nor locks nor devices, so that it also runs in a host program; the
 * tty calls it with its own lock held and acts on what it asks for.
 */
#pragma once

#include <kernel/attr.h>
#include <lib/ring.h>

/* struct tty_termios of kernel/tty.h, by value. */
struct ldisc_modes {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[19];
};

#define LDISC_IN  4096u /* a power of two: the longest line is one less */
#define LDISC_OUT 4096u
#define LDISC_ECHO_ROOM 256u /* of LDISC_OUT, kept free for echo */

/* ldisc.asks */
#define LDISC_INTR     0x01u /* signals for the foreground group */
#define LDISC_QUIT     0x02u
#define LDISC_SUSP     0x04u
#define LDISC_READABLE 0x08u /* readers may find something */
#define LDISC_STOPPED  0x10u /* STOP key */
#define LDISC_STARTED  0x20u /* START key */
#define LDISC_NO_INPUT  0x40u /* input was thrown away */
#define LDISC_NO_OUTPUT 0x80u
#define LDISC_FLUSHED   (LDISC_NO_INPUT | LDISC_NO_OUTPUT)

/*
 * Input lies in [head, tail) of in[]; positions run freely. [head, canon) is
 * for readers, [canon, tail) is the line being edited (empty unless ICANON).
 * A mark stands at the last byte of each line; a marked 0 is an end of file
 * and not part of the data.
 */
struct ldisc {
	struct ldisc_modes modes;
	size_t head, canon, tail;
	struct ring out;
	unsigned column; /* of the cursor, as far as output tells */
	unsigned line_column; /* where the line being edited began */
	bool literal; /* the next byte is taken as it is */
	bool erasing; /* ECHOPRT: between \ and / */
	bool stopped; /* no output goes out */
	bool throttled; /* IXOFF: STOP was sent */
	unsigned asks; /* LDISC_*: for the tty to do; it clears them */
	uint64_t marks[LDISC_IN / 64];
	uint8_t in[LDISC_IN];
	uint8_t out_buf[LDISC_OUT];
};

void ldisc_init(struct ldisc *ld);
/* Takes received bytes; the count taken is less when there is no room. */
size_t ldisc_receive(struct ldisc *ld, const char *buf, size_t len);
/* Bytes that a read may count on: ICANON tells the bytes of whole lines. */
size_t ldisc_readable(const struct ldisc *ld);
/* Whether a reader has something to get, be it an end of file. */
bool ldisc_has_input(const struct ldisc *ld);
/* Gives up to len bytes, in ICANON of one line at most. *end: the read is
 * over (a line or file ended). */
size_t ldisc_read(struct ldisc *ld, char *buf, size_t len, bool *end);
/* Processes bytes into the output ring; the count that fitted. */
size_t ldisc_write(struct ldisc *ld, const char *buf, size_t len);
/* Room that ldisc_write has, at least, in bytes of output. */
size_t ldisc_out_room(const struct ldisc *ld);
void ldisc_set_modes(struct ldisc *ld, const struct ldisc_modes *m);
void ldisc_flush_input(struct ldisc *ld);
void ldisc_flush_output(struct ldisc *ld);
/* TCIOFF and TCION: puts the STOP or START character out. */
void ldisc_send_flow(struct ldisc *ld, bool stop);

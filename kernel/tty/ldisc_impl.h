/* SPDX-License-Identifier: MIT */
/* What the files of the line discipline share. */
#pragma once

#include "ldisc.h"
#include "termios.h"

static inline bool
ld_iflag(const struct ldisc *ld, uint32_t bits)
{
	return (ld->modes.iflag & bits) != 0;
}

static inline bool
ld_oflag(const struct ldisc *ld, uint32_t bits)
{
	return (ld->modes.oflag & bits) != 0;
}

static inline bool
ld_lflag(const struct ldisc *ld, uint32_t bits)
{
	return (ld->modes.lflag & bits) != 0;
}

/* Whether c is the special character of that number; 0 is none. */
static inline bool
ld_is(const struct ldisc *ld, unsigned which, uint8_t c)
{
	return c != 0 && ld->modes.cc[which] == c;
}

static inline uint8_t
ld_at(const struct ldisc *ld, size_t pos)
{
	return ld->in[pos & (LDISC_IN - 1)];
}

/* A byte of a UTF-8 character after the first. */
static inline bool
ld_continues(const struct ldisc *ld, uint8_t c)
{
	return ld_iflag(ld, TIO_IUTF8) && (c & 0xc0) == 0x80;
}

static inline bool
is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

/* ldisc_out.c: one byte through output processing; false: no room. */
bool out_process(struct ldisc *ld, uint8_t c, size_t reserve);
/* One byte as it is; false: no room. */
bool out_raw(struct ldisc *ld, uint8_t c);

/* ldisc_edit.c */
/* Shows an input byte that was not yet stored. */
void echo_byte(struct ldisc *ld, uint8_t c);
/* Ends an ECHOPRT erasure that is being shown. */
void echo_finish_erasing(struct ldisc *ld);
/* ERASE, WERASE, KILL, REPRINT, LNEXT; true: c was one of them. */
bool edit_byte(struct ldisc *ld, uint8_t c);

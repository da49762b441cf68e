/* SPDX-License-Identifier: MIT */
/*
 * Terminal modes: bits and positions of struct tty_termios, with the values
 * of the generic Linux ABI, which every ABI here shares.
 * Source: POSIX.1-2017, XBD 11; man-pages 6.03, termios(3).
 */
#pragma once

#define TIO_IGNBRK 0x0001u
#define TIO_BRKINT 0x0002u
#define TIO_IGNPAR 0x0004u
#define TIO_PARMRK 0x0008u
#define TIO_INPCK  0x0010u
#define TIO_ISTRIP 0x0020u
#define TIO_INLCR  0x0040u
#define TIO_IGNCR  0x0080u
#define TIO_ICRNL  0x0100u
#define TIO_IUCLC  0x0200u
#define TIO_IXON   0x0400u
#define TIO_IXANY  0x0800u
#define TIO_IXOFF  0x1000u
#define TIO_IMAXBEL 0x2000u
#define TIO_IUTF8  0x4000u

#define TIO_OPOST  0x0001u
#define TIO_OLCUC  0x0002u
#define TIO_ONLCR  0x0004u
#define TIO_OCRNL  0x0008u
#define TIO_ONOCR  0x0010u
#define TIO_ONLRET 0x0020u
#define TIO_TABDLY 0x1800u
#define TIO_XTABS  0x1800u

#define TIO_CBAUD  0x100fu
#define TIO_BOTHER 0x1000u
#define TIO_CSIZE  0x0030u
#define TIO_CS8    0x0030u
#define TIO_CREAD  0x0080u
#define TIO_HUPCL  0x0400u
#define TIO_CLOCAL 0x0800u
#define TIO_CIBAUD_SHIFT 16

#define TIO_ISIG   0x0001u
#define TIO_ICANON 0x0002u
#define TIO_ECHO   0x0008u
#define TIO_ECHOE  0x0010u
#define TIO_ECHOK  0x0020u
#define TIO_ECHONL 0x0040u
#define TIO_NOFLSH 0x0080u
#define TIO_TOSTOP 0x0100u
#define TIO_ECHOCTL 0x0200u
#define TIO_ECHOPRT 0x0400u
#define TIO_ECHOKE 0x0800u
#define TIO_IEXTEN 0x8000u

enum {
	TIO_VINTR, TIO_VQUIT, TIO_VERASE, TIO_VKILL, TIO_VEOF, TIO_VTIME,
	TIO_VMIN, TIO_VSWTC, TIO_VSTART, TIO_VSTOP, TIO_VSUSP, TIO_VEOL,
	TIO_VREPRINT, TIO_VDISCARD, TIO_VWERASE, TIO_VLNEXT, TIO_VEOL2,
};

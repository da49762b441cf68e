/* SPDX-License-Identifier: MIT */
/*
 * Numbers of file_control() requests: the generic Linux ones, which travel
 * through every ABI. Source: man-pages 6.03, ioctl_tty(2), unix(7).
 */
#pragma once

#define CTL_TCGETS     0x5401u
#define CTL_TCSETS     0x5402u
#define CTL_TCSETSW    0x5403u
#define CTL_TCSETSF    0x5404u
#define CTL_TCGETA     0x5405u
#define CTL_TCSETA     0x5406u
#define CTL_TCSETAW    0x5407u
#define CTL_TCSETAF    0x5408u
#define CTL_TCSBRK     0x5409u
#define CTL_TCXONC     0x540au
#define CTL_TCFLSH     0x540bu
#define CTL_TIOCEXCL   0x540cu
#define CTL_TIOCNXCL   0x540du
#define CTL_TIOCSCTTY  0x540eu
#define CTL_TIOCGPGRP  0x540fu
#define CTL_TIOCSPGRP  0x5410u
#define CTL_TIOCOUTQ   0x5411u
#define CTL_TIOCSTI    0x5412u
#define CTL_TIOCGWINSZ 0x5413u
#define CTL_TIOCSWINSZ 0x5414u
#define CTL_TIOCMGET   0x5415u
#define CTL_FIONREAD   0x541bu
#define CTL_TIOCPKT    0x5420u
#define CTL_FIONBIO    0x5421u
#define CTL_TIOCNOTTY  0x5422u
#define CTL_TIOCSETD   0x5423u
#define CTL_TIOCGETD   0x5424u
#define CTL_TCSBRKP    0x5425u
#define CTL_TIOCSBRK   0x5427u
#define CTL_TIOCCBRK   0x5428u
#define CTL_TIOCGSID   0x5429u
#define CTL_TCGETS2    0x802c542au
#define CTL_TCSETS2    0x402c542bu
#define CTL_TCSETSW2   0x402c542cu
#define CTL_TCSETSF2   0x402c542du
#define CTL_TIOCGPTN   0x80045430u
#define CTL_TIOCSPTLCK 0x40045431u
#define CTL_TIOCGDEV   0x80045432u
#define CTL_TIOCSIG    0x40045436u
#define CTL_TIOCVHANGUP 0x5437u
#define CTL_TIOCGPKT   0x80045438u
#define CTL_TIOCGPTLCK 0x80045439u
#define CTL_TIOCGEXCL  0x80045440u
#define CTL_TIOCGPTPEER 0x5441u
#define CTL_FIOASYNC   0x5452u
#define CTL_TIOCGLCKTRMIOS 0x5456u
#define CTL_TIOCSLCKTRMIOS 0x5457u
#define CTL_SIOCATMARK 0x8905u

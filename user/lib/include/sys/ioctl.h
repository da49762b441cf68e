/* The device controls that programs ask for by ioctl; others answer ENOTTY. */
#ifndef _SYS_IOCTL_H
#define _SYS_IOCTL_H

#include <sys/cdefs.h>
#include <sys/termios.h>

__BEGIN_DECLS

#define TIOCGWINSZ 1 /* struct winsize * */
#define TIOCSWINSZ 2 /* const struct winsize * */
#define TIOCSCTTY  3 /* int: steal */
#define TIOCNOTTY  4
#define TIOCGPGRP  5 /* pid_t * */
#define TIOCSPGRP  6 /* const pid_t * */
#define FIONREAD   7 /* int * */
#define TIOCOUTQ   8 /* int * */

int ioctl(int, unsigned long, ...);

__END_DECLS
#endif

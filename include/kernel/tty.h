/*
 * Terminals: line discipline, job control, ptys (kernel/tty).
 *
 * A tty sits between programs (tty_file_ops through devfs) and a lower side:
 * a UART driver or the master end of a pty. Drivers push input with
 * tty_input() from any context and are asked to send by ops->write.
 */
#pragma once

#include <kernel/file.h>

struct tty;
struct tty_lower_ops {
	/* Sends up to len bytes, returns the count taken; does not sleep;
	 * calls tty_output_ready when room comes back. */
	size_t (*write)(struct tty *t, const char *buf, size_t len);
	void (*termios)(struct tty *t); /* speed etc. changed; may be NULL */
	void (*hangup)(struct tty *t); /* may be NULL */
};

/* In the Linux generic (riscv64, aarch64, x86_64) layout of struct termios2's
 * first part, since TCGETS travels through every ABI. */
struct tty_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[19];
};
struct tty_winsize {
	uint16_t rows, cols, xpixel, ypixel;
};

/* A tty named /dev/<name>; lives for ever. NULL: memory. */
struct tty *tty_create(const char *name, uint64_t rdev,
    const struct tty_lower_ops *ops, void *driver_data);
void *tty_driver_data(struct tty *t);
/* Received bytes; any context, irqs may be off. Returns the count taken. */
size_t tty_input(struct tty *t, const char *buf, size_t len);
void tty_output_ready(struct tty *t); /* any context */
/* A driver's tty that may be the console (/dev/console follows it): true when
 * it is now, since it is the first one or console=NAME asks for it. */
bool tty_offer_console(struct tty *t);
/* Console keys that talk to the kernel (sysrq-like): called by the UART
 * driver for a key after a break or Ctrl-\ b prefix. */
void tty_sysrq(char key);
struct tty *tty_ref(struct tty *t);
void tty_unref(struct tty *t);
void tty_signal_group(struct tty *t, int number);
void tty_hangup(struct tty *t);
/* session.c: the session of a tty ended or was left. */
void tty_session_gone(struct tty *t, int sid);
uint64_t tty_rdev(struct tty *t);
int tty_foreground(struct tty *t); /* pgid or 0 */
/* tcsetpgrp by the running task: ERR_NOTTY not its terminal, ERR_PERM. */
enum err tty_set_foreground(struct tty *t, int pgid);
void tty_init(void);

/* ---- pseudo terminals (kernel/tty/pty.c) ------------------------------- */

/* A set of pty numbers: one per devpts instance. */
struct pty_set;
struct pty_set *pty_set_create(void); /* NULL: memory */
struct pty_set *pty_set_ref(struct pty_set *s);
void pty_set_unref(struct pty_set *s);
/* Opening ptmx: makes a pty of the set and turns f into its master.
 * ERR_NOSPC, ERR_NOMEM. */
enum err pty_open_master(struct pty_set *s, struct file *f);
/* The set that /dev/ptmx uses. */
struct pty_set *pty_set_first(void);
/* The next live pty number >= from; ERR_NOENT past the end. */
struct pty_info {
	unsigned number;
	uint64_t id; /* of all ptys ever made */
	uint32_t uid, gid; /* who opened the master */
};
enum err pty_next(struct pty_set *s, unsigned from, struct pty_info *out);
/* Opening /dev/pts/N turns f into a file of the slave. ERR_IO when it is
 * locked or its master is gone. */
enum err pty_open_slave(struct pty_set *s, unsigned number, struct file *f);
#define PTY_SLAVE_MAJOR 136u

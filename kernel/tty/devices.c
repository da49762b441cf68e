/* SPDX-License-Identifier: MIT */
/*
 * The terminals that are always there: /dev/console, which is the tty that a
 * driver declared to be it, and /dev/tty, which is the caller's own.
 */
#include "tty_impl.h"

#include <kernel/boot.h>
#include <kernel/log.h>

#include <lib/string.h>

#define ALT_MAJOR     5u
#define MINOR_TTY     0u
#define MINOR_CONSOLE 1u

static struct tty *console; /* [I] after the drivers were probed */

bool
tty_offer_console(struct tty *t)
{
	char name[32], *comma;
	bool asked = cmdline_value("console", name, sizeof(name));

	/* Linux's way to name it may have a speed: ttyS0,115200. */
	comma = asked ? strchr(name, ',') : NULL;
	if (comma != NULL)
		*comma = '\0';
	if (console != NULL && (!asked || strcmp(name, t->name) != 0))
		return false;
	console = t;
	return true;
}

static enum err
console_open(const struct chardev *d UNUSED, struct file *f)
{
	return console == NULL ? ERR_NODEV : tty_open(console, f, true);
}

static enum err
own_tty_open(const struct chardev *d UNUSED, struct file *f)
{
	struct tty *t = task_tty(task_current());
	enum err e;

	if (t == NULL)
		return ERR_NXIO;
	e = tty_open(t, f, false);
	tty_unref(t);
	return e;
}

static struct chardev console_device = {
	.name = "console",
	.rdev = RDEV(ALT_MAJOR, MINOR_CONSOLE),
	.mode = 0600,
	.open = console_open,
};

static struct chardev own_tty_device = {
	.name = "tty",
	.rdev = RDEV(ALT_MAJOR, MINOR_TTY),
	.mode = 0666,
	.open = own_tty_open,
};

void
tty_init(void)
{
	enum err e = chardev_register(&console_device);

	if (e == OK)
		e = chardev_register(&own_tty_device);
	if (e != OK)
		klog(LOG_ERROR, "console, tty: %s", err_text(e));
	pty_init();
}

/*
 * Character devices: drivers register, devfs shows them, opening one gives
 * the driver's file_ops (drivers/bus/chardev.c).
 */
#pragma once

#include <kernel/file.h>

#define RDEV(major, minor) (((uint64_t)(major) << 32) | (uint32_t)(minor))
#define RDEV_MAJOR(d)      ((uint32_t)((d) >> 32))
#define RDEV_MINOR(d)      ((uint32_t)(d))

struct chardev {
	const char *name; /* below /dev; may contain one '/' */
	uint64_t rdev;
	uint32_t mode; /* permissions */
	/* Called when opened: sets f->ops (and data); may fail. */
	enum err (*open)(const struct chardev *d, struct file *f);
	void *data;
	struct list link;
};
enum err chardev_register(struct chardev *d); /* d lives for ever, or until */
void chardev_unregister(struct chardev *d);
/* Borrowed for the length of open; NULL: none. */
const struct chardev *chardev_find(uint64_t rdev);
/* Iterates for devfs: after NULL the first. */
const struct chardev *chardev_next(const struct chardev *after);
unsigned chardev_generation(void);

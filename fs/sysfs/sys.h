/*
 * The tree that sysfs shows: tables of entries; internal to fs/sysfs.
 */
#pragma once

#include <kernel/attr.h>
#include <kernel/err.h>

#include <lib/fmt.h>

#define SYS_TEXT_MAX 1024u

/* Of a directory of things that the kernel has found: one directory each. */
struct sys_things {
	const void *(*next)(const void *after); /* NULL: the first; the end */
	void (*name)(const void *thing, char *buf, size_t len);
	const struct sys_entry *each; /* its directory */
};

/* A directory, unless it has one of show, text and bytes. thing: that of the
 * nearest directory of things above. */
struct sys_entry {
	const char *name; /* NULL ends a table */
	size_t (*show)(char *buf, size_t len); /* at most SYS_TEXT_MAX */
	size_t (*text)(const void *thing, char *buf, size_t len);
	/* What lies at off, at most len bytes; and how many there are. */
	size_t (*bytes)(const void *thing, size_t off, uint8_t *buf,
	    size_t len);
	size_t (*size)(const void *thing);
	const struct sys_entry *children; /* NULL: empty */
	const struct sys_things *things;
};

/* pci.c */
extern const struct sys_entry sys_pci[];

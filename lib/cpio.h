/* SPDX-License-Identifier: MIT */
/*
 * Archives in cpio's "newc" form (070701, and 070702 with checksums that
 * are not verified), read in place from memory.
 *
 * Several archives may follow each other, with zero bytes between: a
 * trailer ends one, the next begins at the next header. A name field may be
 * longer than the name: what follows the first NUL is padding, by which an
 * archiver can align the bytes of a file to pages.
 *
 * Source: cpio(5) of FreeBSD; Linux Documentation/driver-api/early-userspace/
 * buffer-format.rst.
 */
#pragma once

#include <lib/base.h>

enum MUST_USE cpio_err {
	CPIO_OK,
	CPIO_END,     /* no entry is left; a last trailer is not needed */
	CPIO_MAGIC,   /* neither a header nor zero bytes */
	CPIO_SHORT,   /* header, name or bytes end behind the image */
	CPIO_NUMBER,  /* a header field is not hexadecimal */
	CPIO_NAME,    /* the name is empty or has no NUL */
	CPIO_ERR_COUNT
};

struct cpio_iter {
	const uint8_t *image;
	size_t size;
	size_t offset; /* of the next header, or of the bad one */
	uint32_t archive; /* number of the archive we are in */
};

struct cpio_entry {
	const char *name; /* inside the image, ends with NUL */
	size_t name_len;
	uint32_t mode;    /* file type and permissions, as in stat */
	uint32_t uid;
	uint32_t gid;
	uint32_t nlink;
	uint32_t mtime;   /* seconds since 1970 */
	uint32_t ino;     /* unique within one archive */
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t rdev_major;
	uint32_t rdev_minor;
	uint32_t archive; /* counts the concatenated archives from 0 */
	size_t size;
	const uint8_t *data; /* size bytes inside the image */
};

void cpio_init(struct cpio_iter *it, const void *image, size_t size);

/* Gives: *out, pointing into the image; untouched unless CPIO_OK. */
enum cpio_err cpio_next(struct cpio_iter *it, struct cpio_entry *out);

/* A sentence for people. */
const char *cpio_err_text(enum cpio_err e);

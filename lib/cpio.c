/* SPDX-License-Identifier: MIT */
/* The newc reader; see cpio.h. Offsets never exceed size: no sum wraps. */
#include <lib/cpio.h>
#include <lib/string.h>

#define HEADER_BYTES 110
#define MAGIC_BYTES  6
#define FIELD_BYTES  8
#define TRAILER      "TRAILER!!!"

/* The fields behind the magic number, in order. */
enum field {
	FIELD_INO,
	FIELD_MODE,
	FIELD_UID,
	FIELD_GID,
	FIELD_NLINK,
	FIELD_MTIME,
	FIELD_FILESIZE,
	FIELD_DEV_MAJOR,
	FIELD_DEV_MINOR,
	FIELD_RDEV_MAJOR,
	FIELD_RDEV_MINOR,
	FIELD_NAMESIZE,
	FIELD_CHECK,
	FIELD_COUNT
};

_Static_assert(MAGIC_BYTES + FIELD_COUNT * FIELD_BYTES == HEADER_BYTES, "");

const char *
cpio_err_text(enum cpio_err e)
{
	static const char *const texts[CPIO_ERR_COUNT] = {
		[CPIO_OK] = "no error",
		[CPIO_END] = "no more entries",
		[CPIO_MAGIC] = "not a newc cpio header",
		[CPIO_SHORT] = "the archive ends inside an entry",
		[CPIO_NUMBER] = "a header field is not a hexadecimal number",
		[CPIO_NAME] = "an entry's name is empty or does not end",
	};

	return (unsigned)e < CPIO_ERR_COUNT ? texts[e] : "unknown cpio error";
}

void
cpio_init(struct cpio_iter *it, const void *image, size_t size)
{
	*it = (struct cpio_iter){ .image = image, .size = size };
}

/* -1: not a hexadecimal digit. */
static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
parse_field(const uint8_t *text, uint32_t *out)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < FIELD_BYTES; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (uint32_t)digit;
	}
	*out = value;
	return true;
}

static enum cpio_err
parse_header(const uint8_t *h, size_t left, uint32_t field[FIELD_COUNT])
{
	size_t seen = MIN(left, MAGIC_BYTES);

	if (memcmp(h, "070701", seen) != 0 && memcmp(h, "070702", seen) != 0)
		return CPIO_MAGIC;
	if (left < HEADER_BYTES)
		return CPIO_SHORT;
	for (unsigned i = 0; i < FIELD_COUNT; i++) {
		if (!parse_field(h + MAGIC_BYTES + i * FIELD_BYTES, &field[i]))
			return CPIO_NUMBER;
	}
	return CPIO_OK;
}

/* Reads the entry at it->offset; *next is where the one after it begins. */
static enum cpio_err
parse_entry(const struct cpio_iter *it, struct cpio_entry *out, size_t *next)
{
	uint32_t field[FIELD_COUNT];
	size_t name_at = it->offset + HEADER_BYTES;
	size_t data_at, name_len;
	enum cpio_err e;

	e = parse_header(it->image + it->offset, it->size - it->offset, field);
	if (e != CPIO_OK)
		return e;
	if (field[FIELD_NAMESIZE] > it->size - name_at)
		return CPIO_SHORT;
	name_len = strnlen(
	    (const char *)it->image + name_at, field[FIELD_NAMESIZE]);
	if (name_len == 0 || name_len == field[FIELD_NAMESIZE])
		return CPIO_NAME;
	data_at = ALIGN_UP(name_at + field[FIELD_NAMESIZE], 4);
	/* The padding of a last entry without data may be cut off. */
	data_at = MIN(data_at, it->size);
	if (field[FIELD_FILESIZE] > it->size - data_at)
		return CPIO_SHORT;
	*out = (struct cpio_entry){
		.name = (const char *)it->image + name_at,
		.name_len = name_len,
		.mode = field[FIELD_MODE],
		.uid = field[FIELD_UID],
		.gid = field[FIELD_GID],
		.nlink = field[FIELD_NLINK],
		.mtime = field[FIELD_MTIME],
		.ino = field[FIELD_INO],
		.dev_major = field[FIELD_DEV_MAJOR],
		.dev_minor = field[FIELD_DEV_MINOR],
		.rdev_major = field[FIELD_RDEV_MAJOR],
		.rdev_minor = field[FIELD_RDEV_MINOR],
		.archive = it->archive,
		.size = field[FIELD_FILESIZE],
		.data = it->image + data_at,
	};
	*next = ALIGN_UP(data_at + field[FIELD_FILESIZE], 4);
	*next = MIN(*next, it->size);
	return CPIO_OK;
}

enum cpio_err
cpio_next(struct cpio_iter *it, struct cpio_entry *out)
{
	for (;;) {
		struct cpio_entry entry;
		enum cpio_err e;
		size_t next;

		while (it->offset < it->size && it->image[it->offset] == 0)
			it->offset++;
		if (it->offset == it->size)
			return CPIO_END;
		e = parse_entry(it, &entry, &next);
		if (e != CPIO_OK)
			return e;
		it->offset = next;
		if (!str_is(entry.name, entry.name_len, TRAILER)) {
			*out = entry;
			return CPIO_OK;
		}
		it->archive++;
	}
}

/*
 * One property of /chosen, found without libfdt: for code that runs before
 * the kernel is where it was linked to be, and so may use neither tables of
 * addresses nor what was compiled with them. No switch here, for that reason.
 *
 * The blob is not trusted: every offset is checked against its sizes.
 * Source: Devicetree Specification 0.4, 5.2-5.4.
 */
#include <lib/fdt_scan.h>

#include <lib/string.h>

#define FDT_MAGIC 0xd00dfeedu
#define BEGIN_NODE 1u
#define END_NODE   2u
#define PROPERTY   3u
#define NOP        4u
#define END        9u

#define VERSION 17u /* the first whose header has all that is read here */

#define BLOB_MAX (64u << 20)

struct scan {
	const uint8_t *blob;
	uint32_t at, end; /* of the structure block */
	uint32_t names, names_end;
};

static uint32_t
word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static bool
part_ok(uint32_t total, uint32_t off, uint32_t size)
{
	return off <= total && size <= total - off;
}

static bool
scan_start(struct scan *s, const void *blob)
{
	const uint8_t *b = blob;
	uint32_t total = word(b + 4);

	if (word(b) != FDT_MAGIC || total < 40 || total > BLOB_MAX ||
	    word(b + 20) < VERSION ||
	    !part_ok(total, word(b + 8), word(b + 36)) ||
	    !part_ok(total, word(b + 12), word(b + 32)))
		return false;
	*s = (struct scan){
		.blob = b,
		.at = word(b + 8),
		.end = word(b + 8) + word(b + 36),
		.names = word(b + 12),
		.names_end = word(b + 12) + word(b + 32),
	};
	return true;
}

static bool
take_word(struct scan *s, uint32_t *out)
{
	if (s->end - s->at < 4)
		return false;
	*out = word(s->blob + s->at);
	s->at += 4;
	return true;
}

/* Bytes and what fills up their last word; NULL: they are not there. */
static const char *
take_bytes(struct scan *s, uint32_t len)
{
	const char *p = (const char *)s->blob + s->at;
	uint32_t left = s->end - s->at;

	if (len > left)
		return NULL;
	s->at += len + (-len & 3) > left ? left : len + (-len & 3);
	return p;
}

/* A string of the structure block. */
static const char *
take_string(struct scan *s)
{
	size_t len = strnlen((const char *)s->blob + s->at, s->end - s->at);

	return take_bytes(s, (uint32_t)len + 1);
}

static bool
name_is(const struct scan *s, uint32_t off, const char *name)
{
	size_t len = strlen(name) + 1;

	return off < s->names_end - s->names &&
	    s->names_end - s->names - off >= len &&
	    memcmp(s->blob + s->names + off, name, len) == 0;
}

/* Takes a property; true: it is the one. *value NULL: it is cut off. */
static bool
take_property(struct scan *s, const char *name, const void **value,
    uint32_t *len)
{
	uint32_t size, off;

	*value = NULL;
	if (!take_word(s, &size) || !take_word(s, &off))
		return false;
	*value = take_bytes(s, size);
	*len = size;
	return *value != NULL && name != NULL && name_is(s, off, name);
}

/* Walks the structure block up to the property of /chosen, NULL for none.
 * *whole: the block was walked to its end and is sound. */
static const void *
walk(const void *blob, const char *name, uint32_t *len, bool *whole)
{
	unsigned depth = 0;
	bool chosen = false;
	uint32_t token, size;
	struct scan s;

	*whole = false;
	if (!scan_start(&s, blob))
		return NULL;
	while (take_word(&s, &token)) {
		const void *p = blob;

		if (token == BEGIN_NODE) {
			p = take_string(&s);
			if (++depth == 2 && p != NULL)
				chosen = strcmp(p, "chosen") == 0;
		} else if (token == END_NODE) {
			chosen = chosen && depth > 2;
			p = depth-- > 0 ? p : NULL;
		} else if (token == PROPERTY) {
			if (take_property(&s, name, &p, &size) && chosen &&
			    depth == 2) {
				*len = size;
				return p;
			}
		} else if (token != NOP) {
			*whole = token == END && depth == 0;
			return NULL;
		}
		if (p == NULL)
			return NULL;
	}
	return NULL;
}

const void *
fdt_scan_chosen(const void *blob, const char *name, uint32_t *len)
{
	bool whole;

	return walk(blob, name, len, &whole);
}

bool
fdt_scan_whole(const void *blob)
{
	uint32_t len;
	bool whole;

	(void)walk(blob, NULL, &len, &whole);
	return whole;
}

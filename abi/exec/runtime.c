/*
 * Delegated runtimes: which user-space program runs files that the kernel
 * cannot. A line ":name:M:offset:magic:mask:interpreter:" matches bytes in
 * the first part of the file, ":name:E::suffix::interpreter:" the end of its
 * name; magic and mask may hold \xHH. Writing "-name" forgets one.
 *
 * Lock: runtimes.lock; entries are few and read only by exec.
 * Source: the format is that of Linux's binfmt_misc, so that its tools work.
 */
#include <kernel/log.h>

#include <lib/num.h>
#include <lib/string.h>

#include "exec.h"

#define MAGIC_MAX   64u
#define ENTRIES_MAX 64u

struct runtime {
	struct list link;
	struct container *container; /* whose tasks it serves; borrowed */
	char name[32];
	bool by_suffix;
	size_t offset, len;
	uint8_t magic[MAGIC_MAX], mask[MAGIC_MAX];
	char path[RUNTIME_PATH_MAX];
	char line[RUNTIME_LINE_MAX]; /* as it was registered */
};

static struct {
	struct mutex lock;
	struct list all; /* [l] */
	unsigned count; /* [l] */
} runtimes = {
	.lock = MUTEX_INIT(runtimes.lock, RANK_CONTAINER),
	.all = LIST_INIT(runtimes.all),
};

static bool
is_magic(const struct runtime *r, const struct image *img)
{
	if (r->offset + r->len > img->head_len)
		return false;
	for (size_t i = 0; i < r->len; i++)
		if ((img->head[r->offset + i] ^ r->magic[i]) & r->mask[i])
			return false;
	return true;
}

static bool
is_suffix(const struct runtime *r, const struct image *img)
{
	/* Of the file that is looked at now: the runtime, once it was found. */
	const char *name = img->via[0] != '\0' ? img->via : img->path;
	size_t len = strlen(name);

	return len > r->len + 1 && name[len - r->len - 1] == '.' &&
	    memcmp(name + len - r->len, r->magic, r->len) == 0;
}

bool
runtime_find(const struct image *img, char *path)
{
	const struct container *c = task_current()->container;
	const struct runtime *r;
	bool found = false;

	if (list_empty(&runtimes.all))
		return false;
	mutex_lock(&runtimes.lock);
	list_each(r, &runtimes.all, link) {
		if (r->container != c)
			continue;
		found = r->by_suffix ? is_suffix(r, img) : is_magic(r, img);
		if (found) {
			strlcpy(path, r->path, RUNTIME_PATH_MAX);
			break;
		}
	}
	mutex_unlock(&runtimes.lock);
	return found;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes text with \xHH; SIZE_MAX: malformed or too long. */
static size_t
decode(const char *s, size_t len, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; n++) {
		if (n == MAGIC_MAX)
			return SIZE_MAX;
		if (s[i] != '\\') {
			out[n] = (uint8_t)s[i++];
			continue;
		}
		if (i + 3 >= len || s[i + 1] != 'x' ||
		    hex_digit(s[i + 2]) < 0 || hex_digit(s[i + 3]) < 0)
			return SIZE_MAX;
		out[n] = (uint8_t)(hex_digit(s[i + 2]) << 4 |
		    hex_digit(s[i + 3]));
		i += 4;
	}
	return n;
}

struct field {
	const char *s;
	size_t len;
};

/* Splits at the line's own separator (its first character). */
static bool
split(const char *line, size_t len, struct field out[7])
{
	const char *p = line + 1, *end = line + len;

	for (unsigned i = 0; i < 7; i++) {
		const char *q = p;

		while (q < end && *q != line[0])
			q++;
		out[i] = (struct field){ p, (size_t)(q - p) };
		if (q == end)
			return i >= 5;
		p = q + 1;
	}
	return true;
}

static enum err
parse(struct runtime *r, const struct field f[7])
{
	size_t mask_len;

	if (f[0].len == 0 || f[0].len >= sizeof(r->name) || f[1].len != 1 ||
	    f[5].len == 0 || f[5].len >= sizeof(r->path) || f[5].s[0] != '/')
		return ERR_INVAL;
	memcpy(r->name, f[0].s, f[0].len);
	memcpy(r->path, f[5].s, f[5].len);
	r->by_suffix = f[1].s[0] == 'E';
	if (!r->by_suffix && f[1].s[0] != 'M')
		return ERR_INVAL;
	for (size_t i = 0; i < f[2].len; i++) {
		if (f[2].s[i] < '0' || f[2].s[i] > '9' || r->offset > 512)
			return ERR_INVAL;
		r->offset = r->offset * 10 + (size_t)(f[2].s[i] - '0');
	}
	r->len = decode(f[3].s, f[3].len, r->magic);
	if (r->len == 0 || r->len == SIZE_MAX)
		return ERR_INVAL;
	memset(r->mask, 0xff, sizeof(r->mask));
	if (f[4].len == 0)
		return OK;
	mask_len = decode(f[4].s, f[4].len, r->mask);
	return mask_len == r->len ? OK : ERR_INVAL;
}

static enum err
forget(struct container *c, const char *name, size_t len)
{
	struct runtime *r, *next;
	enum err e = ERR_NOENT;

	mutex_lock(&runtimes.lock);
	list_each_safe(r, next, &runtimes.all, link) {
		if (r->container != c || strlen(r->name) != len ||
		    memcmp(r->name, name, len) != 0)
			continue;
		list_del(&r->link);
		runtimes.count--;
		kfree(r, sizeof(*r));
		e = OK;
	}
	mutex_unlock(&runtimes.lock);
	return e;
}

enum err
runtime_register(struct container *c, const char *line, size_t len)
{
	struct field f[7] = { 0 };
	struct runtime *r;
	enum err e;

	while (len > 0 && line[len - 1] == '\n')
		len--;
	if (len > 1 && line[0] == '-')
		return forget(c, line + 1, len - 1);
	if (len < 8 || len >= RUNTIME_LINE_MAX || !split(line, len, f))
		return ERR_INVAL;
	r = kzalloc(sizeof(*r));
	if (r == NULL)
		return ERR_NOMEM;
	e = parse(r, f);
	if (e != OK) {
		kfree(r, sizeof(*r));
		return e;
	}
	r->container = c;
	memcpy(r->line, line, len);
	err_ignore(forget(c, r->name, strlen(r->name))); /* replaces its kind */
	mutex_lock(&runtimes.lock);
	if (runtimes.count < ENTRIES_MAX) {
		list_add_tail(&runtimes.all, &r->link);
		runtimes.count++;
		r = NULL;
	} else {
		e = ERR_NOSPC;
	}
	mutex_unlock(&runtimes.lock);
	kfree(r, sizeof(*r));
	return e;
}

bool
runtime_line(const struct container *c, unsigned index,
    char out[RUNTIME_LINE_MAX])
{
	const struct runtime *r;
	bool found = false;

	mutex_lock(&runtimes.lock);
	list_each(r, &runtimes.all, link) {
		if (r->container == c && index-- == 0) {
			strlcpy(out, r->line, RUNTIME_LINE_MAX);
			found = true;
			break;
		}
	}
	mutex_unlock(&runtimes.lock);
	return found;
}

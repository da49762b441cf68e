/*
 * Argument and environment strings of a new program, in one kernel buffer:
 * argv's strings, then envp's, each with its NUL.
 *
 * The buffer doubles as needed up to STRINGS_MAX; beyond that the call fails
 * with ERR_TOOBIG. A large one is a block of pages.
 */
#include <kernel/mm.h>
#include <kernel/user.h>

#include <lib/string.h>

#include "exec.h"

#define STRINGS_MIN 2048u
#define STRINGS_MAX (2048u * 1024)
#define HEAP_MAX    (128u * 1024) /* of kmalloc */
#define COUNT_MAX   131072u

static unsigned
block_order(size_t cap)
{
	unsigned order = 0;

	while ((PAGE_SIZE << order) < cap)
		order++;
	return order;
}

static char *
buffer_alloc(size_t cap)
{
	struct page *p;

	if (cap <= HEAP_MAX)
		return kmalloc(cap);
	p = page_alloc(block_order(cap));
	return p != NULL ? page_virt(p) : NULL;
}

void
strings_free(struct image *img)
{
	if (img->strings_cap <= HEAP_MAX)
		kfree(img->strings, img->strings_cap);
	else
		page_free(page_of(virt_to_phys(img->strings)),
		    block_order(img->strings_cap));
	img->strings = NULL;
	img->strings_cap = 0;
}

/* Doubles the buffer. */
static enum err
grow(struct image *img)
{
	size_t cap = img->strings_cap == 0 ? STRINGS_MIN : img->strings_cap * 2;
	char *buf;

	if (cap > STRINGS_MAX)
		return ERR_TOOBIG;
	buf = buffer_alloc(cap);
	if (buf == NULL)
		return ERR_NOMEM;
	if (img->strings != NULL)
		memcpy(buf, img->strings, img->strings_len);
	strings_free(img);
	img->strings = buf;
	img->strings_cap = cap;
	return OK;
}

static enum err
add_user(struct image *img, uintptr_t addr)
{
	for (;;) {
		size_t len = 0, room = img->strings_cap - img->strings_len;
		enum err e = ERR_NAMETOOLONG;

		if (room > 0)
			e = user_string_in(img->strings + img->strings_len,
			    addr, room, &len);
		if (e == OK) {
			img->strings_len += len + 1;
			return OK;
		}
		if (e != ERR_NAMETOOLONG)
			return e;
		e = grow(img);
		if (e != OK)
			return e;
	}
}

static enum err
add_kernel(struct image *img, const char *s)
{
	size_t len = strlen(s) + 1;

	while (img->strings_cap - img->strings_len < len) {
		enum err e = grow(img);

		if (e != OK)
			return e;
	}
	memcpy(img->strings + img->strings_len, s, len);
	img->strings_len += len;
	return OK;
}

static enum err
add_user_array(struct image *img, uintptr_t array, unsigned *count)
{
	for (unsigned n = 0; array != 0; n++, array += sizeof(uint64_t)) {
		uint64_t s;
		enum err e = user_load64(array, &s);

		if (e != OK)
			return e;
		if (s == 0)
			break;
		if (n == COUNT_MAX)
			return ERR_TOOBIG;
		e = add_user(img, s);
		if (e != OK)
			return e;
		(*count)++;
	}
	return OK;
}

enum err
strings_from_user(struct image *img, uintptr_t argv, uintptr_t envp)
{
	enum err e = add_user_array(img, argv, &img->argc);

	if (e == OK)
		e = add_user_array(img, envp, &img->envc);
	return e;
}

enum err
strings_from_kernel(
    struct image *img, const char *const *argv, const char *const *envp)
{
	enum err e = OK;

	for (; e == OK && argv != NULL && *argv != NULL; argv++) {
		e = add_kernel(img, *argv);
		img->argc++;
	}
	for (; e == OK && envp != NULL && *envp != NULL; envp++) {
		e = add_kernel(img, *envp);
		img->envc++;
	}
	return e;
}

/* Moves the strings behind argument 0 up by len bytes over it and copies the
 * new ones to the front. */
static void
replace_first(struct image *img, size_t first, const char *const *args,
    unsigned count)
{
	char *p = img->strings;
	size_t len = 0;

	for (unsigned i = 0; i < count; i++)
		len += strlen(args[i]) + 1;
	memmove(p + len, p + first, img->strings_len - first);
	img->strings_len = img->strings_len - first + len;
	for (unsigned i = 0; i < count; i++) {
		len = strlen(args[i]) + 1;
		memcpy(p, args[i], len);
		p += len;
	}
}

enum err
strings_prepend(struct image *img, const char *const *args, unsigned count)
{
	size_t first = img->argc > 0 ? strlen(img->strings) + 1 : 0;
	size_t len = 0;

	for (unsigned i = 0; i < count; i++)
		len += strlen(args[i]) + 1;
	while (img->strings_cap - img->strings_len < len) {
		enum err e = grow(img);

		if (e != OK)
			return e;
	}
	replace_first(img, first, args, count);
	img->argc += count - (img->argc > 0);
	return OK;
}

/* The value of PATH among the environment strings; NULL: none. */
static char *
find_path(struct image *img)
{
	char *p = img->strings;

	for (unsigned i = 0; i < img->argc + img->envc; i++) {
		if (i >= img->argc && strncmp(p, "PATH=", 5) == 0)
			return p + 5;
		p += strlen(p) + 1;
	}
	return NULL;
}

static size_t
prefix_len(const char *value, const char *prefix)
{
	size_t len = prefix != NULL ? strlen(prefix) : 0;

	return strncmp(value, prefix != NULL ? prefix : "", len) == 0 ? len : 0;
}

enum err
strings_path_prefix(struct image *img, const char *off, const char *on)
{
	char *value = find_path(img);
	size_t drop, add, at;

	if (value == NULL)
		return OK;
	drop = prefix_len(value, off);
	add = on == NULL || prefix_len(value + drop, on) > 0 ? 0 : strlen(on);
	at = (size_t)(value - img->strings);
	while (img->strings_cap - img->strings_len < add) {
		enum err e = grow(img);

		if (e != OK)
			return e;
	}
	value = img->strings + at;
	memmove(value + add, value + drop, img->strings_len - at - drop);
	memcpy(value, on != NULL ? on : "", add);
	img->strings_len += add - drop;
	return OK;
}

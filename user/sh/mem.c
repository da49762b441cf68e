/*
 * Memory. The shell cannot do anything sensible without it, so running out
 * ends the process; a command that is being run is not affected.
 *
 * Syntax trees live in arenas: one per complete command, counted, because a
 * function keeps the tree it was defined by.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

enum { CHUNK = 1000 };

struct chunk {
	struct chunk *next;
	size_t used, size;
	max_align_t data[];
};

struct arena {
	struct chunk *chunks;
	int refs;
};

static void *
must(void *p)
{
	static const char text[] = "sh: out of memory\n";

	if (p == NULL) {
		(void)!write(2, text, sizeof(text) - 1);
		_exit(2);
	}
	return p;
}

void *
xmalloc(size_t n)
{
	return must(malloc(n == 0 ? 1 : n));
}

void *
xrealloc(void *p, size_t n)
{
	return must(realloc(p, n == 0 ? 1 : n));
}

char *
xstrndup(const char *s, size_t n)
{
	char *p = xmalloc(n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

struct arena *
arena_new(void)
{
	struct arena *a = xmalloc(sizeof(*a));

	*a = (struct arena){ .refs = 1 };
	return a;
}

struct arena *
arena_ref(struct arena *a)
{
	a->refs++;
	return a;
}

void
arena_unref(struct arena *a)
{
	if (a == NULL || --a->refs > 0)
		return;
	while (a->chunks != NULL) {
		struct chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	free(a);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct chunk *c = a->chunks;
	void *p;

	n = (n + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (c == NULL || c->size - c->used < n) {
		size_t size = n > CHUNK ? n : CHUNK;

		c = xmalloc(sizeof(*c) + size);
		c->next = a->chunks;
		c->used = 0;
		c->size = size;
		a->chunks = c;
	}
	p = (char *)c->data + c->used;
	c->used += n;
	return memset(p, 0, n);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	memcpy(p, s, n);
	return p;
}

void
buf_put(struct buf *b, const char *s, size_t n)
{
	if (b->len + n + 1 > b->cap) {
		b->cap = (b->len + n + 1) * 2;
		b->s = xrealloc(b->s, b->cap);
	}
	if (n > 0)
		memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void
buf_putc(struct buf *b, int c)
{
	char ch = (char)c;

	buf_put(b, &ch, 1);
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n > 0) {
		char *s = xmalloc((size_t)n + 1);

		vsnprintf(s, (size_t)n + 1, fmt, again);
		buf_put(b, s, (size_t)n);
		free(s);
	}
	va_end(again);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void
buf_free(struct buf *b)
{
	free(b->s);
	*b = (struct buf){ 0 };
}

char *
buf_take(struct buf *b)
{
	char *s;

	buf_put(b, "", 0);
	s = b->s;
	*b = (struct buf){ 0 };
	return s;
}

void
strs_add(struct strs *l, char *s)
{
	if (l->n + 1 >= l->cap) {
		l->cap = l->cap == 0 ? 8 : l->cap * 2;
		l->v = xrealloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n++] = s;
}

char **
strs_end(struct strs *l)
{
	strs_add(l, NULL);
	l->n--;
	return l->v;
}

void
strs_free(struct strs *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strs){ 0 };
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
strs_sort(struct strs *l, size_t from)
{
	if (l->n > from)
		qsort(l->v + from, l->n - from, sizeof(*l->v), by_name);
}

/* Text that grows by pages. */
#include "proc.h"

#include <kernel/mm.h>

struct seq_chunk {
	struct list link;
	size_t len;
	char text[];
};

#define CHUNK_ROOM (PAGE_SIZE - sizeof(struct seq_chunk))

static void
sink_write(struct fmt_sink *sink, const char *text, size_t len)
{
	seq_put(container_of(sink, struct seq, sink), text, len);
}

void
seq_init(struct seq *q)
{
	q->sink.write = sink_write;
	list_init(&q->chunks);
	q->len = 0;
	q->failed = false;
}

void
seq_clear(struct seq *q)
{
	struct list *link;

	while ((link = list_take_first(&q->chunks)) != NULL) {
		struct seq_chunk *c = list_entry(link, struct seq_chunk, link);

		page_free(page_of(virt_to_phys(c)), 0);
	}
	q->len = 0;
	q->failed = false;
}

static struct seq_chunk *
chunk_with_room(struct seq *q)
{
	struct seq_chunk *c = list_last(&q->chunks, struct seq_chunk, link);
	struct page *p;

	if (c != NULL && c->len < CHUNK_ROOM)
		return c;
	p = page_alloc(0);
	if (p == NULL)
		return NULL;
	c = page_virt(p);
	c->len = 0;
	list_add_tail(&q->chunks, &c->link);
	return c;
}

void
seq_put(struct seq *q, const char *s, size_t len)
{
	while (len != 0 && !q->failed) {
		struct seq_chunk *c = chunk_with_room(q);
		size_t n;

		if (c == NULL) {
			q->failed = true;
			return;
		}
		n = MIN(len, CHUNK_ROOM - c->len);
		memcpy(c->text + c->len, s, n);
		c->len += n;
		q->len += n;
		s += n;
		len -= n;
	}
}

void
seq_puts(struct seq *q, const char *s)
{
	seq_put(q, s, strlen(s));
}

void
seq_printf(struct seq *q, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fmt_vformat(&q->sink, fmt, args);
	va_end(args);
}

void
seq_escaped(struct seq *q, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\\')
			seq_printf(q, "\\%03o", (unsigned)(uint8_t)*s);
		else
			seq_put(q, s, 1);
	}
}

void
seq_pad(struct seq *q, size_t start, size_t col)
{
	while (q->len - start < col && !q->failed)
		seq_put(q, " ", 1);
}

enum err
proc_path_text(const struct path *p, char *buf, size_t len, char **start)
{
	enum err e = vfs_path_text(p, NULL, buf, len, start);

	if (e == OK && **start != '/')
		*start += sizeof(PATH_UNREACHABLE) - 1;
	return e;
}

size_t
seq_path(struct seq *q, const struct path *p)
{
	struct page *page = page_alloc(0);
	char *start = NULL;
	size_t len = 0;

	if (page == NULL)
		return 0;
	if (proc_path_text(p, page_virt(page), PAGE_SIZE, &start) == OK) {
		len = strlen(start);
		seq_escaped(q, start);
	}
	page_free(page, 0);
	return len;
}

static enum err
chunk_read(struct seq_chunk *c, size_t from, struct iter *it)
{
	while (from < c->len && it->left != 0) {
		size_t n = iter_write(it, c->text + from,
		    MIN(c->len - from, it->left));

		from += n;
		if (n == 0) {
			enum err e = iter_fault_in(it);

			if (e != OK)
				return e;
		}
	}
	return OK;
}

enum err
seq_read(struct seq *q, struct iter *it, uint64_t off, size_t *done)
{
	size_t start = it->left;
	struct seq_chunk *c;
	enum err e = OK;

	list_each(c, &q->chunks, link) {
		if (off >= c->len) {
			off -= c->len;
			continue;
		}
		e = chunk_read(c, (size_t)off, it);
		off = 0;
		if (e != OK || it->left == 0)
			break;
	}
	*done = start - it->left;
	return *done != 0 ? OK : e;
}

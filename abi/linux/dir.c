/*
 * Reading directories.
 * Source: man-pages 6.05 getdents(2).
 */
#include "call.h"

#include <kernel/mm.h>

/* Records are made in kernel memory, because the directory is locked while
 * it lists, and copied out when the buffer is full. */
#define LIST_BYTES (32u << 10)

struct dents {
	struct dir_sink sink;
	uint8_t *buf;
	size_t size, used;
	bool too_small; /* not even one entry fitted */
};

static bool
dents_put(struct dir_sink *s, const struct dir_entry *en)
{
	struct dents *d = container_of(s, struct dents, sink);
	size_t len = ALIGN_UP(LX_DIRENT_HEAD + en->len + 1, (size_t)8);
	struct lx_dirent *r = (void *)(d->buf + d->used);

	if (len > d->size - d->used) {
		d->too_small = d->used == 0;
		return false;
	}
	memset(r, 0, len);
	r->ino = en->ino;
	r->off = (int64_t)en->next;
	r->record_len = (uint16_t)len;
	r->type = (uint8_t)((en->type & S_TYPE_MASK) >> 12);
	memcpy(r->name, en->name, en->len);
	d->used += len;
	return true;
}

enum err
lx_getdents64(struct thread *t, const struct sysargs *a, long *ret)
{
	struct dents d = {
		.sink.put = dents_put,
		.size = MIN((size_t)(uint32_t)a->v[2], (size_t)LIST_BYTES),
	};
	size_t allocated = MAX(d.size, (size_t)8);
	struct file *f;
	enum err e = lx_file(t, a->v[0], RIGHT_READ, &f);

	if (e != OK)
		return e;
	d.buf = kmalloc(allocated);
	if (d.buf == NULL) {
		e = ERR_NOMEM;
		goto out;
	}
	e = file_list(f, &d.sink);
	if (e == OK && d.too_small)
		e = ERR_INVAL;
	if (e == OK)
		e = user_copy_out(a->v[1], d.buf, d.used);
	*ret = (long)d.used;
	kfree(d.buf, allocated);
out:
	file_unref(f);
	return e;
}

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
	bool old_layout; /* the name begins a byte earlier, the type is last */
};

static bool
dents_put(struct dir_sink *s, const struct dir_entry *en)
{
	struct dents *d = container_of(s, struct dents, sink);
	size_t len = ALIGN_UP(LX_DIRENT_HEAD + en->len + 1, (size_t)8);
	struct lx_dirent *r = (void *)(d->buf + d->used);
	uint8_t type = (uint8_t)((en->type & S_TYPE_MASK) >> 12);

	if (len > d->size - d->used) {
		d->too_small = d->used == 0;
		return false;
	}
	memset(r, 0, len);
	r->ino = en->ino;
	r->off = (int64_t)en->next;
	r->record_len = (uint16_t)len;
	if (d->old_layout) {
		memcpy(&r->type, en->name, en->len);
		d->buf[d->used + len - 1] = type;
	} else {
		r->type = type;
		memcpy(r->name, en->name, en->len);
	}
	d->used += len;
	return true;
}

enum err
lx_getdents64(struct thread *t, const struct sysargs *a, long *ret)
{
	return lx_list(t, a, false, ret);
}

enum err
lx_list(struct thread *t, const struct sysargs *a, bool old_layout,
    long *ret)
{
	struct dents d = {
		.sink.put = dents_put,
		.old_layout = old_layout,
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

/*
 * Directories as files of 16-byte entries, whatever file system they are in.
 *
 * The entries are made while listing, so the file's offset is the file
 * system's own place in the directory and moves by whole entries. A read of
 * fewer than 16 bytes therefore answers -1; the original would give a part.
 */
#include "xv6.h"

enum { BATCH = 32 };

_Static_assert(sizeof(struct xv6_dirent) == 16, "xv6 directory entry");

struct batch {
	struct dir_sink sink;
	struct xv6_dirent entry[BATCH];
	size_t count, room;
};

static bool
put_entry(struct dir_sink *s, const struct dir_entry *e)
{
	struct batch *b = container_of(s, struct batch, sink);
	struct xv6_dirent *d;

	if (b->count == b->room)
		return false;
	d = &b->entry[b->count++];
	memset(d, 0, sizeof(*d));
	/* 0 would be a free slot. */
	d->inum = (uint16_t)e->ino == 0 ? 1 : (uint16_t)e->ino;
	memcpy(d->name, e->name, e->len < XV6_NAME_LEN ? e->len :
	    XV6_NAME_LEN);
	return true;
}

enum err
xv6_read_dir(struct file *f, uintptr_t buf, size_t len, long *ret)
{
	struct batch b = { .sink.put = put_entry };
	size_t entries = len / sizeof(struct xv6_dirent), done = 0;
	enum err e;

	if (entries == 0)
		return len == 0 ? OK : ERR_INVAL;
	do {
		b.count = 0;
		b.room = entries - done < BATCH ? entries - done : BATCH;
		/* First, so that no entry is lost to a bad address. */
		e = user_fault_in(buf + done * sizeof(b.entry[0]),
		    b.room * sizeof(b.entry[0]), PROT_WRITE);
		if (e == OK)
			e = file_list(f, &b.sink);
		if (e == OK)
			e = user_copy_out(buf + done * sizeof(b.entry[0]),
			    b.entry, b.count * sizeof(b.entry[0]));
		if (e != OK)
			return e;
		done += b.count;
	} while (b.count == b.room && done < entries);
	*ret = (long)(done * sizeof(struct xv6_dirent));
	return OK;
}

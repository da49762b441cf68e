/*
 * Opening files.
 *
 * Source: man-pages 6.05 open(2), openat2(2).
 * Differs: O_TMPFILE files cannot be given a name later; O_NOATIME needs no
 * ownership.
 */
#include "call.h"

static const struct {
	unsigned linux_bit, file_bit;
} file_bits[] = {
	{ LX_O_APPEND, FILE_APPEND },
	{ LX_O_NONBLOCK, FILE_NONBLOCK },
	{ LX_O_DSYNC, FILE_DSYNC },
	{ LX_O_SYNC_BIT, FILE_SYNC },
	{ LX_O_ASYNC, FILE_ASYNC },
	{ LX_O_DIRECT, FILE_DIRECT },
	{ LX_O_NOATIME, FILE_NOATIME },
};
#define FILE_BITS \
	(LX_O_APPEND | LX_O_NONBLOCK | LX_O_DSYNC | LX_O_SYNC_BIT | \
	    LX_O_ASYNC | LX_O_DIRECT | LX_O_NOATIME)

/* O_PATH heeds three other flags only. */
static void
how_path(unsigned o, struct open_how *how)
{
	how->flags = FILE_PATH;
	if (o & LX_O_NOFOLLOW)
		how->walk |= WALK_NOFOLLOW;
	if (o & LX_O_DIRECTORY) {
		how->walk |= WALK_DIRECTORY;
		how->how |= OPEN_DIRECTORY;
	}
}

static void
how_create(unsigned o, struct open_how *how)
{
	if ((o & LX_O_TMPFILE) == LX_O_TMPFILE) {
		how->how |= OPEN_TMPFILE;
		return;
	}
	if (o & LX_O_CREAT)
		how->how |= OPEN_CREATE;
	if (o & LX_O_EXCL && o & LX_O_CREAT)
		how->how |= OPEN_EXCLUSIVE;
	if (o & LX_O_DIRECTORY) {
		how->how |= OPEN_DIRECTORY;
		how->walk |= WALK_DIRECTORY;
	}
}

/* Unknown bits are ignored, as open() has always done. */
static enum err
open_how_of(unsigned o, unsigned mode, struct open_how *how)
{
	unsigned access = o & LX_O_ACCMODE;

	*how = (struct open_how){ .mode = mode & 07777u };
	if (o & LX_O_PATH) {
		how_path(o, how);
		return OK;
	}
	if (o & LX_O_TMPFILE) {
		if ((o & LX_O_DIRECTORY) == 0 || access == 0)
			return ERR_INVAL;
		o |= LX_O_TMPFILE;
	} else if ((o & LX_O_CREAT) && (o & LX_O_DIRECTORY)) {
		return ERR_INVAL;
	}
	if (access == 0 || access == LX_O_RDWR)
		how->flags |= FILE_READ;
	if (access == LX_O_WRONLY || access == LX_O_RDWR)
		how->flags |= FILE_WRITE;
	for (size_t i = 0; (o & FILE_BITS) && i < ARRAY_LEN(file_bits); i++)
		if (o & file_bits[i].linux_bit)
			how->flags |= file_bits[i].file_bit;
	if (o & LX_O_NOFOLLOW)
		how->walk |= WALK_NOFOLLOW;
	if (o & LX_O_TRUNC)
		how->how |= OPEN_TRUNCATE;
	if (o & LX_O_NOCTTY)
		how->how |= OPEN_NOCTTY;
	if ((o & LX_O_TMPFILE) && (o & LX_O_DIRECTORY))
		how->how |= OPEN_TMPFILE;
	else
		how_create(o, how);
	return OK;
}

/* A full table must answer before O_CREAT has made the file. */
static enum err
open_at(struct thread *t, const struct sysargs *a, unsigned o,
    const struct open_how *how, long *ret)
{
	struct handle_table *ht = t->task->handles;
	uint32_t h = HANDLE_NONE;
	struct file *f = NULL;
	__attribute__((uninitialized)) struct lx_at at; /* set at once */
	enum err e = lx_at_get(&at, t, a->v[0], a->v[1], false);

	if (e != OK)
		return e;
	e = handle_reserve(ht, &h);
	if (e != OK)
		goto out;
	e = vfs_open(at.base, at.path.text, how, &f);
	if (e != OK)
		goto out;
	handle_install(ht, h, &f->obj, file_rights(file_flags(f)),
	    o & LX_O_CLOEXEC ? HANDLE_CLOEXEC : 0);
	*ret = (long)h;
	h = HANDLE_NONE;
out:
	handle_cancel(ht, h);
	lx_at_put(&at);
	return e;
}

enum err
lx_openat(struct thread *t, const struct sysargs *a, long *ret)
{
	__attribute__((uninitialized)) struct open_how how; /* set at once */
	enum err e = open_how_of((unsigned)a->v[2], (unsigned)a->v[3], &how);

	return e == OK ? open_at(t, a, (unsigned)a->v[2], &how, ret) : e;
}

/* RESOLVE_* bits in order, and what the walker calls them. */
static const unsigned resolve_walk[] = {
	WALK_NO_XDEV, WALK_NO_MAGIC, WALK_NO_LINKS | WALK_NO_MAGIC,
	WALK_BENEATH, WALK_IN_ROOT,
};

/* A struct that may be longer than ours, as long as the rest is zero. */
static enum err
sized_in(void *dst, size_t own, uintptr_t user, size_t size)
{
	uint64_t tail[8];
	enum err e;

	if (size > PAGE_SIZE)
		return ERR_TOOBIG;
	e = user_copy_in(dst, user, MIN(own, size));
	for (size_t at = own; e == OK && at < size; at += sizeof(tail)) {
		size_t n = MIN(size - at, sizeof(tail));

		memset(tail, 0, sizeof(tail));
		e = user_copy_in(tail, user + at, n);
		for (size_t i = 0; e == OK && i < ARRAY_LEN(tail); i++)
			if (tail[i] != 0)
				e = ERR_TOOBIG;
	}
	return e;
}

#define OPEN_FLAGS_KNOWN \
	(LX_O_ACCMODE | LX_O_CREAT | LX_O_EXCL | LX_O_NOCTTY | LX_O_TRUNC | \
	    LX_O_APPEND | LX_O_NONBLOCK | LX_O_DSYNC | LX_O_ASYNC | \
	    LX_O_DIRECT | LX_O_LARGEFILE | LX_O_DIRECTORY | LX_O_NOFOLLOW | \
	    LX_O_NOATIME | LX_O_CLOEXEC | LX_O_SYNC_BIT | LX_O_PATH | \
	    LX_O_TMPFILE)

/* openat2 checks what openat lets pass. */
static enum err
how2_check(const struct lx_open_how *h)
{
	bool creates = h->flags & (LX_O_CREAT | LX_O_TMPFILE);

	if (h->flags & ~(uint64_t)OPEN_FLAGS_KNOWN)
		return ERR_INVAL;
	if (h->mode & ~(uint64_t)07777)
		return ERR_INVAL;
	if (h->mode != 0 && !creates)
		return ERR_INVAL;
	if (h->resolve >> (ARRAY_LEN(resolve_walk)) != 0)
		return ERR_INVAL;
	if ((h->resolve & 0x18) == 0x18)
		return ERR_INVAL;
	if ((h->flags & LX_O_PATH) && (h->flags & ~(uint64_t)(LX_O_PATH |
	    LX_O_DIRECTORY | LX_O_NOFOLLOW | LX_O_CLOEXEC)))
		return ERR_INVAL;
	return OK;
}

enum err
lx_openat2(struct thread *t, const struct sysargs *a, long *ret)
{
	struct lx_open_how h = { 0 };
	struct open_how how;
	enum err e;

	if (a->v[3] < sizeof(h))
		return ERR_INVAL;
	e = sized_in(&h, sizeof(h), a->v[2], a->v[3]);
	if (e == OK)
		e = how2_check(&h);
	if (e == OK)
		e = open_how_of((unsigned)h.flags, (unsigned)h.mode, &how);
	if (e != OK)
		return e;
	for (size_t i = 0; i < ARRAY_LEN(resolve_walk); i++)
		if (h.resolve & UINT64_C(1) << i)
			how.walk |= resolve_walk[i];
	return open_at(t, a, (unsigned)h.flags, &how, ret);
}

#define MFD_CLOEXEC       1u
#define MFD_ALLOW_SEALING 2u
#define MFD_NOEXEC_SEAL   8u
#define MFD_EXEC          16u
#define MFD_NAME_MAX      249

/* memfd_create(name, flags). Differs: the name shows nowhere; no huge pages.
 * Source: man-pages 6.05 memfd_create(2). */
enum err
lx_memfd_create(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned flags = (unsigned)a->v[1];
	char name[MFD_NAME_MAX + 1];
	struct file *f;
	size_t len;
	enum err e;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL |
	    MFD_EXEC))
		return ERR_INVAL;
	e = user_string_in(name, a->v[0], sizeof(name), &len);
	if (e != OK)
		return e == ERR_NAMETOOLONG ? ERR_INVAL : e;
	e = vfs_memory_file(0, &f);
	if (e != OK)
		return e;
	if ((flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL)) == 0)
		e = memobj_seal(&f->vnode->cache, MEMOBJ_SEAL_SEAL);
	if (e != OK) {
		file_unref(f);
		return e;
	}
	return lx_install(t, f, (flags & MFD_CLOEXEC) != 0, ret);
}

/*
 * The address space.
 * Source: man-pages 6.05 mmap(2), mprotect(2), mremap(2), madvise(2),
 * msync(2), mincore(2), mlock(2), brk(2).
 */
#include "call.h"

#include <kernel/mm.h>

enum {
	LX_MAP_SHARED = 1, LX_MAP_PRIVATE = 2, LX_MAP_SHARED_VALIDATE = 3,
	LX_MAP_TYPE = 0xf, LX_MAP_FIXED = 0x10, LX_MAP_ANONYMOUS = 0x20,
	LX_MAP_GROWSDOWN = 0x100, LX_MAP_LOCKED = 0x2000,
	LX_MAP_NORESERVE = 0x4000, LX_MAP_POPULATE = 0x8000,
	LX_MAP_HUGETLB = 0x40000, LX_MAP_SYNC = 0x80000,
	LX_MAP_FIXED_NOREPLACE = 0x100000,
};
#define LX_PROT_RWX 7u

/* A sealed object is not written through new shared mappings. */
static enum err
map_sealed(struct map_request *req)
{
	if (req->obj == NULL || (req->flags & REGION_SHARED) == 0 ||
	    (req->obj->seals & MEMOBJ_SEAL_WRITE) == 0)
		return OK;
	if (req->prot & PROT_WRITE)
		return ERR_PERM;
	req->max_prot &= ~PROT_WRITE;
	return OK;
}

/* How a file may be mapped, from how it was opened. */
static enum err
map_file(struct thread *t, uintptr_t h, struct map_request *req,
    struct file **out)
{
	struct file *f;
	unsigned flags;
	enum err e = lx_file(t, h, 0, &f);

	if (e != OK)
		return e;
	flags = file_flags(f);
	if (flags & FILE_PATH) {
		e = ERR_BADHANDLE;
	} else if ((flags & FILE_READ) == 0 || ((req->flags & REGION_SHARED) &&
	    (req->prot & PROT_WRITE) && (flags & FILE_WRITE) == 0)) {
		e = ERR_ACCESS;
	} else {
		req->max_prot = PROT_READ | PROT_WRITE | PROT_EXEC;
		if ((req->flags & REGION_SHARED) && (flags & FILE_WRITE) == 0)
			req->max_prot &= ~PROT_WRITE;
		req->file = f;
		e = file_map(f, req, &req->obj);
	}
	if (e == OK)
		e = map_sealed(req);
	if (e != OK)
		file_unref(f);
	else
		*out = f;
	return e;
}

static enum err
map_decode(const struct sysargs *a, struct map_request *req)
{
	unsigned flags = (unsigned)a->v[3];
	unsigned type = flags & LX_MAP_TYPE;

	*req = (struct map_request){
		.addr = a->v[0],
		.len = ALIGN_UP(a->v[1], PAGE_SIZE),
		.prot = (unsigned)a->v[2] & LX_PROT_RWX,
		.offset = a->v[5],
	};
	if (a->v[1] == 0 || !IS_ALIGNED(a->v[5], PAGE_SIZE) ||
	    type == 0 || type > LX_MAP_SHARED_VALIDATE)
		return ERR_INVAL;
	if (req->len == 0)
		return ERR_NOMEM;
	if (flags & LX_MAP_HUGETLB)
		return ERR_NOMEM; /* no pool of huge pages is set aside */
	if (type == LX_MAP_SHARED_VALIDATE && (flags & LX_MAP_SYNC))
		return ERR_NOTSUP;
	if (type != LX_MAP_PRIVATE)
		req->flags |= REGION_SHARED;
	if (flags & LX_MAP_GROWSDOWN)
		req->flags |= REGION_GROWSDOWN;
	if (flags & LX_MAP_LOCKED)
		req->flags |= REGION_LOCKED;
	if (flags & LX_MAP_NORESERVE)
		req->flags |= REGION_NORESERVE;
	if (flags & (LX_MAP_POPULATE | LX_MAP_LOCKED))
		req->how |= MAP_POPULATE;
	if (flags & (LX_MAP_FIXED | LX_MAP_FIXED_NOREPLACE))
		req->how |= MAP_AT;
	if (flags & LX_MAP_FIXED_NOREPLACE)
		req->how |= MAP_NOREPLACE;
	if ((req->how & MAP_AT) && !IS_ALIGNED(req->addr, PAGE_SIZE))
		return ERR_INVAL;
	return OK;
}

enum err
lx_mmap(struct thread *t, const struct sysargs *a, long *ret)
{
	struct map_request req;
	struct file *f = NULL;
	vaddr_t at;
	enum err e = map_decode(a, &req);

	if (e != OK)
		return e;
	if ((a->v[3] & LX_MAP_ANONYMOUS) == 0) {
		e = map_file(t, a->v[4], &req, &f);
	} else if (req.flags & REGION_SHARED) {
		req.offset = 0;
		e = memobj_create(req.len, &req.obj);
	} else {
		req.offset = 0;
	}
	if (e == OK)
		e = space_map(t->task->space, &req, &at);
	if (e == OK)
		*ret = (long)at;
	if (req.obj != NULL)
		obj_unref(&req.obj->obj);
	file_unref(f);
	return e;
}

enum err
lx_munmap(struct thread *t, const struct sysargs *a, long *ret)
{
	size_t len = ALIGN_UP(a->v[1], PAGE_SIZE);

	if (!IS_ALIGNED(a->v[0], PAGE_SIZE) || len == 0)
		return ERR_INVAL;
	*ret = 0;
	return space_unmap(t->task->space, a->v[0], len);
}

#define PROT_GROWSDOWN 0x01000000u
#define PROT_GROWSUP   0x02000000u

enum err
lx_mprotect(struct thread *t, const struct sysargs *a, long *ret)
{
	size_t len = ALIGN_UP(a->v[1], PAGE_SIZE);

	*ret = 0;
	if (!IS_ALIGNED(a->v[0], PAGE_SIZE) ||
	    ((unsigned)a->v[2] & ~LX_PROT_RWX))
		return ERR_INVAL;
	if (a->v[1] == 0)
		return OK;
	if (len == 0)
		return ERR_NOMEM;
	return space_protect(
	    t->task->space, a->v[0], len, (unsigned)a->v[2]);
}

enum err
lx_mremap(struct thread *t, const struct sysargs *a, long *ret)
{
	size_t old_len = ALIGN_UP(a->v[1], PAGE_SIZE);
	size_t new_len = ALIGN_UP(a->v[2], PAGE_SIZE);
	unsigned flags = (unsigned)a->v[3];
	const struct remap_request req = { a->v[0], old_len, new_len, flags,
		a->v[4] };
	vaddr_t at = a->v[4];
	enum err e;

	/* MREMAP_* have REMAP_*'s values. */
	if (!IS_ALIGNED(a->v[0], PAGE_SIZE) || new_len == 0 ||
	    (flags & ~(REMAP_MAYMOVE | REMAP_FIXED | REMAP_DONTUNMAP)))
		return ERR_INVAL;
	if ((flags & (REMAP_FIXED | REMAP_DONTUNMAP)) &&
	    (flags & REMAP_MAYMOVE) == 0)
		return ERR_INVAL;
	if ((flags & REMAP_DONTUNMAP) && old_len != new_len)
		return ERR_INVAL;
	if ((flags & REMAP_FIXED) && (!IS_ALIGNED(at, PAGE_SIZE) ||
	    (at < a->v[0] + old_len && a->v[0] < at + new_len)))
		return ERR_INVAL;
	e = space_remap(t->task->space, &req, &at);
	if (e == OK)
		*ret = (long)at;
	return e;
}

/* MADV_* to advice; others that only hint are accepted. long: table */
static enum err
advice_of(int madv, enum space_advice *out)
{
	switch (madv) {
	case 4:
		*out = ADVISE_DONTNEED;
		return OK;
	case 8:
		*out = ADVISE_FREE;
		return OK;
	case 9:
		*out = ADVISE_REMOVE;
		return OK;
	case 10:
		*out = ADVISE_DONTFORK;
		return OK;
	case 11:
		*out = ADVISE_DOFORK;
		return OK;
	case 18:
		*out = ADVISE_WIPEONFORK;
		return OK;
	case 19:
		*out = ADVISE_KEEPONFORK;
		return OK;
	case 22:
		*out = ADVISE_POPULATE_READ;
		return OK;
	case 23:
		*out = ADVISE_POPULATE_WRITE;
		return OK;
	case 3:
		*out = ADVISE_WILLNEED;
		return OK;
	case 0: /* normal, random, sequential */
	case 1:
	case 2:
	case 14: /* huge pages or not, core dumps or not, cold, page out */
	case 15:
	case 16:
	case 17:
	case 20:
	case 21:
		*out = ADVISE_NONE;
		return OK;
	default:
		return ERR_INVAL;
	}
}

enum err
lx_madvise(struct thread *t, const struct sysargs *a, long *ret)
{
	size_t len = ALIGN_UP(a->v[1], PAGE_SIZE);
	enum space_advice advice;
	enum err e = advice_of((int)a->v[2], &advice);

	*ret = 0;
	if (e != OK)
		return e;
	if (!IS_ALIGNED(a->v[0], PAGE_SIZE) || len < a->v[1])
		return ERR_INVAL;
	if (len == 0)
		return OK;
	return space_advise(t->task->space, a->v[0], len, advice);
}

#define MS_ASYNC      1u
#define MS_INVALIDATE 2u
#define MS_SYNC       4u

enum err
lx_msync(struct thread *t, const struct sysargs *a, long *ret)
{
	unsigned flags = (unsigned)a->v[2];

	*ret = 0;
	if (!IS_ALIGNED(a->v[0], PAGE_SIZE) ||
	    (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return ERR_INVAL;
	if (a->v[1] == 0)
		return OK;
	return space_sync(t->task->space, a->v[0],
	    ALIGN_UP(a->v[1], PAGE_SIZE), (flags & MS_SYNC) != 0);
}

enum err
lx_mincore(struct thread *t, const struct sysargs *a, long *ret)
{
	size_t pages = ALIGN_UP(a->v[1], PAGE_SIZE) / PAGE_SIZE;
	uint8_t vec[256];
	enum err e = OK;

	*ret = 0;
	if (!IS_ALIGNED(a->v[0], PAGE_SIZE))
		return ERR_INVAL;
	for (size_t i = 0; e == OK && i < pages; i += sizeof(vec)) {
		size_t n = MIN(pages - i, sizeof(vec));

		e = space_residency(t->task->space,
		    a->v[0] + i * PAGE_SIZE, n * PAGE_SIZE, vec);
		if (e == OK)
			e = user_copy_out(a->v[2] + i, vec, n);
	}
	return e;
}

/* The range a lock call means, grown to whole pages. */
static enum err
lock_range(struct thread *t, const struct sysargs *a, bool locked)
{
	vaddr_t start = ALIGN_DOWN(a->v[0], PAGE_SIZE);
	vaddr_t end = ALIGN_UP(a->v[0] + a->v[1], PAGE_SIZE);

	if (end < start)
		return ERR_INVAL;
	if (end == start)
		return OK;
	return space_lock_memory(t->task->space, start, end - start, locked);
}

enum err
lx_mlock(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return lock_range(t, a, true);
}

enum err
lx_mlock2(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return a->v[2] & ~1ul ? ERR_INVAL : lock_range(t, a, true);
}

enum err
lx_munlock(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return lock_range(t, a, false);
}

#define MCL_CURRENT 1u
#define MCL_FUTURE  2u
#define MCL_ONFAULT 4u

/* Nothing is ever paged out: with no swap, private memory is resident by
 * nature, so that both only check their arguments. */
enum err
lx_mlockall(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	*ret = 0;
	if (a->v[0] == 0 || a->v[0] == MCL_ONFAULT ||
	    (a->v[0] & ~(uintptr_t)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
		return ERR_INVAL;
	return capable(CAP_IPC_LOCK) ? OK : ERR_PERM;
}

enum err
lx_munlockall(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	(void)a;
	*ret = 0;
	return OK;
}

/* The break itself is the answer, also when it did not move. */
enum err
lx_brk(struct thread *t, const struct sysargs *a, long *ret)
{
	vaddr_t now = 0;

	err_ignore(space_brk(t->task->space, a->v[0], &now));
	*ret = (long)now;
	return OK;
}

/* One node: everything is local to it. */
enum err
lx_get_mempolicy(struct thread *t, const struct sysargs *a, long *ret)
{
	uint64_t node = 1;
	enum err e = OK;

	(void)t;
	*ret = 0;
	if (a->v[4] & ~7ul)
		return ERR_INVAL;
	if (a->v[0] != 0)
		e = user_store32(a->v[0], 0);
	if (e == OK && a->v[1] != 0 && a->v[2] > 0) {
		node = a->v[4] & 4 ? 1 : 0;
		e = user_copy_out(a->v[1], &node, sizeof(node));
	}
	return e;
}

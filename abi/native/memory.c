/*
 * Memory: native/memory.h.
 */
#include "native.h"

#include <uapi/native/handle.h>
#include <uapi/native/memory.h>

#define MEMORY_RIGHTS (RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_MAP | \
	RIGHT_STAT | RIGHT_TRANSFER | RIGHT_DUP)
#define PROT_KNOWN    (CM_PROT_READ | CM_PROT_WRITE | CM_PROT_EXEC)

_Static_assert(PROT_READ == CM_PROT_READ && PROT_WRITE == CM_PROT_WRITE &&
    PROT_EXEC == CM_PROT_EXEC, "protection bits");

static struct space *
space_of(struct thread *t)
{
	return t->task->space;
}

enum err
nt_memory_create(struct thread *t, const struct sysargs *a, long *ret)
{
	struct memobj *m = NULL;
	uint32_t h;
	enum err e;

	if (a->v[1] & ~(uintptr_t)CM_HANDLE_CLOEXEC)
		return ERR_INVAL;
	e = memobj_create(a->v[0], &m);
	if (e != OK)
		return e;
	e = handle_add(nt_handles(t), &m->obj, MEMORY_RIGHTS,
	    a->v[1] != 0 ? HANDLE_CLOEXEC : 0, &h);
	if (e == OK)
		*ret = (long)h;
	else
		obj_unref(&m->obj);
	return e;
}

enum err
nt_memory_resize(
    struct thread *, struct obj *o, const struct sysargs *a, long *)
{
	return memobj_resize(container_of(o, struct memobj, obj), a->v[1]);
}

struct map_args {
	struct map_request req;
	struct obj *o; /* referenced: what is mapped, or NULL */
	struct memobj *found; /* referenced: the file's memory, or NULL */
};

/* The object behind the handle, and what its rights let protections be. */
static enum err
map_object(struct thread *t, uint32_t h, struct map_args *m)
{
	rights_t have = 0, need = RIGHT_MAP | RIGHT_READ;
	enum err e;

	if (m->req.prot & PROT_EXEC)
		need |= RIGHT_EXEC;
	if ((m->req.prot & PROT_WRITE) && (m->req.flags & REGION_SHARED))
		need |= RIGHT_WRITE;
	e = handle_get(nt_handles(t), h, OBJ_MEMORY | OBJ_ANY_FILE, need,
	    &m->o);
	if (e == OK)
		e = handle_rights(nt_handles(t), h, &have);
	if (e != OK)
		return e;
	m->req.max_prot = (have & RIGHT_READ ? PROT_READ : 0) |
	    (have & RIGHT_EXEC ? PROT_EXEC : 0) |
	    ((have & RIGHT_WRITE) || !(m->req.flags & REGION_SHARED) ?
	    PROT_WRITE : 0);
	if (m->o->kind == OBJ_MEMORY) {
		m->req.obj = container_of(m->o, struct memobj, obj);
		return OK;
	}
	m->req.file = file_of(m->o);
	e = file_map(m->req.file, &m->req, &m->found);
	m->req.obj = m->found;
	return e;
}

static enum err
map_flags(uint32_t flags, struct map_request *req)
{
	if (flags & ~(CM_MAP_SHARED | CM_MAP_FIXED | CM_MAP_NOREPLACE |
	    CM_MAP_POPULATE | CM_MAP_STACK | CM_MAP_NORESERVE))
		return ERR_INVAL;
	if ((flags & CM_MAP_NOREPLACE) && !(flags & CM_MAP_FIXED))
		return ERR_INVAL;
	req->flags = (flags & CM_MAP_SHARED ? REGION_SHARED : 0) |
	    (flags & CM_MAP_STACK ? REGION_GROWSDOWN : 0) |
	    (flags & CM_MAP_NORESERVE ? REGION_NORESERVE : 0);
	req->how = (flags & CM_MAP_FIXED ? MAP_AT : 0) |
	    (flags & CM_MAP_NOREPLACE ? MAP_NOREPLACE : 0) |
	    (flags & CM_MAP_POPULATE ? MAP_POPULATE : 0);
	return OK;
}

enum err
nt_memory_map(struct thread *t, const struct sysargs *a, long *ret)
{
	struct map_args m = {
		.req = {
			.addr = a->v[0],
			.len = ALIGN_UP(a->v[1], PAGE_SIZE),
			.prot = (unsigned)a->v[2],
			.offset = a->v[5],
		},
	};
	uint32_t h = (uint32_t)a->v[4];
	vaddr_t at;
	enum err e = map_flags((uint32_t)a->v[3], &m.req);

	if (e != OK)
		return e;
	if (a->v[1] == 0 || m.req.len == 0 || (a->v[2] & ~PROT_KNOWN) ||
	    (a->v[0] & PAGE_MASK) || (a->v[5] & PAGE_MASK))
		return ERR_INVAL;
	if (h != CM_HANDLE_NONE)
		e = map_object(t, h, &m);
	if (e == OK)
		e = space_map(space_of(t), &m.req, &at);
	if (e == OK)
		*ret = (long)at;
	if (m.found != NULL)
		obj_unref(&m.found->obj);
	obj_unref(m.o);
	return e;
}

enum err
nt_memory_unmap(struct thread *t, const struct sysargs *a, long *)
{
	if ((a->v[0] & PAGE_MASK) || a->v[1] == 0)
		return ERR_INVAL;
	return space_unmap(
	    space_of(t), a->v[0], ALIGN_UP(a->v[1], PAGE_SIZE));
}

enum err
nt_memory_protect(struct thread *t, const struct sysargs *a, long *)
{
	if ((a->v[0] & PAGE_MASK) || (a->v[2] & ~(uintptr_t)PROT_KNOWN))
		return ERR_INVAL;
	return space_protect(space_of(t), a->v[0],
	    ALIGN_UP(a->v[1], PAGE_SIZE), (unsigned)a->v[2]);
}

enum err
nt_memory_advise(struct thread *t, const struct sysargs *a, long *)
{
	static const enum space_advice map[] = {
		[CM_ADVISE_NORMAL] = ADVISE_NONE,
		[CM_ADVISE_DONTNEED] = ADVISE_DONTNEED,
		[CM_ADVISE_FREE] = ADVISE_FREE,
		[CM_ADVISE_WILLNEED] = ADVISE_WILLNEED,
		[CM_ADVISE_NOFORK] = ADVISE_DONTFORK,
		[CM_ADVISE_FORK] = ADVISE_DOFORK,
		[CM_ADVISE_WIPEFORK] = ADVISE_WIPEONFORK,
		[CM_ADVISE_KEEPFORK] = ADVISE_KEEPONFORK,
	};

	if (a->v[2] >= ARRAY_LEN(map) || (a->v[0] & PAGE_MASK))
		return ERR_INVAL;
	return space_advise(space_of(t), a->v[0],
	    ALIGN_UP(a->v[1], PAGE_SIZE), map[a->v[2]]);
}

enum err
nt_memory_remap(struct thread *t, const struct sysargs *a, long *ret)
{
	const struct remap_request req = {
		.old = a->v[0],
		.old_len = a->v[1],
		.new_len = a->v[2],
		.flags = (a->v[3] & CM_REMAP_MOVE ? REMAP_MAYMOVE : 0) |
		    (a->v[3] & CM_REMAP_FIXED ?
		    REMAP_FIXED | REMAP_MAYMOVE : 0),
		.to = a->v[4],
	};
	vaddr_t at;
	enum err e;

	if ((a->v[3] & ~(uintptr_t)(CM_REMAP_MOVE | CM_REMAP_FIXED)) ||
	    (a->v[0] & PAGE_MASK) || a->v[2] == 0)
		return ERR_INVAL;
	e = space_remap(space_of(t), &req, &at);
	if (e == OK)
		*ret = (long)at;
	return e;
}

enum err
nt_memory_sync(struct thread *t, const struct sysargs *a, long *)
{
	if ((a->v[2] & ~(uintptr_t)CM_SYNC_WAIT) || (a->v[0] & PAGE_MASK))
		return ERR_INVAL;
	return space_sync(space_of(t), a->v[0],
	    ALIGN_UP(a->v[1], PAGE_SIZE), a->v[2] & CM_SYNC_WAIT);
}

enum err
nt_memory_break(struct thread *t, const struct sysargs *a, long *ret)
{
	vaddr_t at = 0;

	/* A break that cannot move is told by the answer, not by an error. */
	err_ignore(space_brk(space_of(t), a->v[0], &at));
	*ret = (long)at;
	return OK;
}

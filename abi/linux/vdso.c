/*
 * The vDSO: a small shared object that the kernel maps into every Linux
 * program, so that reading a clock needs no call.
 *
 * One memory object for the whole system holds a page of clock data followed
 * by the object's code; each program maps both, the data read-only. The data
 * changes only when the wall clock is stepped: the counter itself is read by
 * the program, and its scale is constant. A sequence number is odd while the
 * data is being changed (struct lx_vdso_data).
 *
 * The object is built from abi/linux/arch/<isa>/vdso/ and carried in the
 * kernel image. It is made on the first exec (vdso.lock), then constant.
 */
#include "lx.h"

#include <kernel/mm.h>
#include <kernel/time.h>

#include "vdso_data.h"

#include <lx_vdso_offsets.h>

extern const uint8_t lx_vdso_start[], lx_vdso_end[];

static struct {
	struct mutex lock;
	_Atomic(struct memobj *) obj; /* [l] to set; then constant */
	struct page *page; /* [I] the data page, referenced */
	struct wait_entry watch; /* [I] of wall clock steps */
} vdso = { .lock = MUTEX_INIT(vdso.lock, RANK_CONTAINER) };

static void
data_update(void)
{
	struct lx_vdso_data *d = page_virt(vdso.page);

	atomic_store_explicit(&d->seq, d->seq + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	d->wall_offset = time_wall() - time_now();
	atomic_store_explicit(&d->seq, d->seq + 1, memory_order_release);
}

/* Runs under the queue's lock, so that two steps do not mix. */
static bool
clock_stepped(struct wait_entry *w, unsigned key)
{
	(void)w;
	(void)key;
	data_update();
	return false;
}

static enum err
object_fill(struct memobj *m)
{
	size_t len = (size_t)(lx_vdso_end - lx_vdso_start), done = 0;
	struct lx_vdso_data *d;
	struct iter it;
	enum err e;

	/* The iterator only reads through this pointer (into = false). */
	iter_kernel(&it, (void *)(uintptr_t)lx_vdso_start, len, false);
	e = memobj_write(m, PAGE_SIZE, &it, &done);
	if (e != OK)
		return e;
	if (done != len)
		return ERR_NOMEM;
	e = memobj_page(m, 0, true, &vdso.page);
	if (e != OK)
		return e;
	d = page_virt(vdso.page);
	arch_time_scale(&d->mult, &d->shift);
	data_update();
	vdso.watch.wake = clock_stepped;
	waitq_add(time_wall_waitq(), &vdso.watch);
	return OK;
}

static enum err
object_get(struct memobj **out)
{
	size_t len = (size_t)(lx_vdso_end - lx_vdso_start);
	struct memobj *m = atomic_load_explicit(
	    &vdso.obj, memory_order_acquire);
	enum err e = OK;

	if (m != NULL)
		goto found;
	mutex_lock(&vdso.lock);
	m = atomic_load_explicit(&vdso.obj, memory_order_relaxed);
	if (m == NULL) {
		e = memobj_create(PAGE_SIZE + ALIGN_UP(len, PAGE_SIZE), &m);
		if (e == OK)
			e = object_fill(m);
		if (e == OK)
			atomic_store_explicit(
			    &vdso.obj, m, memory_order_release);
		else if (m != NULL)
			obj_unref(&m->obj);
	}
	mutex_unlock(&vdso.lock);
found:
	if (e == OK)
		*out = m;
	return e;
}

enum err
lx_vdso_map(struct space *s, vaddr_t *base)
{
	size_t len = ALIGN_UP((size_t)(lx_vdso_end - lx_vdso_start), PAGE_SIZE);
	struct map_request req = {
		.len = PAGE_SIZE + len,
		.prot = PROT_READ,
		.max_prot = PROT_READ,
		.flags = REGION_SHARED,
		.name = "[vvar]",
	};
	vaddr_t at;
	enum err e = object_get(&req.obj);

	if (e == OK)
		e = space_map(s, &req, &at);
	if (e != OK)
		return e;
	req.addr = at + PAGE_SIZE;
	req.len = len;
	req.how = MAP_AT;
	req.offset = PAGE_SIZE;
	req.prot = req.max_prot = PROT_READ | PROT_EXEC;
	req.name = "[vdso]";
	e = space_map(s, &req, &at);
	if (e == OK)
		*base = at;
	return e;
}

vaddr_t
lx_vdso_sigreturn(vaddr_t base)
{
	return base + LX_VDSO_RT_SIGRETURN;
}

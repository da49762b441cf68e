/*
 * Address spaces, regions and memory objects.
 *
 * A space is a tree of regions ordered by address and augmented with the
 * largest gap, so that finding a hole is O(log n). A region is anonymous or
 * maps a memory object. Private anonymous pages live in the page tables only
 * (there is no swap): the reference count of struct page is the number of
 * entries that map it, and a writable fault on a count of 1 needs no copy.
 *
 * A memory object (memobj) is the one page cache: a radix tree of pages
 * shared by read, write and mmap. A file's vnode owns one; shared anonymous
 * memory and tmpfs files are memobjs without a store behind them.
 *
 * Locks: space.lock (rw): faults shared, changes exclusive; a fault that has
 * to wait for I/O drops it and looks the region up again. memobj.lock covers
 * insertion and removal of pages; lookup is lock-free (RCU).
 */
#pragma once

#include <kernel/iter.h>
#include <kernel/mm.h>
#include <kernel/obj.h>
#include <lib/radix.h>
#include <lib/rbtree.h>

struct file;
struct container;

/* ---- memory objects --------------------------------------------------- */

struct memobj;

struct memobj_ops {
	/* Fills a new page; called without locks, the page is PAGE_FILLING.
	 * NULL: zeroes. */
	enum err (*fill)(struct memobj *m, uint64_t index, struct page *p);
	/* Writes a dirty page back; no locks. NULL: nothing behind, pages
	 * stay until truncated. */
	enum err (*write_back)(
	    struct memobj *m, uint64_t index, struct page *p);
	/* A page in place of a fresh one (zero-copy images): *out referenced;
	 * ERR_NODATA: use fill. NULL: never. */
	enum err (*direct)(
	    struct memobj *m, uint64_t index, struct page **out);
	/* Asks for leave to add pages (tmpfs and container limits); give back
	 * with negative count. NULL: unlimited. */
	enum err (*charge)(struct memobj *m, long pages);
	void (*release)(struct memobj *m); /* last reference; NULL: kfree */
};

struct memobj {
	struct obj obj; /* OBJ_MEMORY */
	const struct memobj_ops *ops; /* [I] may be NULL */
	struct mutex lock; /* RANK_MEMOBJ */
	struct radix pages; /* [l], read by RCU */
	atomic_ullong size; /* [A] bytes; changed under lock */
	atomic_ulong resident; /* [A] pages */
	struct list regions; /* [r] regions that map it */
	struct mutex region_lock; /* r: RANK_MEMOBJ; for truncate, reclaim */
	struct waitq filled; /* PAGE_FILLING went */
	unsigned seals; /* [l] MEMOBJ_SEAL_* */
	atomic_uint writers; /* [A] shared writable mappings */
	void *owner; /* [I] vnode or NULL */
	struct list reclaim_link; /* objects with a store; mm/memobj.c */
};
#define MEMOBJ_SEAL_SEAL   0x1u
#define MEMOBJ_SEAL_SHRINK 0x2u
#define MEMOBJ_SEAL_GROW   0x4u
#define MEMOBJ_SEAL_WRITE  0x8u

void memobj_init(
    struct memobj *m, const struct memobj_ops *ops, uint64_t size, void *owner);
/* For embedding owners: frees all pages (nobody maps it any more). */
void memobj_fini(struct memobj *m);
/* Anonymous shared memory. */
enum err memobj_create(uint64_t size, struct memobj **out);
/* The page at index, up to date, referenced. create false: ERR_NODATA for a
 * hole. Sleeps. ERR_NOSPC, ERR_NOMEM, ERR_IO. Does not check size. */
enum err memobj_page(
    struct memobj *m, uint64_t index, bool create, struct page **out);
/* Copies between the cache and it; stops at size (read) or extends it
 * (write). *done counts bytes; an error only when nothing was done. */
enum err memobj_read(
    struct memobj *m, uint64_t off, struct iter *it, size_t *done);
enum err memobj_write(
    struct memobj *m, uint64_t off, struct iter *it, size_t *done);
/* Sets the size; pages beyond are unmapped everywhere and dropped, the tail
 * of the last one is zeroed. */
enum err memobj_resize(struct memobj *m, uint64_t size);
/* Adds MEMOBJ_SEAL_* bits. ERR_PERM when sealed against that, ERR_BUSY for
 * SEAL_WRITE while writable shared mappings exist. */
enum err memobj_seal(struct memobj *m, unsigned seals);
/* Frees pages of [start, end) bytes (hole punching). */
enum err memobj_punch(struct memobj *m, uint64_t start, uint64_t end);
void memobj_dirty(struct memobj *m, uint64_t index);
enum err memobj_sync(struct memobj *m, uint64_t start, uint64_t end);
/* The next offset >= off with data or with a hole (SEEK_DATA/SEEK_HOLE).
 * ERR_NXIO: no more data, or off is beyond the end. */
enum err memobj_seek(
    struct memobj *m, uint64_t off, bool data, uint64_t *out);

static inline uint64_t
memobj_size(const struct memobj *m)
{
	return atomic_load_explicit(&m->size, memory_order_acquire);
}

/* ---- spaces ----------------------------------------------------------- */

struct region {
	struct rbnode node; /* [P] by start; augmented */
	vaddr_t start, end; /* [P] bytes, page-aligned */
	size_t gap; /* [P] free bytes before start */
	size_t subtree_gap; /* [P] largest gap in the subtree */
	unsigned prot; /* [P] PROT_READ|WRITE|EXEC */
	unsigned max_prot; /* [P] what mprotect may give */
	unsigned flags; /* [P] REGION_* */
	struct memobj *obj; /* [P] NULL: anonymous private */
	struct file *file; /* [P] for /proc/PID/maps, may be NULL */
	uint64_t offset; /* [P] bytes into obj, page-aligned */
	struct list obj_link; /* obj->region_lock */
	/* [A] entries of [low, high) alone may be present; see mm/region.h */
	_Atomic(vaddr_t) touched_low, touched_high;
	atomic_bool has_copies; /* [A] private copies of obj's pages exist */
	struct space *space; /* [I] */
	const char *name; /* [I] "[heap]", "[stack]", "[vdso]" or NULL */
};
#define REGION_SHARED    0x01u
#define REGION_GROWSDOWN 0x02u
#define REGION_PHYS      0x04u /* offset is a physical address */
#define REGION_LOCKED    0x08u
#define REGION_DONTFORK  0x10u
#define REGION_WIPEFORK  0x20u
#define REGION_NORESERVE 0x40u
#define REGION_PINNED    0x80u /* vDSO: cannot be unmapped by accident */
#define REGION_NOHUGE    0x100u

struct space {
	struct obj obj; /* OBJ_SPACE */
	struct arch_space arch;
	struct rwlock lock; /* RANK_SPACE */
	struct rbroot regions; /* [l] */
	_Atomic(struct region *) recent; /* [A] hint: last region found */
	unsigned region_count; /* [l] */
	size_t mapped; /* [l] bytes */
	size_t locked; /* [l] bytes */
	atomic_long resident; /* [A] pages */
	vaddr_t low, high; /* [I] user range */
	vaddr_t mmap_top; /* [l] where top-down search starts */
	vaddr_t brk_start, brk; /* [l] */
	vaddr_t stack_limit; /* [l] lowest address a stack may grow to */
	size_t limit_bytes, limit_data, limit_stack; /* [l] rlimits */
	/* what exec laid out, for /proc/PID: [I] after exec */
	vaddr_t arg_start, arg_end, env_start, env_end, stack_start;
	vaddr_t code_start, code_end, data_start, data_end;
	vaddr_t vdso;
	struct file *exe; /* [I] after exec */
	uint64_t auxv[48];
	unsigned auxv_words;
	struct container *container; /* [I] charged for pages */
	atomic_long charged; /* [A] pages charged there, >= resident */
};

/* Caches of regions, spaces and memory objects; after slab_init(). */
void space_init(void);
enum err space_create(struct container *c, struct space **out);
/* Copy-on-write copy for fork. */
enum err space_clone(struct space *s, struct space **out);

static inline struct space *
space_ref(struct space *s)
{
	obj_ref(&s->obj);
	return s;
}

static inline void
space_unref(struct space *s)
{
	if (s != NULL)
		obj_unref(&s->obj);
}

/* The space of the running thread; NULL in kernel threads. */
struct space *space_current(void);

struct map_request {
	vaddr_t addr; /* hint, or exact with MAP_AT */
	size_t len; /* bytes, > 0 */
	unsigned prot, max_prot; /* PROT_*; max_prot 0: all */
	unsigned flags; /* REGION_* */
	unsigned how; /* MAP_* */
	struct memobj *obj; /* borrowed; NULL: anonymous */
	struct file *file; /* borrowed; may be NULL */
	uint64_t offset; /* bytes; physical address with REGION_PHYS */
	const char *name;
};
#define MAP_AT        0x1u /* exactly at addr, replacing what is there */
#define MAP_NOREPLACE 0x2u /* with MAP_AT: ERR_EXISTS instead */
#define MAP_POPULATE  0x4u
#define MAP_LOW32     0x8u /* below 2 GiB */

/* ERR_NOMEM: also for a place that reaches beyond the space's end. */
enum err space_map(
    struct space *s, const struct map_request *req, vaddr_t *out);
enum err space_unmap(struct space *s, vaddr_t start, size_t len);
enum err space_protect(
    struct space *s, vaddr_t start, size_t len, unsigned prot);
#define REMAP_MAYMOVE   0x1u
#define REMAP_FIXED     0x2u
#define REMAP_DONTUNMAP 0x4u
struct remap_request {
	vaddr_t old;
	size_t old_len, new_len;
	unsigned flags; /* REMAP_* */
	vaddr_t to; /* REMAP_FIXED */
};
enum err space_remap(
    struct space *s, const struct remap_request *req, vaddr_t *out);
enum space_advice {
	ADVISE_DONTNEED, ADVISE_FREE, ADVISE_WILLNEED, ADVISE_DONTFORK,
	ADVISE_DOFORK, ADVISE_WIPEONFORK, ADVISE_KEEPONFORK, ADVISE_NONE,
	ADVISE_REMOVE, ADVISE_POPULATE_READ, ADVISE_POPULATE_WRITE,
};
enum err space_advise(
    struct space *s, vaddr_t start, size_t len, enum space_advice advice);
enum err space_sync(struct space *s, vaddr_t start, size_t len, bool wait);
enum err space_lock_memory(
    struct space *s, vaddr_t start, size_t len, bool locked);
/* Moves the break; *out the new or, on failure, the old one. */
enum err space_brk(struct space *s, vaddr_t want, vaddr_t *out);
/* mincore: one byte a page. */
enum err space_residency(
    struct space *s, vaddr_t start, size_t len, uint8_t *vec);
/*
 * Resolves a fault. Sleeps; called with irqs on and no lock.
 * Errors: ERR_FAULT nothing mapped there, ERR_ACCESS protection,
 * ERR_IO or ERR_NODATA beyond the object (SIGBUS), ERR_NOMEM, ERR_QUOTA.
 */
enum err space_fault(struct space *s, vaddr_t va, unsigned access);
/* Region that holds va or the first above it; under lock. */
struct region *space_find(struct space *s, vaddr_t va);
struct region *space_next(struct region *r);
/* Where a futex word lives: equal keys are the same word. */
struct futex_key {
	uintptr_t base; /* memobj (shared) or space (private) */
	uint64_t offset; /* bytes in the object, or the address */
	struct obj *ref; /* what base is; referenced for shared keys */
};
enum err space_futex_key(
    struct space *s, vaddr_t va, bool shared, struct futex_key *out);
void futex_key_drop(struct futex_key *k);
/* Out of memory in a fault with nobody to answer: picks and kills the largest
 * task of the container. over_limit: it is the container's limit, so that
 * free memory does not help. */
void oom_kill(struct container *c, bool over_limit);

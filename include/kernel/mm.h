/*
 * Physical pages, the kernel heap, kernel mappings and page tables.
 *
 * Physical memory is divided into sections of SECTION_SIZE. A section's
 * array of struct page is only made when the section is first needed, so
 * that a small system on a big machine stays small. Blocks of 2^order pages
 * come from a buddy allocator; single pages from per-CPU lists in front of
 * it. Nothing here sleeps; ERR_NOMEM comes back after reclaim was tried.
 */
#pragma once

#include <kernel/arch.h>
#include <kernel/sync.h>

/* ---- pages ------------------------------------------------------------ */

/* 32 bytes, one per frame. */
struct page {
	struct ref refs; /* [A] 0: free */
	uint16_t section; /* [I] */
	uint8_t order; /* [l] of the free or allocated block's head */
	atomic_uchar flags; /* [A] PAGE_*; changed under the owner's lock */
	union {
		struct list link; /* [l] buddy or LRU list */
		struct {
			_Atomic(void *) owner; /* [A] memobj of a cached page,
			    NULL once it left the cache */
			uint64_t index; /* page index in the memobj */
		};
	};
	/* 8 bytes left: private word of the owner */
	uintptr_t private;
};

#define PAGE_FREE     0x01u /* heads a free block in the buddy lists */
#define PAGE_SLAB     0x02u
#define PAGE_CACHED   0x04u /* belongs to a memobj (owner, index) */
#define PAGE_RESERVED 0x08u /* firmware, kernel, initrd: never freed */
#define PAGE_TABLE    0x10u
#define PAGE_DIRTY    0x20u
#define PAGE_FILLING  0x40u /* contents not valid yet */
#define PAGE_ZERO     0x80u /* the shared zero page */

static inline void *
phys_to_virt(paddr_t pa)
{
	return (void *)(pa + DIRECT_BASE);
}

/* Only for direct-map addresses. */
static inline paddr_t
virt_to_phys(const void *p)
{
	return (paddr_t)(uintptr_t)p - DIRECT_BASE;
}

void page_init(void); /* from boot_info; the first section comes online */
struct page *page_of(paddr_t pa); /* NULL: no RAM there */

/* What is known of a section. */
struct page_section {
	_Atomic(struct page *) map; /* [A] set once; NULL: offline */
	paddr_t delta; /* [I] once online: frame address less the scaled one
	    of its struct page */
	uint32_t usable; /* [I] pages that are RAM and not reserved */
	bool has_ram; /* [I] */
};
extern struct page_section *page_sections; /* [I] */
#define PAGE_SCALE (PAGE_SIZE / sizeof(struct page))

static inline paddr_t
page_phys(const struct page *p)
{
	return (uintptr_t)p * PAGE_SCALE + page_sections[p->section].delta;
}

static inline void *
page_virt(const struct page *p)
{
	return phys_to_virt(page_phys(p));
}

/* 2^order contiguous pages, aligned to their size, refs 1, contents
 * undefined (poison in check builds). NULL: out of memory. Any context but
 * nested in the page lock. */
struct page *page_alloc(unsigned order);
struct page *page_alloc_zero(void); /* one page of zeroes */
void page_free(struct page *p, unsigned order); /* refs must be 1 or 0 */

static inline void
page_ref(struct page *p)
{
	ref_inc(&p->refs);
}

/* Frees a single page with its last reference (reserved ones never). */
static inline void
page_unref(struct page *p)
{
	if (ref_dec(&p->refs))
		page_free(p, 0);
}

/* Shared, read-only, always zero. */
struct page *page_zero_shared(void);

struct page_stats {
	uint64_t total, free, reserved, cached, slab, tables; /* pages */
};
void page_stats(struct page_stats *out);
/* Called when memory runs short, by a thread that holds no spinlock but maybe
 * sleeping locks: frees up to want pages, returns the count; only tries locks.
 * Registered by page cache, slab, kernel stacks, name cache. */
struct reclaimer {
	struct list link;
	const char *name;
	size_t (*reclaim)(size_t want);
};
void reclaim_register(struct reclaimer *r);
/* Asks the reclaimers in turn; returns the pages that came back. */
size_t reclaim_pages(size_t want);

/* ---- heap ------------------------------------------------------------- */

struct slab_cache;

/* Objects of one size. align 0: natural (16). Never NULL at boot. name: no
 * spaces, it stands in /proc/slabinfo. */
struct slab_cache *slab_cache_create(
    const char *name, size_t size, size_t align);
/* NULL: out of memory. Contents undefined. Any context. */
void *slab_alloc(struct slab_cache *c);
void slab_free(struct slab_cache *c, void *p); /* NULL is fine */
void *slab_alloc_zero(struct slab_cache *c);
/* General sizes up to 128 KiB; kfree checks the size that is passed. */
void *kmalloc(size_t size);
void *kzalloc(size_t size);
void kfree(void *p, size_t size); /* NULL is fine */
/* Live objects per cache: for leak checks and /proc/slabinfo. */
struct slab_stats {
	const char *name;
	size_t size, live, pages;
};
bool slab_stats(unsigned index, struct slab_stats *out); /* false: past end */
void slab_init(void);
/* Test support: the nth allocation from now on fails once (0: never); all
 * page and slab allocations count. */
extern atomic_ulong alloc_fail_at;
/* The same, but only allocations of the current thread count, and of threads
 * and processes that it and they start; 0 lets all go. */
void alloc_fail_for(unsigned long nth);
/* The same threads' allocations fail when judge says so, until
 * alloc_fail_for(0). It is called in any context. */
void alloc_fail_when(bool (*judge)(void));
/* Fails each place that allocates once (check build; fail_places.c), and how
 * many have failed since the machine started. */
void alloc_fail_places(void);
unsigned long alloc_failed_places(void);

/* ---- kernel mappings -------------------------------------------------- */

void kmap_init(void);
/* Maps pages at consecutive kernel addresses with an unmapped guard page
 * before and after. NULL: out of address space or memory. */
void *kmap_pages(struct page *const *pages, size_t count, unsigned prot);
void *kmap_phys(paddr_t pa, size_t len, unsigned prot); /* devices */
void kunmap(void *va, size_t len);
/* Kernel stacks with guard pages, from a cache; KSTACK_SIZE bytes, aligned to
 * twice that, so that trap entry can tell an overflow by one bit. Returns the
 * top, 0 when out of memory. */
#if CARMINE_ASAN
#define KSTACK_SIZE (32 * 1024) /* checked code has larger frames */
#else
#define KSTACK_SIZE (16 * 1024)
#endif
vaddr_t kstack_alloc(void);
void kstack_free(vaddr_t top);
/* Gives back some free stacks, when the cache holds many and the caller may
 * be preempted (kstack_free() is called where that is off). */
void kstack_trim(void);

/* ---- page tables (mm/pagetable.c) ------------------------------------- */

/*
 * All ports have tables of 512 eight-byte entries over 4 KiB pages. Changes
 * of present entries are the caller's to flush (tlb_flush). Two faults of
 * one space may race: entries are put in by compare-and-swap.
 */
/* The leaf slot for va; create makes missing tables. NULL: not there, or out
 * of memory. A slot stays valid while the caller holds the space's lock (any
 * mode). *large (may be NULL): a 2 MiB leaf was met, and slot is that leaf. */
_Atomic(pte_t) *pt_slot(
    struct arch_space *s, vaddr_t va, bool create, bool *large);
/* Maps one page when the slot is empty. ERR_EXISTS: somebody was faster. */
enum err pt_map(struct arch_space *s, vaddr_t va, paddr_t pa, unsigned prot);
enum err pt_map_large(
    struct arch_space *s, vaddr_t va, paddr_t pa, unsigned prot);
/* Translation for the software copy: present and prot suffices. */
bool pt_query(struct arch_space *s, vaddr_t va, paddr_t *pa, unsigned *prot);
/* Calls fn for each present leaf of [start, end); fn may clear or change the
 * entry. Skips absent tables in O(1) each. */
typedef void pt_visit(_Atomic(pte_t) *slot, vaddr_t va, bool large, void *arg);
void pt_walk(struct arch_space *s, vaddr_t start, vaddr_t end, pt_visit *fn,
    void *arg);
/* Takes out the tables that lie wholly in [start, end), where no leaf is left,
 * flushes, and frees them. Under the space's lock, exclusive. */
void pt_free_range(struct arch_space *s, vaddr_t start, vaddr_t end);

/* ---- TLB (mm/tlb.c): hardware and software copies --------------------- */

/*
 * Drops translations of [start, end) wherever s is loaded, and waits until
 * that is done: afterwards no CPU copies through an old translation. Called
 * with irqs on. Each CPU keeps a small table of recent user translations for
 * mm/user.c; it obeys the same flushes.
 */
void tlb_flush(struct arch_space *s, vaddr_t start, vaddr_t end);
void tlb_flush_kernel(vaddr_t start, vaddr_t end);
/* Makes next current on this CPU; NULL (kernel threads) keeps what is loaded.
 * irqs off; the scheduler and exec call it. */
void tlb_space_switch(struct arch_space *next);
void tlb_ipi(void); /* irqs off; from trap_ipi */

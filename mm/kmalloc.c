/*
 * General sizes: a slab cache per class up to 3 KiB, whole pages beyond.
 *
 * The classes are dense enough that no more than a third is wasted. A block
 * of pages remembers its size in the head page, so that kfree() can check
 * what it is told, as the slab caches check theirs.
 */
#include "slab.h"

#include <kernel/htable.h>
#include <kernel/log.h>
#include <kernel/asan.h>
#include <lib/bits.h>
#include <lib/string.h>

#define SMALL_MAX 1024 /* classes are found by table up to here */
#define CLASS_MAX 3072
#define PAGES_MAX (128 * 1024)
#define TABLE_MAX (8u << 20) /* what a section of RAM has in one piece */

static const struct {
	uint16_t size;
	const char *name;
} classes[] = {
	{ 16, "kmalloc-16" }, { 32, "kmalloc-32" }, { 48, "kmalloc-48" },
	{ 64, "kmalloc-64" }, { 96, "kmalloc-96" }, { 128, "kmalloc-128" },
	{ 192, "kmalloc-192" }, { 256, "kmalloc-256" },
	{ 384, "kmalloc-384" }, { 512, "kmalloc-512" },
	{ 768, "kmalloc-768" }, { 1024, "kmalloc-1024" },
	{ 1536, "kmalloc-1536" }, { 2048, "kmalloc-2048" },
	{ 3072, "kmalloc-3072" },
};

static struct slab_cache *small[SMALL_MAX / 16 + 1]; /* [I] by size / 16 */
static struct slab_cache *large[CLASS_MAX / 512 + 1]; /* [I] by size / 512 */

struct slab_cache *
kmalloc_cache(size_t size)
{
	if (LIKELY(size <= SMALL_MAX))
		return small[(size + 15) / 16];
	if (size <= CLASS_MAX)
		return large[(size + 511) / 512];
	return NULL;
}

static unsigned
pages_order(size_t size)
{
	return log2_ceil((size + PAGE_MASK) >> PAGE_SHIFT);
}

static NOINLINE void *
pages_alloc(size_t size, size_t max)
{
	struct page *p;
	unsigned order;

	if (size > max)
		return NULL;
	order = pages_order(size);
	p = page_alloc(order);
	if (p == NULL)
		return NULL;
	page_set_flags(p, PAGE_SLAB);
	p->private = size;
	page_use_add(PAGE_USE_SLAB, 1l << order);
	return page_virt(p);
}

void *
kmalloc(size_t size)
{
	struct slab_cache *c = kmalloc_cache(size);

	void *p = LIKELY(c != NULL) ? slab_alloc(c) :
	    pages_alloc(size, PAGES_MAX);

	if (c != NULL && p != NULL)
		asan_trim(p, size, c->size);
	return p;
}

void *
kzalloc(size_t size)
{
	void *p = kmalloc(size);

	if (LIKELY(p != NULL))
		memset(p, 0, size);
	return p;
}

static NOINLINE void
pages_free(void *p, size_t size)
{
	struct page *page = page_of(virt_to_phys(p));
	unsigned order;

	if (page == NULL || page_flags(page) != PAGE_SLAB ||
	    page->private != size)
		panic("kfree(%p, %zu): no such allocation", p, size);
	order = pages_order(size);
	page_use_add(PAGE_USE_SLAB, -(1l << order));
	page_free(page, order);
}

void
kfree(void *p, size_t size)
{
	struct slab_cache *c = kmalloc_cache(size);

	if (p == NULL)
		return;
	if (LIKELY(c != NULL))
		slab_free(c, p);
	else
		pages_free(p, size);
}

void *
htable_alloc(size_t size)
{
	void *p = pages_alloc(size, TABLE_MAX);

	if (p != NULL)
		memset(p, 0, size);
	return p;
}

void
htable_free(void *p, size_t size)
{
	if (p != NULL)
		pages_free(p, size);
}

void
kmalloc_init(void)
{
	size_t next_small = 0, next_large = 0;

	for (unsigned i = 0; i < ARRAY_LEN(classes); i++) {
		size_t size = classes[i].size;
		struct slab_cache *c =
		    slab_cache_create(classes[i].name, size, 16);

		while (next_small <= size / 16 &&
		    next_small < ARRAY_LEN(small))
			small[next_small++] = c;
		while (next_large <= size / 512 &&
		    next_large < ARRAY_LEN(large))
			large[next_large++] = c;
	}
}

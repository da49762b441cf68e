/*
 * Inside the heap: shared by mm/slab.c and mm/kmalloc.c.
 */
#pragma once

#include "page.h"

#define MAGAZINE_MAX 32

/* A CPU's stack of free objects of one cache. */
struct magazine {
	unsigned count; /* [C] */
	void *slots[]; /* [C] */
};

struct slab_cache {
	const char *name; /* [I] */
	size_t size; /* [I] bytes the user gets */
	size_t stride; /* [I] bytes from one object to the next */
	size_t offset; /* [I] of the first object in a slab */
	uint16_t order; /* [I] of a slab's block */
	uint16_t per_slab; /* [I] objects */
	uint16_t magazine; /* [I] capacity */
	struct spinlock lock; /* RANK_SLAB, irq */
	struct list partial; /* [l] slabs with free and used objects */
	struct list empty; /* [l] at most one slab kept for the next need */
	size_t out; /* [l] objects outside of slabs: live or in magazines */
	size_t slabs; /* [l] */
	struct list link; /* [g] all caches */
	_Atomic(struct magazine *) magazines[]; /* [A] by CPU; made once */
};

/* The class for size, NULL when pages serve it. */
struct slab_cache *kmalloc_cache(size_t size);
void kmalloc_init(void);
/* Without magazines: up to count objects; returns how many. */
unsigned slab_take(struct slab_cache *c, void **out, unsigned count);
void slab_give(struct slab_cache *c, void **objects, unsigned count);

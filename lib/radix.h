/* SPDX-License-Identifier: MIT */
/*
 * Radix trees: sparse arrays of pointers indexed by 64-bit numbers.
 *
 * 64 slots a node, so six bits of the index a level; the height grows with
 * the largest index that is stored. A lone item at index 0 needs no node.
 * Items must be aligned to two bytes (bit 0 of the root tells them from
 * nodes) and must not be NULL.
 *
 * Locks: writers (set, erase, tag changes, clear) are serialized by the
 * caller. Readers (get, next, gang, tag tests) may run beside a writer
 * inside an RCU read section: nodes are published complete, with release
 * order, and unlinked nodes go to ops->node_free, which must wait for a
 * grace period if there are such readers. A reader that runs beside a
 * writer sees each slot as it was before or after, not a snapshot.
 *
 * Every slot has RADIX_TAGS tag bits; a tag of a leaf is summed up on the
 * way to the root, so the next tagged item is found without visiting
 * untagged subtrees.
 */
#pragma once

#include <lib/base.h>
#include <lib/order.h>

#define RADIX_BITS  6
#define RADIX_SLOTS (1u << RADIX_BITS)
#define RADIX_TAGS  2
#define RADIX_ROOT_IS_NODE ((uintptr_t)1)

struct radix_node {
	uint8_t shift;                          /* [I] of our slot number */
	_Atomic(uint64_t) present;              /* slots in use */
	_Atomic(uint64_t) tags[RADIX_TAGS];     /* slots tagged, or below */
	uintptr_t deferred[2];                  /* scratch for node_free */
	_Atomic(void *) slots[RADIX_SLOTS];     /* nodes, or items at shift 0 */
};

struct radix_ops {
	/* sizeof(struct radix_node) bytes, content arbitrary; NULL: none. */
	struct radix_node *(*node_alloc)(void);
	void (*node_free)(struct radix_node *node);
};

struct radix {
	_Atomic(void *) root; /* NULL, the item 0, or a node with bit 0 set */
	_Atomic(unsigned) root_tags; /* tags of a lone item 0 */
	const struct radix_ops *ops; /* [I] */
};

void radix_init(struct radix *r, const struct radix_ops *ops);

static inline bool
radix_empty(const struct radix *r)
{
	return atomic_load_explicit(&r->root, memory_order_relaxed) == NULL;
}

/* The node that a root is, or NULL. */
static inline struct radix_node *
radix_node_of(void *root)
{
	uintptr_t bits = (uintptr_t)root;

	return (bits & RADIX_ROOT_IS_NODE) == 0 ? NULL :
	    (struct radix_node *)(bits - RADIX_ROOT_IS_NODE);
}

/* The item at index, or NULL. */
static inline void *
radix_get(const struct radix *r, uint64_t index)
{
	void *at = atomic_load_explicit(&r->root, ORDER_DEPENDENT);
	const struct radix_node *node;

	if (((uintptr_t)at & RADIX_ROOT_IS_NODE) == 0)
		return index == 0 ? at : NULL;
	node = radix_node_of(at);
	if (index >> node->shift >= RADIX_SLOTS)
		return NULL;
	for (unsigned shift = node->shift;; shift -= RADIX_BITS) {
		at = atomic_load_explicit(&node->slots[(index >> shift) &
		    (RADIX_SLOTS - 1)], ORDER_DEPENDENT);
		if (shift == 0 || at == NULL)
			return at;
		node = at;
	}
}

/*
 * Stores item at index, replacing what was there (its tags stay).
 * False: no memory for a node, nothing changed.
 */
MUST_USE bool radix_set(struct radix *r, uint64_t index, void *item);

/* Removes and returns the item at index with its tags; NULL: none. */
void *radix_erase(struct radix *r, uint64_t index);

/* The first item at *index or above; sets *index to its place. NULL: none. */
void *radix_next(const struct radix *r, uint64_t *index);
void *radix_next_tagged(const struct radix *r, uint64_t *index, unsigned tag);

/*
 * Collects up to max items from index start on, in order: all of them
 * (RADIX_ANY) or those with a tag. Returns how many.
 */
struct radix_hit {
	uint64_t index;
	void *item;
};
#define RADIX_ANY RADIX_TAGS
size_t radix_gang(const struct radix *r, uint64_t start, unsigned tag,
    struct radix_hit *hits, size_t max);

/* Set and clear do nothing where there is no item. tag < RADIX_TAGS. */
void radix_tag_set(struct radix *r, uint64_t index, unsigned tag);
void radix_tag_clear(struct radix *r, uint64_t index, unsigned tag);
bool radix_tag_test(const struct radix *r, uint64_t index, unsigned tag);
bool radix_any_tagged(const struct radix *r, unsigned tag);

/* Empties the tree; drop (may be NULL) sees every item, in order, first. */
void radix_clear(struct radix *r,
    void (*drop)(void *ctx, uint64_t index, void *item), void *ctx);

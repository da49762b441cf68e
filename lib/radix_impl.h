/* SPDX-License-Identifier: MIT */
/* What radix.c and radix_scan.c know of nodes; for them alone. */
#pragma once

#include <lib/bits.h>
#include <lib/radix.h>

#define LEVELS_MAX 11 /* 64 bits in steps of 6 */

#define GET(p)    atomic_load_explicit(p, ORDER_DEPENDENT)
#define PEEK(p)   atomic_load_explicit(p, memory_order_relaxed)
#define PUT(p, v) atomic_store_explicit(p, v, memory_order_release)

static inline void *
root_of(struct radix_node *node)
{
	return (char *)node + RADIX_ROOT_IS_NODE;
}

static inline unsigned
slot_of(const struct radix_node *node, uint64_t index)
{
	return (index >> node->shift) & (RADIX_SLOTS - 1);
}

static inline bool
node_covers(const struct radix_node *node, uint64_t index)
{
	return index >> node->shift < RADIX_SLOTS;
}

static inline uint64_t
slot_bit(unsigned slot)
{
	return UINT64_C(1) << slot;
}

/* The last index that goes through the same slot as index. */
static inline uint64_t
slot_last(unsigned shift, uint64_t index)
{
	return index | ((UINT64_C(1) << shift) - 1);
}

/* The last index of index's node; 64 << 60 is 0, so all ones at the top. */
static inline uint64_t
node_last(unsigned shift, uint64_t index)
{
	return index | (((uint64_t)RADIX_SLOTS << shift) - 1);
}

/* The first index that goes through the given slot of index's node. */
static inline uint64_t
slot_first(unsigned shift, uint64_t index, unsigned slot)
{
	return (index & ~(((uint64_t)RADIX_SLOTS << shift) - 1)) |
	    (uint64_t)slot << shift;
}

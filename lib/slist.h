/* SPDX-License-Identifier: MIT */
/*
 * Hash chains: a head of one pointer, elements that can leave in O(1), and
 * readers that need no lock.
 *
 * Writers are serialized by the caller. Readers walk with hlist_each() under
 * RCU: an added element is published with release order after its own next
 * pointer is set, and a removed one keeps its next pointer, so that a reader
 * standing on it still finds the rest of the chain. Its memory may be reused
 * only after a grace period.
 */
#pragma once

#include <lib/base.h>
#include <lib/order.h>

struct hnode {
	_Atomic(struct hnode *) next;
	_Atomic(struct hnode *) *link; /* what points at us; NULL: unlinked */
};

struct hhead {
	_Atomic(struct hnode *) first;
};

static inline void
hlist_init(struct hhead *h)
{
	atomic_init(&h->first, NULL);
}

static inline void
hnode_init(struct hnode *n)
{
	atomic_init(&n->next, NULL);
	n->link = NULL;
}

static inline bool
hnode_is_linked(const struct hnode *n)
{
	return n->link != NULL;
}

static inline struct hnode *
hlist_first(const struct hhead *h)
{
	return atomic_load_explicit(&h->first, ORDER_DEPENDENT);
}

static inline struct hnode *
hlist_next(const struct hnode *n)
{
	return atomic_load_explicit(&n->next, ORDER_DEPENDENT);
}

static inline bool
hlist_empty(const struct hhead *h)
{
	return atomic_load_explicit(&h->first, memory_order_relaxed) == NULL;
}

static inline void
hlist_add_head(struct hhead *h, struct hnode *n)
{
	struct hnode *first =
	    atomic_load_explicit(&h->first, memory_order_relaxed);

	atomic_store_explicit(&n->next, first, memory_order_relaxed);
	n->link = &h->first;
	if (first != NULL)
		first->link = &n->next;
	atomic_store_explicit(&h->first, n, memory_order_release);
}

/* Takes n off its chain, if it is on one; n->next stays for readers. */
static inline void
hlist_del(struct hnode *n)
{
	struct hnode *next =
	    atomic_load_explicit(&n->next, memory_order_relaxed);

	if (n->link == NULL)
		return;
	atomic_store_explicit(n->link, next, memory_order_release);
	if (next != NULL)
		next->link = n->link;
	n->link = NULL;
}

#define HLIST_ENTRY_(node, type, member) \
	({ \
		struct hnode *node_ = (node); \
		node_ == NULL ? NULL : container_of(node_, type, member); \
	})

/* var is NULL after the last turn. */
#define hlist_each(var, head, member) \
	for ((var) = HLIST_ENTRY_( \
	     hlist_first(head), typeof(*(var)), member); \
	     (var) != NULL; \
	     (var) = HLIST_ENTRY_( \
	     hlist_next(&(var)->member), typeof(*(var)), member))

/* For writers: var may be taken off and freed during its turn. */
#define hlist_each_safe(var, ahead, head, member) \
	for ((var) = HLIST_ENTRY_( \
	     hlist_first(head), typeof(*(var)), member); \
	     (var) != NULL && \
	     ((ahead) = HLIST_ENTRY_( \
	     hlist_next(&(var)->member), typeof(*(var)), member), true); \
	     (var) = (ahead))

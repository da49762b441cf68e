/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees whose nodes live inside the elements.
 *
 * The caller searches with its own loop and compares its own keys, so no
 * callback is on the search path. To insert, it walks down from root->node,
 * keeps the link it fell off, and calls rb_link() and rb_insert_fix(); or,
 * where a call per comparison does not matter, rb_insert().
 *
 * An augmented tree keeps in every element a summary of its subtree (the
 * largest gap, the earliest deadline). update(node) recomputes the summary
 * of one node from the node and its two children; the tree calls it on
 * every node whose subtree changed, children before parents. An augmented
 * tree must use the _augmented calls only.
 *
 * No locking, no allocation, no recursion.
 */
#pragma once

#include <lib/base.h>

struct rbnode {
	uintptr_t parent_color; /* parent's address; bit 0: black */
	union {
		struct {
			struct rbnode *left;
			struct rbnode *right;
		};
		struct rbnode *child[2];
	};
};

struct rbroot {
	struct rbnode *node;
	struct rbnode *leftmost; /* the first in order; NULL if empty */
};

struct rb_augment {
	void (*update)(struct rbnode *node);
};

#define RBROOT_INIT { NULL, NULL }

#define rb_entry(node, type, member) container_of(node, type, member)

/* The entry, or NULL if node is NULL. */
#define rb_entry_or_null(node, type, member) \
	({ \
		struct rbnode *node_ = (node); \
		node_ == NULL ? NULL : container_of(node_, type, member); \
	})

static inline void
rb_init(struct rbroot *root)
{
	root->node = NULL;
	root->leftmost = NULL;
}

static inline bool
rb_empty(const struct rbroot *root)
{
	return root->node == NULL;
}

/* Marks a node as being in no tree; only needed for rb_is_linked(). */
static inline void
rbnode_init(struct rbnode *n)
{
	n->parent_color = (uintptr_t)n;
	n->left = NULL;
	n->right = NULL;
}

/* Exact for nodes that were initialized; rb_erase() initializes again. */
static inline bool
rb_is_linked(const struct rbnode *n)
{
	return n->parent_color != (uintptr_t)n;
}

static inline struct rbnode *
rb_parent(const struct rbnode *n)
{
	return (struct rbnode *)(n->parent_color & ~(uintptr_t)1);
}

static inline struct rbnode *
rb_first(const struct rbroot *root)
{
	return root->leftmost;
}

/* O(log n). NULL if the tree is empty. */
struct rbnode *rb_last(const struct rbroot *root);

/* The neighbours in order; NULL at the end. Amortized O(1). */
struct rbnode *rb_next(const struct rbnode *n);
struct rbnode *rb_prev(const struct rbnode *n);

/*
 * Hangs n as a leaf into *link, which is &root->node, &parent->left or
 * &parent->right and holds NULL. rb_insert_fix() must follow at once.
 */
static inline void
rb_link(struct rbnode *n, struct rbnode *parent, struct rbnode **link)
{
	n->parent_color = (uintptr_t)parent; /* red */
	n->left = NULL;
	n->right = NULL;
	*link = n;
}

/* Insertion into an empty tree, and taking the last element out, without the
 * calls; the summary of n must be right already. */
static inline void
rb_insert_only(struct rbroot *root, struct rbnode *n)
{
	n->parent_color = 1; /* no parent, black */
	n->left = NULL;
	n->right = NULL;
	root->node = n;
	root->leftmost = n;
}

static inline void
rb_erase_only(struct rbroot *root, struct rbnode *n)
{
	rb_init(root);
	rbnode_init(n);
}

/* Restores balance (and the summaries) after rb_link(). */
void rb_insert_fix(struct rbroot *root, struct rbnode *n);
void rb_insert_fix_augmented(struct rbroot *root, struct rbnode *n,
    const struct rb_augment *aug);

/* Takes n, which must be in root, out; n is left initialized. */
void rb_erase(struct rbroot *root, struct rbnode *n);
void rb_erase_augmented(struct rbroot *root, struct rbnode *n,
    const struct rb_augment *aug);

/* Search and insert; equal elements go behind those already there. */
void rb_insert(struct rbroot *root, struct rbnode *n,
    bool (*less)(const struct rbnode *a, const struct rbnode *b));
void rb_insert_augmented(struct rbroot *root, struct rbnode *n,
    bool (*less)(const struct rbnode *a, const struct rbnode *b),
    const struct rb_augment *aug);

/* Puts n where old was; the key must sort alike. Not for
 * augmented trees, unless the summaries are alike, too. */
void rb_replace(struct rbroot *root, struct rbnode *old, struct rbnode *n);

/* Recomputes summaries from n up to the root, after n itself changed. */
void rb_propagate(struct rbnode *n, const struct rb_augment *aug);

/* In order; var is NULL after the last turn and must not be erased. */
#define rb_each(var, root, member) \
	for ((var) = rb_entry_or_null( \
	     rb_first(root), typeof(*(var)), member); \
	     (var) != NULL; \
	     (var) = rb_entry_or_null( \
	     rb_next(&(var)->member), typeof(*(var)), member))

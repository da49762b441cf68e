/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees: every red node has black children, every way from the
 * root down to a missing child meets equally many black nodes; so the
 * longest way is at most twice the shortest.
 *
 * New nodes are red. rb_insert_fix() moves a red-red pair up two levels at a
 * time or ends it with one or two rotations. rb_erase() takes out a node
 * with at most one child (exchanging it for its successor first); if it was
 * black, its place is one black short, which moves up one level at a time or
 * ends with up to three rotations.
 *
 * Left and right differ in one bit: a side is 0 or 1, the other is !side,
 * and functions that are inlined with a constant side cost what hand-made
 * mirror images would. In the same way the plain and the augmented calls
 * share their text: aug is NULL at compile time in the plain ones.
 *
 * Source: Cormen, Leiserson, Rivest, Stein, Introduction to Algorithms, 13.
 */
#include <lib/rbtree.h>

#define RB_BLACK ((uintptr_t)1)

static ALWAYS_INLINE bool
is_red(const struct rbnode *n)
{
	return n != NULL && (n->parent_color & RB_BLACK) == 0;
}

static ALWAYS_INLINE void
set_parent(struct rbnode *n, struct rbnode *parent)
{
	n->parent_color = (uintptr_t)parent | (n->parent_color & RB_BLACK);
}

static ALWAYS_INLINE void
set_black(struct rbnode *n)
{
	n->parent_color |= RB_BLACK;
}

static ALWAYS_INLINE void
set_red(struct rbnode *n)
{
	n->parent_color &= ~RB_BLACK;
}

static ALWAYS_INLINE void
copy_color(struct rbnode *n, const struct rbnode *from)
{
	n->parent_color = (n->parent_color & ~RB_BLACK) |
	    (from->parent_color & RB_BLACK);
}

static ALWAYS_INLINE void
replace_child(struct rbroot *root, struct rbnode *parent, struct rbnode *old,
    struct rbnode *n)
{
	if (parent == NULL)
		root->node = n;
	else if (parent->left == old)
		parent->left = n;
	else
		parent->right = n;
}

/* n goes down to the given side, its child of the other side takes over. */
static ALWAYS_INLINE void
rotate(struct rbroot *root, struct rbnode *n, unsigned side,
    const struct rb_augment *aug)
{
	struct rbnode *up = n->child[!side];
	struct rbnode *parent = rb_parent(n);
	struct rbnode *inner = up->child[side];

	n->child[!side] = inner;
	if (inner != NULL)
		set_parent(inner, n);
	up->child[side] = n;
	set_parent(up, parent);
	set_parent(n, up);
	replace_child(root, parent, n, up);
	if (aug != NULL) {
		aug->update(n);
		aug->update(up);
	}
}

static ALWAYS_INLINE void
propagate(struct rbnode *n, const struct rb_augment *aug)
{
	for (; n != NULL; n = rb_parent(n))
		aug->update(n);
}

/*
 * n and parent, which is grand's child of the given side, are red. Returns
 * the node that may be in a red-red pair now, or NULL.
 */
static ALWAYS_INLINE struct rbnode *
insert_step(struct rbroot *root, struct rbnode *n, struct rbnode *grand,
    unsigned side, const struct rb_augment *aug)
{
	struct rbnode *parent = grand->child[side];
	struct rbnode *uncle = grand->child[!side];

	if (is_red(uncle)) {
		set_black(uncle);
		set_black(parent);
		set_red(grand);
		return grand;
	}
	if (parent->child[!side] == n) {
		rotate(root, parent, side, aug);
		parent = n;
	}
	set_black(parent);
	set_red(grand);
	rotate(root, grand, !side, aug);
	return NULL;
}

static ALWAYS_INLINE void
insert_fix(struct rbroot *root, struct rbnode *n,
    const struct rb_augment *aug)
{
	struct rbnode *parent = rb_parent(n);

	if (parent == NULL ||
	    (parent == root->leftmost && parent->left == n))
		root->leftmost = n;
	if (aug != NULL)
		propagate(n, aug);
	while (n != NULL) {
		struct rbnode *grand;

		parent = rb_parent(n);
		if (!is_red(parent))
			break;
		grand = rb_parent(parent); /* exists: the root is black */
		if (grand->left == parent)
			n = insert_step(root, n, grand, 0, aug);
		else
			n = insert_step(root, n, grand, 1, aug);
	}
	set_black(root->node);
}

void
rb_insert_fix(struct rbroot *root, struct rbnode *n)
{
	insert_fix(root, n, NULL);
}

void
rb_insert_fix_augmented(struct rbroot *root, struct rbnode *n,
    const struct rb_augment *aug)
{
	insert_fix(root, n, aug);
}

/*
 * parent's child of the given side is one black short. Returns the node
 * that is short now, or NULL if the tree is in order.
 */
static ALWAYS_INLINE struct rbnode *
erase_step(struct rbroot *root, struct rbnode *parent, unsigned side,
    const struct rb_augment *aug)
{
	struct rbnode *sibling = parent->child[!side];

	if (is_red(sibling)) {
		set_black(sibling);
		set_red(parent);
		rotate(root, parent, side, aug);
		sibling = parent->child[!side];
	}
	if (!is_red(sibling->left) && !is_red(sibling->right)) {
		set_red(sibling);
		return parent;
	}
	if (!is_red(sibling->child[!side])) {
		set_black(sibling->child[side]);
		set_red(sibling);
		rotate(root, sibling, !side, aug);
		sibling = parent->child[!side];
	}
	copy_color(sibling, parent);
	set_black(parent);
	set_black(sibling->child[!side]);
	rotate(root, parent, side, aug);
	return NULL;
}

/* The place of child (may be NULL) under parent is one black short. */
static ALWAYS_INLINE void
erase_fix(struct rbroot *root, struct rbnode *child, struct rbnode *parent,
    const struct rb_augment *aug)
{
	while (parent != NULL && !is_red(child)) {
		if (parent->left == child)
			child = erase_step(root, parent, 0, aug);
		else
			child = erase_step(root, parent, 1, aug);
		if (child == NULL)
			return;
		parent = rb_parent(child);
	}
	if (child != NULL)
		set_black(child);
}

/* Puts the successor of n, which has two children, into n's place. */
static ALWAYS_INLINE struct rbnode *
exchange_successor(struct rbroot *root, struct rbnode *n,
    struct rbnode **short_child)
{
	struct rbnode *s = n->right;
	struct rbnode *parent = s;

	while (s->left != NULL)
		s = s->left;
	*short_child = s->right;
	if (s != n->right) {
		parent = rb_parent(s);
		parent->left = s->right;
		s->right = n->right;
		set_parent(s->right, s);
	}
	s->left = n->left;
	set_parent(s->left, s);
	replace_child(root, rb_parent(n), n, s);
	s->parent_color = n->parent_color;
	return parent;
}

static ALWAYS_INLINE void
erase(struct rbroot *root, struct rbnode *n, const struct rb_augment *aug)
{
	struct rbnode *child;
	struct rbnode *parent;
	bool lost_black;

	if (root->leftmost == n)
		root->leftmost = rb_next(n);
	if (n->left != NULL && n->right != NULL) {
		lost_black = !is_red(rb_next(n));
		parent = exchange_successor(root, n, &child);
	} else {
		lost_black = !is_red(n);
		child = n->left != NULL ? n->left : n->right;
		parent = rb_parent(n);
		replace_child(root, parent, n, child);
	}
	if (child != NULL)
		set_parent(child, parent);
	if (aug != NULL)
		propagate(parent, aug);
	if (lost_black)
		erase_fix(root, child, parent, aug);
	rbnode_init(n);
}

void
rb_erase(struct rbroot *root, struct rbnode *n)
{
	erase(root, n, NULL);
}

void
rb_erase_augmented(struct rbroot *root, struct rbnode *n,
    const struct rb_augment *aug)
{
	erase(root, n, aug);
}

static ALWAYS_INLINE void
link_sorted(struct rbroot *root, struct rbnode *n,
    bool (*less)(const struct rbnode *a, const struct rbnode *b))
{
	struct rbnode **link = &root->node;
	struct rbnode *parent = NULL;

	while (*link != NULL) {
		parent = *link;
		link = less(n, parent) ? &parent->left : &parent->right;
	}
	rb_link(n, parent, link);
}

void
rb_insert(struct rbroot *root, struct rbnode *n,
    bool (*less)(const struct rbnode *a, const struct rbnode *b))
{
	link_sorted(root, n, less);
	insert_fix(root, n, NULL);
}

void
rb_insert_augmented(struct rbroot *root, struct rbnode *n,
    bool (*less)(const struct rbnode *a, const struct rbnode *b),
    const struct rb_augment *aug)
{
	link_sorted(root, n, less);
	insert_fix(root, n, aug);
}

void
rb_replace(struct rbroot *root, struct rbnode *old, struct rbnode *n)
{
	n->parent_color = old->parent_color;
	n->left = old->left;
	n->right = old->right;
	replace_child(root, rb_parent(old), old, n);
	if (n->left != NULL)
		set_parent(n->left, n);
	if (n->right != NULL)
		set_parent(n->right, n);
	if (root->leftmost == old)
		root->leftmost = n;
	rbnode_init(old);
}

void
rb_propagate(struct rbnode *n, const struct rb_augment *aug)
{
	propagate(n, aug);
}

struct rbnode *
rb_last(const struct rbroot *root)
{
	struct rbnode *n = root->node;

	while (n != NULL && n->right != NULL)
		n = n->right;
	return n;
}

/* The nearest node on the given side in order. */
static ALWAYS_INLINE struct rbnode *
neighbour(const struct rbnode *n, unsigned side)
{
	struct rbnode *near = n->child[side];
	const struct rbnode *from = n;

	if (near != NULL) {
		while (near->child[!side] != NULL)
			near = near->child[!side];
		return near;
	}
	near = rb_parent(n);
	while (near != NULL && near->child[side] == from) {
		from = near;
		near = rb_parent(near);
	}
	return near;
}

struct rbnode *
rb_next(const struct rbnode *n)
{
	return neighbour(n, 1);
}

struct rbnode *
rb_prev(const struct rbnode *n)
{
	return neighbour(n, 0);
}

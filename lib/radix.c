/* SPDX-License-Identifier: MIT */
/*
 * Radix trees; the rules for users are in radix.h.
 *
 * root is NULL, or item 0 itself if that is all there is, or a node (bit 0
 * set). A node with shift s covers 64 << s indices; slot number
 * (index >> s) & 63 leads on. Nodes in the tree are never empty, and the
 * top node always has more than slot 0 in use: otherwise it is taken out.
 *
 * Changes are made so that a reader needs no lock and a failed allocation
 * leaves no trace: what is missing for a new item (nodes below an existing
 * one, or a taller top) is built aside and published by one store. A node
 * that is replaced by its child keeps its slots for readers inside it.
 *
 * A slot is filled before its present bit is set and emptied after the bit
 * is cleared, but both are only ordered, not atomic together: a reader that
 * follows a present bit must be ready to find NULL.
 */
#include <lib/radix_impl.h>

/* The nodes from the top to a slot of the lowest that exists. */
struct path {
	struct radix_node *node[LEVELS_MAX];
	unsigned depth; /* nodes in it */
};

void
radix_init(struct radix *r, const struct radix_ops *ops)
{
	atomic_init(&r->root, NULL);
	atomic_init(&r->root_tags, 0);
	r->ops = ops;
}

static struct radix_node *
node_create(const struct radix *r, unsigned shift)
{
	struct radix_node *node = r->ops->node_alloc();

	if (node == NULL)
		return NULL;
	node->shift = (uint8_t)shift;
	atomic_init(&node->present, 0);
	for (unsigned t = 0; t < RADIX_TAGS; t++)
		atomic_init(&node->tags[t], 0);
	for (unsigned i = 0; i < RADIX_SLOTS; i++)
		atomic_init(&node->slots[i], NULL);
	return node;
}

static void
node_fill(struct radix_node *node, unsigned slot, void *value)
{
	PUT(&node->slots[slot], value);
	PUT(&node->present, PEEK(&node->present) | slot_bit(slot));
}

static void
node_empty(struct radix_node *node, unsigned slot)
{
	PUT(&node->present, PEEK(&node->present) & ~slot_bit(slot));
	PUT(&node->slots[slot], NULL);
}

/* The shift that a lone node needs to cover index. */
static unsigned
shift_for(uint64_t index)
{
	return index == 0 ? 0 : log2_floor(index) / RADIX_BITS * RADIX_BITS;
}

/* Frees nodes that hold one thing each, down to (not with) end. */
static void
chain_free(const struct radix *r, struct radix_node *node, const void *end)
{
	while (node != end) {
		void *next = PEEK(&node->slots[ctz64(PEEK(&node->present))]);
		bool is_last = node->shift == 0;

		r->ops->node_free(node);
		if (is_last)
			return;
		node = next;
	}
}

/*
 * Makes what slot number index of a node with the given shift must hold so
 * that item is found below it: item itself, or nodes. NULL: no memory.
 */
static void *
branch_create(const struct radix *r, unsigned shift, uint64_t index,
    void *item)
{
	void *below = item;

	for (unsigned s = 0; s < shift; s += RADIX_BITS) {
		struct radix_node *node = node_create(r, s);

		if (node == NULL) {
			if (below != item)
				chain_free(r, below, NULL);
			return NULL;
		}
		node_fill(node, slot_of(node, index), below);
		below = node;
	}
	return below;
}

/* Puts nodes over what root holds until index is covered; NULL: no memory. */
static struct radix_node *
tower_create(const struct radix *r, uint64_t index)
{
	void *root = PEEK(&r->root);
	struct radix_node *base = radix_node_of(root);
	void *below = base == NULL ? root : base;
	unsigned shift = base == NULL ? 0 : base->shift + RADIX_BITS;
	struct radix_node *top = NULL;

	do {
		struct radix_node *node = node_create(r, shift);

		if (node == NULL) {
			if (top != NULL)
				chain_free(r, top, base);
			return NULL;
		}
		node_fill(node, 0, below);
		for (unsigned t = 0; t < RADIX_TAGS; t++) {
			bool tagged = base == NULL ?
			    (PEEK(&r->root_tags) >> t & 1) != 0 :
			    PEEK(&base->tags[t]) != 0;

			atomic_init(&node->tags[t], tagged ? 1 : 0);
		}
		top = node;
		below = node;
		shift += RADIX_BITS;
	} while (!node_covers(top, index));
	return top;
}

/* The tree is empty, or its top does not cover index. */
static bool
grow_and_set(struct radix *r, uint64_t index, void *item)
{
	void *root = PEEK(&r->root);
	struct radix_node *top;
	void *branch;

	if (root == NULL) {
		unsigned shift = shift_for(index);

		/* One level more than the branch of a slot: the node itself. */
		branch = branch_create(
		    r, index == 0 ? 0 : shift + RADIX_BITS, index, item);
		if (branch != NULL)
			PUT(&r->root, index == 0 ? item : root_of(branch));
		return branch != NULL;
	}
	top = tower_create(r, index);
	if (top == NULL)
		return false;
	branch = branch_create(r, top->shift, index, item);
	if (branch == NULL) {
		chain_free(r, top, radix_node_of(root));
		return false;
	}
	node_fill(top, slot_of(top, index), branch);
	PUT(&r->root, root_of(top));
	PUT(&r->root_tags, 0);
	return true;
}

bool
radix_set(struct radix *r, uint64_t index, void *item)
{
	void *root = PEEK(&r->root);
	struct radix_node *node = radix_node_of(root);

	if (node == NULL && root != NULL && index == 0) {
		PUT(&r->root, item);
		return true;
	}
	if (node == NULL || !node_covers(node, index))
		return grow_and_set(r, index, item);
	while (node->shift != 0) {
		unsigned slot = slot_of(node, index);
		struct radix_node *below = PEEK(&node->slots[slot]);

		if (below == NULL) {
			void *branch =
			    branch_create(r, node->shift, index, item);

			if (branch != NULL)
				node_fill(node, slot, branch);
			return branch != NULL;
		}
		node = below;
	}
	node_fill(node, slot_of(node, index), item);
	return true;
}

/* For writers: the way to index, and the item there or NULL. */
static void *
path_to(const struct radix *r, uint64_t index, struct path *path)
{
	void *at = PEEK(&r->root);
	struct radix_node *node = radix_node_of(at);

	path->depth = 0;
	if (node == NULL)
		return index == 0 ? at : NULL;
	if (!node_covers(node, index))
		return NULL;
	for (;;) {
		path->node[path->depth++] = node;
		at = PEEK(&node->slots[slot_of(node, index)]);
		if (node->shift == 0 || at == NULL)
			return at;
		node = at;
	}
}

/* Takes the tag off index, and off the nodes above that have no other. */
static void
path_untag(const struct path *path, uint64_t index, unsigned tag)
{
	for (unsigned d = path->depth; d-- != 0;) {
		struct radix_node *node = path->node[d];
		uint64_t left = PEEK(&node->tags[tag]) &
		    ~slot_bit(slot_of(node, index));

		PUT(&node->tags[tag], left);
		if (left != 0)
			return;
	}
}

/* Takes top nodes out that have nothing but slot 0. */
static void
shrink(struct radix *r)
{
	struct radix_node *top;

	while ((top = radix_node_of(PEEK(&r->root))) != NULL &&
	    PEEK(&top->present) == 1) {
		void *below = PEEK(&top->slots[0]);
		unsigned tags = 0;

		if (top->shift == 0) {
			for (unsigned t = 0; t < RADIX_TAGS; t++)
				tags |= (unsigned)PEEK(&top->tags[t]) << t;
			PUT(&r->root_tags, tags);
			PUT(&r->root, below);
		} else {
			PUT(&r->root, root_of(below));
		}
		r->ops->node_free(top);
	}
}

void *
radix_erase(struct radix *r, uint64_t index)
{
	struct path path;
	void *item = path_to(r, index, &path);

	if (item == NULL)
		return NULL;
	if (path.depth == 0) {
		PUT(&r->root, NULL);
		PUT(&r->root_tags, 0);
		return item;
	}
	for (unsigned t = 0; t < RADIX_TAGS; t++)
		path_untag(&path, index, t);
	for (unsigned d = path.depth; d-- != 0;) {
		struct radix_node *node = path.node[d];

		node_empty(node, slot_of(node, index));
		/* That unlinked the empty node below; readers leave it. */
		if (d + 1 < path.depth)
			r->ops->node_free(path.node[d + 1]);
		if (PEEK(&node->present) != 0)
			break;
		if (d == 0) {
			PUT(&r->root, NULL);
			r->ops->node_free(node);
		}
	}
	shrink(r);
	return item;
}

void
radix_tag_set(struct radix *r, uint64_t index, unsigned tag)
{
	struct path path;

	if (path_to(r, index, &path) == NULL)
		return;
	if (path.depth == 0)
		PUT(&r->root_tags, PEEK(&r->root_tags) | 1u << tag);
	for (unsigned d = path.depth; d-- != 0;) {
		struct radix_node *node = path.node[d];

		PUT(&node->tags[tag], PEEK(&node->tags[tag]) |
		    slot_bit(slot_of(node, index)));
	}
}

void
radix_tag_clear(struct radix *r, uint64_t index, unsigned tag)
{
	struct path path;

	if (path_to(r, index, &path) == NULL)
		return;
	if (path.depth == 0)
		PUT(&r->root_tags, PEEK(&r->root_tags) & ~(1u << tag));
	path_untag(&path, index, tag);
}

void
radix_clear(struct radix *r,
    void (*drop)(void *ctx, uint64_t index, void *item), void *ctx)
{
	void *root = PEEK(&r->root);
	struct radix_node *node = radix_node_of(root);
	uint64_t left[LEVELS_MAX]; /* slots not yet visited */
	struct path path = { .depth = 0 };
	uint64_t index = 0;

	PUT(&r->root, NULL);
	PUT(&r->root_tags, 0);
	if (node == NULL) {
		if (root != NULL && drop != NULL)
			drop(ctx, 0, root);
		return;
	}
	left[0] = PEEK(&node->present);
	path.node[path.depth++] = node;
	while (path.depth != 0) {
		unsigned d = path.depth - 1;
		unsigned slot;
		void *below;

		node = path.node[d];
		if (left[d] == 0) {
			path.depth--;
			r->ops->node_free(node);
			continue;
		}
		slot = ctz64(left[d]);
		left[d] &= left[d] - 1;
		index = slot_first(node->shift, index, slot);
		below = PEEK(&node->slots[slot]);
		if (node->shift == 0) {
			if (drop != NULL)
				drop(ctx, index, below);
			continue;
		}
		left[d + 1] = PEEK(&((struct radix_node *)below)->present);
		path.node[path.depth++] = below;
	}
}

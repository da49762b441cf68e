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
#include <lib/bits.h>
#include <lib/radix.h>

#define ROOT_IS_NODE ((uintptr_t)1)
#define LEVELS_MAX   11 /* 64 bits in steps of 6 */
#define UNTAGGED     RADIX_TAGS

#define GET(p)    atomic_load_explicit(p, ORDER_DEPENDENT)
#define PEEK(p)   atomic_load_explicit(p, memory_order_relaxed)
#define PUT(p, v) atomic_store_explicit(p, v, memory_order_release)

/* The nodes from the top to a slot of the lowest that exists. */
struct path {
	struct radix_node *node[LEVELS_MAX];
	unsigned depth; /* nodes in it */
};

static inline struct radix_node *
root_node(void *root)
{
	if (((uintptr_t)root & ROOT_IS_NODE) == 0)
		return NULL;
	return (struct radix_node *)(void *)((char *)root - ROOT_IS_NODE);
}

static inline void *
root_of(struct radix_node *node)
{
	return (char *)node + ROOT_IS_NODE;
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

void
radix_init(struct radix *r, const struct radix_ops *ops)
{
	atomic_init(&r->root, NULL);
	atomic_init(&r->root_tags, 0);
	r->ops = ops;
}

void *
radix_get(const struct radix *r, uint64_t index)
{
	void *at = GET(&r->root);
	struct radix_node *node = root_node(at);

	if (node == NULL)
		return index == 0 ? at : NULL;
	if (!node_covers(node, index))
		return NULL;
	for (unsigned shift = node->shift;; shift -= RADIX_BITS) {
		at = GET(&node->slots[(index >> shift) & (RADIX_SLOTS - 1)]);
		if (shift == 0 || at == NULL)
			return at;
		node = at;
	}
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
	struct radix_node *base = root_node(root);
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
		chain_free(r, top, root_node(root));
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
	struct radix_node *node = root_node(root);

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
	struct radix_node *node = root_node(at);

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

	while ((top = root_node(PEEK(&r->root))) != NULL &&
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

/* A leaf and those of its slots that a scan asks for. */
struct find {
	struct radix_node *leaf;
	uint64_t slots;
	uint64_t base; /* index of slot 0 */
};

static uint64_t
node_wanted(const struct radix_node *node, unsigned tag)
{
	uint64_t present = GET(&node->present);

	return tag == UNTAGGED ? present : present & GET(&node->tags[tag]);
}

/*
 * Goes down from top towards index, turning to the next wanted slot where
 * there is none on the way. False: *index is the next place to try.
 */
static bool
find_below(struct radix_node *top, uint64_t *index, unsigned tag,
    struct find *out)
{
	struct radix_node *node = top;

	for (;;) {
		unsigned shift = node->shift;
		uint64_t wanted = node_wanted(node, tag) &
		    (~UINT64_C(0) << slot_of(node, *index));
		unsigned slot;

		if (wanted == 0) {
			*index = node_last(shift, *index) + 1;
			return false;
		}
		slot = ctz64(wanted);
		if (slot != slot_of(node, *index))
			*index = slot_first(shift, *index, slot);
		if (shift == 0) {
			*out = (struct find){ node, wanted, *index - slot };
			return true;
		}
		node = GET(&node->slots[slot]);
		if (node == NULL) {
			*index = slot_last(shift, *index) + 1;
			return false;
		}
	}
}

static bool
find_leaf(struct radix_node *top, uint64_t index, unsigned tag,
    struct find *out)
{
	while (node_covers(top, index)) {
		if (find_below(top, &index, tag, out))
			return true;
		if (index == 0) /* wrapped: there is no higher index */
			return false;
	}
	return false;
}

static size_t
gang(const struct radix *r, uint64_t start, unsigned tag, void **items,
    uint64_t *indices, size_t max)
{
	void *root = GET(&r->root);
	struct radix_node *top = root_node(root);
	size_t count = 0;
	struct find f;

	if (top == NULL) {
		if (root == NULL || start != 0 || max == 0 ||
		    (tag != UNTAGGED && (GET(&r->root_tags) >> tag & 1) == 0))
			return 0;
		items[0] = root;
		if (indices != NULL)
			indices[0] = 0;
		return 1;
	}
	while (count < max && find_leaf(top, start, tag, &f)) {
		for (; f.slots != 0 && count < max; f.slots &= f.slots - 1) {
			unsigned slot = ctz64(f.slots);
			void *item = GET(&f.leaf->slots[slot]);

			if (item == NULL)
				continue;
			if (indices != NULL)
				indices[count] = f.base + slot;
			items[count++] = item;
		}
		start = node_last(0, f.base) + 1;
		if (start == 0)
			break;
	}
	return count;
}

size_t
radix_gang(const struct radix *r, uint64_t start, void **items,
    uint64_t *indices, size_t max)
{
	return gang(r, start, UNTAGGED, items, indices, max);
}

size_t
radix_gang_tagged(const struct radix *r, uint64_t start, unsigned tag,
    void **items, uint64_t *indices, size_t max)
{
	return gang(r, start, tag, items, indices, max);
}

void *
radix_next(const struct radix *r, uint64_t *index)
{
	void *item;

	return gang(r, *index, UNTAGGED, &item, index, 1) == 1 ? item : NULL;
}

void *
radix_next_tagged(const struct radix *r, uint64_t *index, unsigned tag)
{
	void *item;

	return gang(r, *index, tag, &item, index, 1) == 1 ? item : NULL;
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

bool
radix_tag_test(const struct radix *r, uint64_t index, unsigned tag)
{
	struct radix_node *node = root_node(GET(&r->root));

	if (node == NULL)
		return index == 0 && (GET(&r->root_tags) >> tag & 1) != 0;
	if (!node_covers(node, index))
		return false;
	while (node != NULL) {
		unsigned slot = slot_of(node, index);

		if ((GET(&node->tags[tag]) & slot_bit(slot)) == 0)
			return false;
		if (node->shift == 0)
			return true;
		node = GET(&node->slots[slot]);
	}
	return false;
}

bool
radix_any_tagged(const struct radix *r, unsigned tag)
{
	struct radix_node *top = root_node(GET(&r->root));

	if (top == NULL)
		return (GET(&r->root_tags) >> tag & 1) != 0;
	return GET(&top->tags[tag]) != 0;
}

void
radix_clear(struct radix *r,
    void (*drop)(void *ctx, uint64_t index, void *item), void *ctx)
{
	void *root = PEEK(&r->root);
	struct radix_node *node = root_node(root);
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

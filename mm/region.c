/*
 * The tree of regions of one address space: ordered by address, each node
 * knowing the free bytes before it and the largest such gap of its subtree,
 * so that finding a region and finding a hole are both O(log n).
 *
 * gap is exact: insertion, removal and moved borders update the region and
 * its right neighbour, then the summaries on the way to the root. The gap of
 * the first region reaches down to address 0; limits are applied by the
 * search.
 */
#include "region.h"

static struct region *
region_at(const struct rbnode *n)
{
	return n == NULL ? NULL : rb_entry(n, struct region, node);
}

static size_t
subtree_gap(const struct rbnode *n)
{
	return n == NULL ? 0 : rb_entry(n, struct region, node)->subtree_gap;
}

static void
gap_update(struct rbnode *n)
{
	struct region *r = rb_entry(n, struct region, node);
	size_t most = MAX(subtree_gap(n->left), subtree_gap(n->right));

	r->subtree_gap = MAX(r->gap, most);
}

static const struct rb_augment gap_augment = { gap_update };

struct region *
region_find(const struct rbroot *root, vaddr_t va)
{
	struct rbnode *n = root->node;
	struct region *best = NULL;

	while (n != NULL) {
		struct region *r = rb_entry(n, struct region, node);

		if (va < r->end) {
			best = r;
			if (va >= r->start)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

struct region *
space_next(struct region *r)
{
	return region_at(rb_next(&r->node));
}

struct region *
region_prev(struct region *r)
{
	return region_at(rb_prev(&r->node));
}

/* Recomputes r's gap and the summaries above it. */
static void
gap_refresh(struct region *r)
{
	struct region *prev;

	if (r == NULL)
		return;
	prev = region_prev(r);
	r->gap = r->start - (prev == NULL ? 0 : prev->end);
	rb_propagate(&r->node, &gap_augment);
}

void
region_insert(struct rbroot *root, struct region *r)
{
	struct rbnode **link = &root->node, *parent = NULL;
	struct region *low = NULL, *high = NULL;

	while (*link != NULL) {
		struct region *at = rb_entry(*link, struct region, node);

		parent = *link;
		if (r->start < at->start) {
			high = at;
			link = &parent->left;
		} else {
			low = at;
			link = &parent->right;
		}
	}
	r->gap = r->start - (low == NULL ? 0 : low->end);
	r->subtree_gap = r->gap;
	rb_link(&r->node, parent, link);
	rb_insert_fix_augmented(root, &r->node, &gap_augment);
	if (high != NULL) {
		high->gap = high->start - r->end;
		rb_propagate(&high->node, &gap_augment);
	}
}

void
region_erase(struct rbroot *root, struct region *r)
{
	struct region *next = space_next(r);

	rb_erase_augmented(root, &r->node, &gap_augment);
	gap_refresh(next);
}

void
region_set_bounds(struct region *r, vaddr_t start, vaddr_t end)
{
	r->start = start;
	r->end = end;
	gap_refresh(r);
	gap_refresh(space_next(r));
}

/* The last node in n's subtree whose gap is at least len; there is one. */
static struct rbnode *
gap_last_below(struct rbnode *n, size_t len)
{
	for (;;) {
		if (subtree_gap(n->right) >= len)
			n = n->right;
		else if (rb_entry(n, struct region, node)->gap >= len)
			return n;
		else
			n = n->left;
	}
}

/* The last node before n whose gap is at least len; NULL: none. */
static struct rbnode *
gap_before(struct rbnode *n, size_t len)
{
	if (subtree_gap(n->left) >= len)
		return gap_last_below(n->left, len);
	for (;;) {
		struct rbnode *parent = rb_parent(n);

		if (parent == NULL)
			return NULL;
		if (n == parent->right) {
			if (rb_entry(parent, struct region, node)->gap >= len)
				return parent;
			if (subtree_gap(parent->left) >= len)
				return gap_last_below(parent->left, len);
		}
		n = parent;
	}
}

/* The highest aligned place in [low, high); false: too small. */
static bool
fits_top(vaddr_t low, vaddr_t high, size_t len, size_t align, vaddr_t *out)
{
	vaddr_t at;

	if (high < low || high - low < len)
		return false;
	at = ALIGN_DOWN(high - len, align);
	if (at < low)
		return false;
	*out = at;
	return true;
}

bool
region_gap_top(const struct rbroot *root, size_t len, size_t align,
    const vaddr_t limits[2], vaddr_t *out)
{
	vaddr_t low = limits[0], high = limits[1];
	struct region *r, *prev;
	struct rbnode *n;

	if (high < low || high - low < len)
		return false;
	/* The gap that high lies in or follows: before the first region that
	 * ends above high, or behind all of them. */
	r = region_find(root, high - 1);
	prev = r == NULL ? region_at(rb_last(root)) : region_prev(r);
	if (fits_top(MAX(low, prev == NULL ? 0 : prev->end),
	    r == NULL ? high : MIN(high, r->start), len, align, out))
		return true;
	n = prev == NULL ? NULL : &prev->node;
	if (n != NULL && prev->gap < len)
		n = gap_before(n, len);
	for (; n != NULL; n = gap_before(n, len)) {
		r = rb_entry(n, struct region, node);
		if (r->start < low || r->start - low < len)
			return false;
		if (fits_top(MAX(low, r->start - r->gap), r->start, len,
		    align, out))
			return true;
	}
	return false;
}

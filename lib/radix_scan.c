/* SPDX-License-Identifier: MIT */
/*
 * Radix trees: what readers do. Each of these may run beside a writer; the
 * rules that make it right are at the head of radix.c.
 */
#include <lib/radix_impl.h>

bool
radix_tag_test(const struct radix *r, uint64_t index, unsigned tag)
{
	struct radix_node *node = radix_node_of(GET(&r->root));

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
	struct radix_node *top = radix_node_of(GET(&r->root));

	if (top == NULL)
		return (GET(&r->root_tags) >> tag & 1) != 0;
	return GET(&top->tags[tag]) != 0;
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

	return tag == RADIX_ANY ? present : present & GET(&node->tags[tag]);
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
root_hit(const struct radix *r, void *root, unsigned tag,
    struct radix_hit *hit)
{
	if (root == NULL ||
	    (tag != RADIX_ANY && (GET(&r->root_tags) >> tag & 1) == 0))
		return 0;
	*hit = (struct radix_hit){ 0, root };
	return 1;
}

size_t
radix_gang(const struct radix *r, uint64_t start, unsigned tag,
    struct radix_hit *hits, size_t max)
{
	void *root = GET(&r->root);
	struct radix_node *top = radix_node_of(root);
	size_t count = 0;
	struct find f;

	if (top == NULL)
		return start == 0 && max != 0 ?
		    root_hit(r, root, tag, hits) : 0;
	while (count < max && find_leaf(top, start, tag, &f)) {
		for (; f.slots != 0 && count < max; f.slots &= f.slots - 1) {
			unsigned slot = ctz64(f.slots);
			void *item = GET(&f.leaf->slots[slot]);

			if (item != NULL)
				hits[count++] = (struct radix_hit){
					f.base + slot, item
				};
		}
		start = node_last(0, f.base) + 1;
		if (start == 0)
			break;
	}
	return count;
}

void *
radix_next(const struct radix *r, uint64_t *index)
{
	return radix_next_tagged(r, index, RADIX_ANY);
}

void *
radix_next_tagged(const struct radix *r, uint64_t *index, unsigned tag)
{
	struct radix_hit hit;

	if (radix_gang(r, *index, tag, &hit, 1) == 0)
		return NULL;
	*index = hit.index;
	return hit.item;
}

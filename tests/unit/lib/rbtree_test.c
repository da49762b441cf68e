// uses: lib/rbtree.c lib/random.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <lib/random.h>
#include <lib/rbtree.h>

#define ITEMS 400

/* An element with the largest weight of its subtree. */
struct item {
	struct rbnode node;
	unsigned key;
	unsigned order; /* of insertion, among equal keys */
	unsigned weight;
	unsigned heaviest;
	bool is_in;
};

static struct item items[ITEMS];

static struct item *
item_of(const struct rbnode *n)
{
	return container_of(n, struct item, node);
}

static unsigned
heaviest_of(const struct rbnode *n)
{
	return n == NULL ? 0 : item_of(n)->heaviest;
}

static void
item_update(struct rbnode *n)
{
	struct item *i = item_of(n);

	i->heaviest = MAX(i->weight,
	    MAX(heaviest_of(n->left), heaviest_of(n->right)));
}

static const struct rb_augment augment = { item_update };

static bool
item_less(const struct rbnode *a, const struct rbnode *b)
{
	return item_of(a)->key < item_of(b)->key;
}

/* Checks the rules below n; returns the number of black nodes on each way. */
static unsigned
check_node(const struct rbnode *n, const struct rbnode *parent,
    bool is_augmented)
{
	unsigned left, right;
	bool is_black;

	if (n == NULL)
		return 0;
	is_black = (n->parent_color & 1) != 0;
	EXPECT(rb_parent(n) == parent);
	EXPECT(is_black || (parent != NULL && (parent->parent_color & 1)));
	left = check_node(n->left, n, is_augmented);
	right = check_node(n->right, n, is_augmented);
	EXPECT_EQ(left, right);
	if (is_augmented)
		EXPECT_EQ(heaviest_of(n), MAX(item_of(n)->weight,
		    MAX(heaviest_of(n->left), heaviest_of(n->right))));
	return left + is_black;
}

/* The tree holds exactly the items that are in, sorted, both ways. */
static void
check_tree(const struct rbroot *root, bool is_augmented)
{
	const struct item *before = NULL;
	unsigned count = 0, want = 0;
	struct item *i;

	check_node(root->node, NULL, is_augmented);
	rb_each(i, root, node) {
		EXPECT(i->is_in);
		EXPECT(rb_is_linked(&i->node));
		if (before == NULL) {
			EXPECT(rb_prev(&i->node) == NULL);
		} else {
			EXPECT(rb_prev(&i->node) == &before->node);
			EXPECT(before->key < i->key ||
			    (before->key == i->key &&
			    before->order < i->order));
		}
		before = i;
		count++;
	}
	EXPECT(rb_last(root) == (before == NULL ? NULL : &before->node));
	for (unsigned k = 0; k < ITEMS; k++)
		want += items[k].is_in;
	EXPECT_EQ(count, want);
	EXPECT_EQ(rb_empty(root), want == 0);
}

static void
reset(void)
{
	memset(items, 0, sizeof(items));
	for (unsigned k = 0; k < ITEMS; k++)
		rbnode_init(&items[k].node);
}

static void
random_operations(bool is_augmented, unsigned keys, unsigned turns,
    uint64_t seed)
{
	struct rbroot root = RBROOT_INIT;
	struct prng g = { seed };
	unsigned order = 0;

	reset();
	for (unsigned turn = 0; turn < turns; turn++) {
		/* Grow for a while, then shrink, to the empty tree and back. */
		bool adds = prng_below(&g, 8) < (turn / 700 % 2 == 0 ? 6 : 2);
		struct item *i = &items[prng_below(&g, ITEMS)];

		if (i->is_in == adds)
			continue;
		if (adds) {
			i->key = (unsigned)prng_below(&g, keys);
			i->weight = (unsigned)prng_below(&g, 1000);
			i->order = order++;
			if (is_augmented)
				rb_insert_augmented(
				    &root, &i->node, item_less, &augment);
			else
				rb_insert(&root, &i->node, item_less);
		} else {
			if (is_augmented)
				rb_erase_augmented(&root, &i->node, &augment);
			else
				rb_erase(&root, &i->node);
			EXPECT(!rb_is_linked(&i->node));
		}
		i->is_in = adds;
		check_tree(&root, is_augmented);
	}
}

TEST(a_tree_follows_a_model_through_random_operations)
{
	random_operations(false, 10000, 6000, 1);
}

TEST(equal_keys_keep_the_order_of_insertion)
{
	random_operations(false, 7, 6000, 2);
	random_operations(false, 1, 3000, 3);
}

TEST(an_augmented_tree_keeps_every_summary_right)
{
	random_operations(true, 10000, 6000, 4);
	random_operations(true, 20, 3000, 5);
}

TEST(ascending_insertion_stays_balanced)
{
	struct rbroot root;
	unsigned depth = 0;

	reset();
	rb_init(&root);
	for (unsigned k = 0; k < ITEMS; k++) {
		items[k].key = k;
		items[k].is_in = true;
		rb_insert(&root, &items[k].node, item_less);
	}
	check_tree(&root, false);
	for (struct rbnode *n = root.node; n != NULL; n = n->right)
		depth++;
	EXPECT(depth <= 18); /* 2 log2(401) */
	for (unsigned k = 0; k < ITEMS; k++) {
		EXPECT(rb_first(&root) == &items[k].node);
		rb_erase(&root, rb_first(&root));
		items[k].is_in = false;
	}
	check_tree(&root, false);
}

TEST(a_changed_element_is_propagated_to_the_root)
{
	struct rbroot root = RBROOT_INIT;
	struct prng g = { 6 };

	reset();
	for (unsigned k = 0; k < ITEMS; k++) {
		items[k].key = k;
		items[k].weight = (unsigned)prng_below(&g, 1000);
		items[k].is_in = true;
		rb_insert_augmented(
		    &root, &items[k].node, item_less, &augment);
	}
	for (unsigned turn = 0; turn < 500; turn++) {
		struct item *i = &items[prng_below(&g, ITEMS)];

		i->weight = (unsigned)prng_below(&g, 2000);
		rb_propagate(&i->node, &augment);
		check_tree(&root, true);
	}
}

TEST(links_found_by_the_caller_work_as_the_convenient_call_does)
{
	struct rbroot root = RBROOT_INIT;

	reset();
	for (unsigned k = 0; k < ITEMS; k++) {
		struct rbnode **link = &root.node;
		struct rbnode *parent = NULL;

		items[k].key = k * 37 % ITEMS;
		items[k].is_in = true;
		while (*link != NULL) {
			parent = *link;
			link = items[k].key < item_of(parent)->key ?
			    &parent->left : &parent->right;
		}
		rb_link(&items[k].node, parent, link);
		if (k % 2 == 0)
			rb_insert_fix(&root, &items[k].node);
		else
			rb_insert_fix_augmented(
			    &root, &items[k].node, &augment);
	}
	check_tree(&root, false);
}

TEST(a_replaced_node_leaves_the_tree_as_it_was)
{
	struct rbroot root = RBROOT_INIT;

	reset();
	for (unsigned k = 0; k < 100; k++) {
		items[k].key = k;
		items[k].is_in = true;
		rb_insert(&root, &items[k].node, item_less);
	}
	for (unsigned k = 0; k < 100; k++) {
		items[k + 100].key = k;
		items[k].is_in = false;
		items[k + 100].is_in = true;
		rb_replace(&root, &items[k].node, &items[k + 100].node);
		EXPECT(!rb_is_linked(&items[k].node));
		check_tree(&root, false);
	}
}

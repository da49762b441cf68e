// uses: mm/region.c lib/rbtree.c lib/random.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <lib/random.h>
#include <mm/region.h>

uintptr_t host_direct_base;
_Thread_local struct thread_head *host_current;
_Thread_local struct host_cpu *host_cpu;

#define PAGES 400 /* the model: one byte a page */

static struct region pool[PAGES];
static unsigned char model[PAGES]; /* 1 + index of the region, 0 free */

static void
ref_unused(void)
{
}

void
host_interrupts(void)
{
	ref_unused();
}

void
ref_bug(struct ref *r)
{
	(void)r;
	abort();
}

void
preempt_check(void)
{
}

static vaddr_t
at(size_t page)
{
	return (vaddr_t)page << PAGE_SHIFT;
}

/* The highest run of len free pages below high, or PAGES. */
static size_t
model_gap(size_t len, size_t low, size_t high)
{
	for (size_t start = high; start-- > low;) {
		size_t n = 0;

		while (start + n < high && n < len && model[start + n] == 0)
			n++;
		if (n == len)
			return start;
	}
	return PAGES;
}

static void
check_tree(const struct rbroot *root)
{
	vaddr_t end = 0;

	for (struct rbnode *n = rb_first(root); n != NULL; n = rb_next(n)) {
		struct region *r = rb_entry(n, struct region, node);
		size_t most = r->gap;

		EXPECT(r->start >= end);
		EXPECT_EQ(r->gap, r->start - end);
		if (n->left != NULL)
			most = MAX(most, rb_entry(
			    n->left, struct region, node)->subtree_gap);
		if (n->right != NULL)
			most = MAX(most, rb_entry(
			    n->right, struct region, node)->subtree_gap);
		EXPECT_EQ(r->subtree_gap, most);
		end = r->end;
	}
}

TEST(an_empty_tree_is_one_gap)
{
	struct rbroot root = RBROOT_INIT;
	vaddr_t got;

	EXPECT(region_find(&root, 0) == NULL);
	EXPECT(region_gap_top(&root, at(4), PAGE_SIZE,
	    (vaddr_t[2]){ at(1), at(9) }, &got));
	EXPECT_EQ(got, at(5));
	EXPECT(!region_gap_top(&root, at(9), PAGE_SIZE,
	    (vaddr_t[2]){ at(1), at(9) }, &got));
	EXPECT(region_gap_top(&root, at(2), at(4),
	    (vaddr_t[2]){ at(1), at(9) }, &got));
	EXPECT_EQ(got, at(4));
}

/* Random regions; every search is compared with the model. */
static void
life(uint64_t seed)
{
	struct rbroot root = RBROOT_INIT;
	struct prng rnd;

	prng_seed(&rnd, seed);
	memset(model, 0, sizeof(model));
	memset(pool, 0, sizeof(pool));
	for (unsigned turn = 0; turn < 3000; turn++) {
		size_t page = prng_below(&rnd, PAGES);
		size_t len = 1 + prng_below(&rnd, 12);
		size_t low = prng_below(&rnd, PAGES / 2);
		size_t high = low + prng_below(&rnd, PAGES - low) + 1;
		size_t want = model_gap(len, low, MIN(high, (size_t)PAGES));
		struct region *r = region_find(&root, at(page));
		vaddr_t got = 0;
		bool found = region_gap_top(&root, at(len), PAGE_SIZE,
		    (vaddr_t[2]){ at(low), at(MIN(high, (size_t)PAGES)) },
		    &got);

		EXPECT_EQ(found, want != PAGES);
		if (found)
			EXPECT_EQ(got, at(want));
		if (model[page] != 0) {
			EXPECT(r != NULL && r->start <= at(page) &&
			    r->end > at(page));
			if (prng_below(&rnd, 3) == 0 &&
			    r->end - r->start > PAGE_SIZE) {
				model[(r->end >> PAGE_SHIFT) - 1] = 0;
				region_set_bounds(
				    r, r->start, r->end - PAGE_SIZE);
			} else {
				for (vaddr_t v = r->start; v < r->end;
				     v += PAGE_SIZE)
					model[v >> PAGE_SHIFT] = 0;
				region_erase(&root, r);
				r->end = 0;
			}
		} else if (found) {
			size_t i = 0;

			EXPECT(r == NULL || r->start > at(page));
			while (i < 250 && pool[i].end != 0)
				i++;
			if (i == 250)
				continue;
			pool[i].start = got;
			pool[i].end = got + at(len);
			memset(&model[want], 1, len);
			region_insert(&root, &pool[i]);
		}
		if (turn % 16 == 0)
			check_tree(&root);
	}
	check_tree(&root);
}

TEST(searches_agree_with_a_plain_array)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
		life(seed);
}

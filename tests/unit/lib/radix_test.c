// uses: lib/radix.c lib/radix_scan.c lib/random.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <lib/radix.h>
#include <lib/random.h>
#include <pthread.h>

static struct {
	size_t live;       /* nodes allocated and not freed */
	size_t allocations;
	size_t fail_after; /* allocations that succeed; 0: all */
} pool;

static struct radix_node *
test_alloc(void)
{
	struct radix_node *n;

	if (pool.fail_after != 0 && pool.allocations >= pool.fail_after - 1)
		return NULL;
	pool.allocations++;
	pool.live++;
	n = malloc(sizeof(*n));
	memset(n, 0xa5, sizeof(*n));
	return n;
}

static void
test_free(struct radix_node *n)
{
	pool.live--;
	free(n);
}

static const struct radix_ops ops = { test_alloc, test_free };

/* The model: sorted arrays of what is in the tree. */
#define MODEL_MAX 600

static struct entry {
	uint64_t index;
	void *item;
	bool tagged[RADIX_TAGS];
} model[MODEL_MAX];
static size_t model_count;

static char things[1 << 12];

static void *
thing(uint64_t n)
{
	return &things[n % (sizeof(things) / 2) * 2];
}

static size_t
model_place(uint64_t index)
{
	size_t i = 0;

	while (i < model_count && model[i].index < index)
		i++;
	return i;
}

static struct entry *
model_at(uint64_t index)
{
	size_t i = model_place(index);

	return i < model_count && model[i].index == index ? &model[i] : NULL;
}

static void
model_set(uint64_t index, void *item)
{
	struct entry *e = model_at(index);
	size_t i = model_place(index);

	if (e != NULL) {
		e->item = item;
		return;
	}
	memmove(&model[i + 1], &model[i],
	    (model_count - i) * sizeof(model[0]));
	model[i] = (struct entry){ .index = index, .item = item };
	model_count++;
}

static void
model_erase(struct entry *e)
{
	memmove(e, e + 1,
	    (size_t)(&model[model_count] - (e + 1)) * sizeof(*e));
	model_count--;
}

/* The next entry at index or above that has the tag (RADIX_TAGS: any). */
static struct entry *
model_next(uint64_t index, unsigned tag)
{
	for (size_t i = model_place(index); i < model_count; i++) {
		if (tag == RADIX_TAGS || model[i].tagged[tag])
			return &model[i];
	}
	return NULL;
}

static void
check_place(const struct radix *r, uint64_t index)
{
	struct entry *e = model_at(index);

	EXPECT(radix_get(r, index) == (e == NULL ? NULL : e->item));
	for (unsigned t = 0; t < RADIX_TAGS; t++)
		EXPECT_EQ(radix_tag_test(r, index, t),
		    e != NULL && e->tagged[t]);
	for (unsigned t = 0; t <= RADIX_TAGS; t++) {
		struct entry *want = model_next(index, t);
		uint64_t at = index;
		void *got = t == RADIX_TAGS ? radix_next(r, &at) :
		    radix_next_tagged(r, &at, t);

		EXPECT(got == (want == NULL ? NULL : want->item));
		EXPECT(at == (want == NULL ? index : want->index));
	}
}

static void
check_all(const struct radix *r)
{
	static struct radix_hit hits[MODEL_MAX];

	EXPECT_EQ(radix_gang(r, 0, RADIX_ANY, hits, MODEL_MAX), model_count);
	for (size_t i = 0; i < model_count; i++) {
		EXPECT(hits[i].item == model[i].item);
		EXPECT(hits[i].index == model[i].index);
		check_place(r, hits[i].index);
	}
	for (unsigned t = 0; t < RADIX_TAGS; t++) {
		size_t n = radix_gang(r, 0, t, hits, MODEL_MAX);
		uint64_t from = 0;

		EXPECT_EQ(radix_any_tagged(r, t), n != 0);
		for (size_t i = 0; i < n; i++) {
			struct entry *e = model_next(from, t);

			EXPECT(e != NULL && e->index == hits[i].index);
			from = e->index + 1;
		}
		EXPECT(n == 0 || from == 0 || model_next(from, t) == NULL);
	}
	EXPECT_EQ(radix_empty(r), model_count == 0);
}

/* Small, medium, and all 64 bits, with both ends likely. */
static uint64_t
random_index(struct prng *g, unsigned spread)
{
	uint64_t x = prng_next(g);

	switch (spread) {
	case 0:
		return x % 130;
	case 1:
		return x % 5000;
	default:
		if (x % 16 == 0)
			return UINT64_MAX - x / 16 % 3;
		return (x >> 4) >> prng_below(g, 60);
	}
}

static void
random_turn(struct radix *r, struct prng *g, unsigned spread)
{
	uint64_t index = random_index(g, spread);
	struct entry *e = model_at(index);
	unsigned tag = (unsigned)prng_below(g, RADIX_TAGS);

	/* Often act on an entry that exists. */
	if (e == NULL && model_count != 0 && prng_below(g, 2) == 0) {
		e = &model[prng_below(g, model_count)];
		index = e->index;
	}
	switch (prng_below(g, 8)) {
	case 0:
	case 1:
	case 2:
		if (model_count == MODEL_MAX - 1)
			break;
		EXPECT(radix_set(r, index, thing(index + 3)));
		model_set(index, thing(index + 3));
		break;
	case 3:
	case 4:
		EXPECT(radix_erase(r, index) == (e == NULL ? NULL : e->item));
		if (e != NULL)
			model_erase(e);
		break;
	case 5:
	case 6:
		radix_tag_set(r, index, tag);
		if (e != NULL)
			e->tagged[tag] = true;
		break;
	default:
		radix_tag_clear(r, index, tag);
		if (e != NULL)
			e->tagged[tag] = false;
	}
	check_place(r, index);
	check_place(r, random_index(g, spread));
}

static void
random_operations(unsigned spread, unsigned turns)
{
	struct prng g = { spread + 20 };
	struct radix r;

	memset(&pool, 0, sizeof(pool));
	model_count = 0;
	radix_init(&r, &ops);
	for (unsigned turn = 0; turn < turns; turn++) {
		random_turn(&r, &g, spread);
		if (turn % 50 == 0)
			check_all(&r);
		if (turn % 2000 == 1999) {
			while (model_count != 0) {
				EXPECT(radix_erase(&r, model[0].index) ==
				    model[0].item);
				model_erase(&model[0]);
			}
			EXPECT_EQ(pool.live, 0);
		}
	}
	check_all(&r);
	radix_clear(&r, NULL, NULL);
	EXPECT_EQ(pool.live, 0);
	EXPECT(radix_empty(&r));
}

TEST(a_dense_tree_follows_a_model)
{
	random_operations(0, 12000);
}

TEST(a_file_sized_tree_follows_a_model)
{
	random_operations(1, 12000);
}

TEST(a_tree_over_all_64_bits_follows_a_model)
{
	random_operations(2, 12000);
}

TEST(a_lone_first_item_needs_no_node)
{
	struct radix r;
	uint64_t at = 0;

	memset(&pool, 0, sizeof(pool));
	radix_init(&r, &ops);
	EXPECT(radix_next(&r, &at) == NULL);
	EXPECT(radix_set(&r, 0, thing(1)));
	radix_tag_set(&r, 0, 1);
	EXPECT_EQ(pool.allocations, 0);
	EXPECT(radix_tag_test(&r, 0, 1) && !radix_tag_test(&r, 0, 0));
	EXPECT(!radix_tag_test(&r, 1, 1));
	EXPECT(radix_set(&r, 1, thing(2)));
	EXPECT_EQ(pool.live, 1);
	EXPECT(radix_tag_test(&r, 0, 1) && !radix_tag_test(&r, 1, 1));
	EXPECT(radix_erase(&r, 1) == thing(2));
	EXPECT_EQ(pool.live, 0);
	EXPECT(radix_tag_test(&r, 0, 1));
	radix_tag_clear(&r, 0, 1);
	EXPECT(!radix_any_tagged(&r, 1));
	EXPECT(radix_erase(&r, 0) == thing(1));
	EXPECT(radix_erase(&r, 0) == NULL);
}

TEST(a_failed_allocation_changes_nothing_and_leaks_nothing)
{
	static const uint64_t indices[] = { 0, 5, 70, 1 << 20, UINT64_MAX,
		UINT64_C(1) << 40, 6 };
	struct radix r;

	memset(&pool, 0, sizeof(pool));
	radix_init(&r, &ops);
	model_count = 0;
	for (size_t i = 0; i < ARRAY_LEN(indices); i++) {
		for (size_t limit = 1;; limit++) {
			size_t live = pool.live;

			pool.allocations = 0;
			pool.fail_after = limit;
			if (radix_set(&r, indices[i], thing(i)))
				break;
			EXPECT_EQ(pool.live, live);
			check_all(&r);
			EXPECT(limit < 30);
		}
		pool.fail_after = 0;
		model_set(indices[i], thing(i));
		check_all(&r);
	}
	radix_clear(&r, NULL, NULL);
	EXPECT_EQ(pool.live, 0);
}

static void
count_drop(void *ctx, uint64_t index, void *item)
{
	size_t *next = ctx;

	EXPECT(model[*next].index == index && model[*next].item == item);
	++*next;
}

TEST(clearing_shows_every_item_in_order)
{
	struct prng g = { 77 };
	struct radix r;
	size_t seen = 0;

	memset(&pool, 0, sizeof(pool));
	radix_init(&r, &ops);
	model_count = 0;
	for (unsigned i = 0; i < 300; i++) {
		uint64_t index = random_index(&g, i % 3);

		EXPECT(radix_set(&r, index, thing(i)));
		model_set(index, thing(i));
	}
	radix_clear(&r, count_drop, &seen);
	EXPECT_EQ(seen, model_count);
	EXPECT_EQ(pool.live, 0);
	EXPECT(radix_set(&r, 0, thing(0)));
	model[0] = (struct entry){ 0, thing(0), { false, false } };
	seen = 0;
	radix_clear(&r, count_drop, &seen);
	EXPECT_EQ(seen, 1);
	radix_clear(&r, count_drop, &seen);
	EXPECT_EQ(seen, 1);
}

TEST(a_gang_stops_at_its_maximum_and_goes_on_from_there)
{
	struct radix_hit hits[7];
	uint64_t from = 0;
	unsigned total = 0;
	struct radix r;
	size_t n;

	memset(&pool, 0, sizeof(pool));
	radix_init(&r, &ops);
	EXPECT_EQ(radix_gang(&r, 0, RADIX_ANY, hits, 0), 0);
	for (unsigned i = 0; i < 200; i++)
		EXPECT(radix_set(&r, i * 3, thing(i)));
	while ((n = radix_gang(&r, from, RADIX_ANY, hits, 7)) != 0) {
		for (size_t i = 0; i < n; i++) {
			EXPECT(hits[i].index == total * 3);
			EXPECT(hits[i].item == thing(total++));
		}
		from = hits[n - 1].index + 1;
	}
	EXPECT_EQ(total, 200);
	EXPECT_EQ(radix_gang(&r, 9, RADIX_ANY, hits, 2), 2);
	EXPECT(hits[0].item == thing(3));
	radix_clear(&r, NULL, NULL);
}

/*
 * Readers beside a writer. Freed nodes go to a list until the readers are
 * gone, as a grace period would have it. Index i only ever holds thing(i),
 * and index 100 is always there.
 */
#define RACE_INDICES 9000

static struct radix race_tree;
static struct radix_node *race_retired;
static _Atomic(bool) race_is_over;

static void
race_free(struct radix_node *n)
{
	n->deferred[0] = (uintptr_t)race_retired;
	race_retired = n;
}

static const struct radix_ops race_ops = { test_alloc, race_free };

static void *
race_reader(void *seed)
{
	struct prng g = { (uintptr_t)seed };
	uintptr_t wrong = 0;

	while (!race_is_over) {
		uint64_t index = prng_below(&g, RACE_INDICES);
		void *item = radix_get(&race_tree, index);

		wrong += item != NULL && item != thing(index);
		wrong += radix_get(&race_tree, 100) != thing(100);
		item = radix_next(&race_tree, &index);
		wrong += item != NULL && item != thing(index);
		index = prng_below(&g, 101);
		item = radix_next(&race_tree, &index);
		wrong += item != thing(index) || index > 100;
		index = prng_below(&g, RACE_INDICES);
		item = radix_next_tagged(&race_tree, &index, 1);
		wrong += item != NULL && item != thing(index);
		radix_tag_test(&race_tree, index, 1);
	}
	return (void *)wrong;
}

TEST(readers_beside_a_writer_see_only_what_was_there)
{
	struct prng g = { 5 };
	pthread_t reader[2];

	radix_init(&race_tree, &race_ops);
	EXPECT(radix_set(&race_tree, 100, thing(100)));
	for (uintptr_t i = 0; i < 2; i++)
		EXPECT(pthread_create(
		    &reader[i], NULL, race_reader, (void *)(i + 1)) == 0);
	for (unsigned turn = 0; turn < 60000; turn++) {
		/* Few entries (none is 100), so that nodes come and go. */
		uint64_t index = prng_below(&g, 20) * 449;

		if (prng_below(&g, 2) == 0)
			EXPECT(radix_set(&race_tree, index, thing(index)));
		else
			radix_erase(&race_tree, index);
		if (prng_below(&g, 3) == 0)
			radix_tag_set(&race_tree, index, 1);
	}
	race_is_over = true;
	for (unsigned i = 0; i < 2; i++) {
		void *wrong;

		pthread_join(reader[i], &wrong);
		EXPECT(wrong == NULL);
	}
	radix_clear(&race_tree, NULL, NULL);
	while (race_retired != NULL) {
		struct radix_node *n = race_retired;

		race_retired = (struct radix_node *)n->deferred[0];
		test_free(n);
	}
}

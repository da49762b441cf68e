// uses:
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <lib/list.h>
#include <lib/slist.h>

struct item {
	int value;
	struct list link;
	struct hnode chain;
};

/* The values in order as one decimal number: 1, 2, 3 is 123. */
static int
spelled(const struct list *head)
{
	struct item *i;
	int forward = 0, backward = 0, unit_value = 1;

	list_each(i, head, link)
		forward = forward * 10 + i->value;
	list_each_reverse(i, head, link) {
		backward += i->value * unit_value;
		unit_value *= 10;
	}
	return forward == backward ? forward : -1;
}

TEST(lists_grow_at_both_ends_and_lose_any_element)
{
	struct list head = LIST_INIT(head);
	struct item one = { .value = 1 }, two = { .value = 2 },
	    three = { .value = 3 };

	EXPECT(list_empty(&head));
	EXPECT_EQ(spelled(&head), 0);
	EXPECT(list_first(&head, struct item, link) == NULL);
	EXPECT(list_last(&head, struct item, link) == NULL);
	list_add_tail(&head, &two.link);
	list_add_tail(&head, &three.link);
	list_add(&head, &one.link);
	EXPECT_EQ(spelled(&head), 123);
	EXPECT(list_first(&head, struct item, link) == &one);
	EXPECT(list_last(&head, struct item, link) == &three);
	EXPECT(list_next_or_null(&one, &head, link) == &two);
	EXPECT(list_next_or_null(&three, &head, link) == NULL);
	EXPECT(list_prev_or_null(&two, &head, link) == &one);
	EXPECT(list_prev_or_null(&one, &head, link) == NULL);
	EXPECT(list_is_linked(&two.link));
	list_del(&two.link);
	EXPECT(!list_is_linked(&two.link));
	list_del(&two.link); /* a second time does nothing */
	EXPECT_EQ(spelled(&head), 13);
	list_move_tail(&head, &one.link);
	EXPECT_EQ(spelled(&head), 31);
	EXPECT(list_take_first(&head) == &three.link);
	EXPECT(list_take_first(&head) == &one.link);
	EXPECT(list_take_first(&head) == NULL);
	EXPECT(list_empty(&head));
}

TEST(splicing_moves_all_and_empties_the_source)
{
	struct list a = LIST_INIT(a), b = LIST_INIT(b);
	struct item items[4];

	for (int i = 0; i < 4; i++) {
		items[i].value = i + 1;
		list_add_tail(i < 2 ? &a : &b, &items[i].link);
	}
	list_splice_tail(&a, &b);
	EXPECT_EQ(spelled(&a), 1234);
	EXPECT(list_empty(&b));
	list_splice_tail(&a, &b);
	EXPECT_EQ(spelled(&a), 1234);
	list_splice_tail(&b, &a);
	EXPECT_EQ(spelled(&b), 1234);
	EXPECT(list_empty(&a));
}

TEST(safe_iteration_survives_freeing_each_element)
{
	struct list head = LIST_INIT(head);
	struct item *i, *ahead;
	int sum = 0;

	for (int n = 0; n < 5; n++) {
		i = malloc(sizeof(*i));
		i->value = n;
		list_add_tail(&head, &i->link);
	}
	list_each_safe(i, ahead, &head, link) {
		sum += i->value;
		list_del(&i->link);
		free(i);
	}
	EXPECT_EQ(sum, 10);
	EXPECT(list_empty(&head));
	list_each_safe(i, ahead, &head, link)
		sum = 0;
	EXPECT_EQ(sum, 10);
}

static int
chain_spelled(const struct hhead *head)
{
	struct item *i;
	int number = 0;

	hlist_each(i, head, chain)
		number = number * 10 + i->value;
	return number;
}

TEST(chains_add_in_front_and_delete_anywhere)
{
	struct item items[3];
	struct hhead head;

	hlist_init(&head);
	EXPECT(hlist_empty(&head));
	for (int i = 0; i < 3; i++) {
		items[i].value = i + 1;
		hnode_init(&items[i].chain);
		EXPECT(!hnode_is_linked(&items[i].chain));
		hlist_del(&items[i].chain); /* does nothing */
		hlist_add_head(&head, &items[i].chain);
		EXPECT(hnode_is_linked(&items[i].chain));
	}
	EXPECT_EQ(chain_spelled(&head), 321);
	hlist_del(&items[1].chain);
	EXPECT_EQ(chain_spelled(&head), 31);
	EXPECT(!hnode_is_linked(&items[1].chain));
	hlist_del(&items[2].chain);
	hlist_del(&items[0].chain);
	EXPECT(hlist_empty(&head));
}

TEST(a_reader_on_a_deleted_element_finds_the_rest_of_the_chain)
{
	struct item items[3];
	struct hhead head;

	hlist_init(&head);
	for (int i = 2; i >= 0; i--)
		hlist_add_head(&head, &items[i].chain);
	hlist_del(&items[1].chain);
	EXPECT(hlist_next(&items[1].chain) == &items[2].chain);
	EXPECT(hlist_first(&head) == &items[0].chain);
}

TEST(safe_chain_iteration_survives_freeing_each_element)
{
	struct item *i, *ahead;
	struct hhead head;
	int sum = 0;

	hlist_init(&head);
	for (int n = 0; n < 5; n++) {
		i = malloc(sizeof(*i));
		i->value = n;
		hlist_add_head(&head, &i->chain);
	}
	hlist_each_safe(i, ahead, &head, chain) {
		sum += i->value;
		hlist_del(&i->chain);
		free(i);
	}
	EXPECT_EQ(sum, 10);
	EXPECT(hlist_empty(&head));
}

/* SPDX-License-Identifier: MIT */
/*
 * Slots of a handle table and the map that finds the lowest free one.
 */
#include <kernel/handles.h>

#include <kernel/mm.h>
#include <lib/bitmap.h>
#include <lib/string.h>

static unsigned
level_words(unsigned size, unsigned level)
{
	unsigned bits = size;

	while (level-- > 0)
		bits = (unsigned)BITMAP_WORDS(bits);
	return (unsigned)BITMAP_WORDS(bits);
}

static unsigned
level_count(unsigned size)
{
	unsigned levels = 1;

	while (level_words(size, levels - 1) > 1)
		levels++;
	return levels;
}

size_t
slots_bytes(unsigned size)
{
	size_t words = size;

	for (unsigned i = 0; i < level_count(size); i++)
		words += level_words(size, i);
	return sizeof(struct handle_slots) + words * sizeof(uint64_t);
}

/* kmalloc ends at 128 KiB; larger tables take whole pages. */
#define BIG (128u * 1024)

static unsigned
page_order(size_t bytes)
{
	return log2_ceil(DIV_ROUND_UP(bytes, PAGE_SIZE));
}

struct handle_slots *
slots_create(unsigned size)
{
	size_t bytes = slots_bytes(size);
	struct handle_slots *s;
	uint64_t *at;

	if (bytes <= BIG) {
		s = kmalloc(bytes);
	} else {
		struct page *p = page_alloc(page_order(bytes));

		s = p == NULL ? NULL : page_virt(p);
	}
	if (s == NULL)
		return NULL;
	memset(s, 0, bytes);
	s->size = size;
	s->levels = level_count(size);
	at = (uint64_t *)((uintptr_t)s->slot + size * sizeof(uint64_t));
	for (unsigned i = 0; i < s->levels; i++) {
		s->map[i] = at;
		at += level_words(size, i);
	}
	return s;
}

void
slots_free(struct handle_slots *s)
{
	size_t bytes;

	if (s == NULL)
		return;
	bytes = slots_bytes(s->size);
	if (bytes <= BIG)
		kfree(s, bytes);
	else
		page_free(page_of(virt_to_phys(s)), page_order(bytes));
}

static void
free_now(struct rcu_head *h)
{
	slots_free(container_of(h, struct handle_slots, rcu));
}

void
slots_free_later(struct handle_slots *s)
{
	rcu_call(&s->rcu, free_now);
}

/*
 * Up while the rest of a word is full, then down to the lowest free bit. At
 * a level the search goes on behind the word it came from.
 */
unsigned
slots_find_above(const struct handle_slots *s, unsigned word)
{
	unsigned level = 0, at = word;
	uint64_t free = 0;

	while (free == 0) {
		if (++level == s->levels)
			return s->size;
		at++;
		if (at >= level_words(s->size, level - 1))
			return s->size;
		free = ~s->map[level][at / 64] & ~UINT64_C(0) << at % 64;
		if (free == 0)
			at /= 64;
	}
	at = at / 64 * 64 + ctz64(free);
	if (at >= level_words(s->size, level - 1))
		return s->size;
	while (level-- > 0)
		at = at * 64 + ctz64(~s->map[level][at]);
	return at;
}

void
slots_word_full(struct handle_slots *s, unsigned word)
{
	for (unsigned i = 1; i < s->levels; i++, word /= 64) {
		bitmap_set(s->map[i], word);
		if (s->map[i][word / 64] != ~UINT64_C(0))
			break;
	}
}

void
slots_word_free(struct handle_slots *s, unsigned word)
{
	for (unsigned i = 1; i < s->levels; i++, word /= 64) {
		bool was_full = s->map[i][word / 64] == ~UINT64_C(0);

		bitmap_clear(s->map[i], word);
		if (!was_full)
			break;
	}
}

void
slots_copy(struct handle_slots *to, const struct handle_slots *from)
{
	for (unsigned i = 0; i < from->size; i++)
		atomic_store_explicit(&to->slot[i], atomic_load_explicit(
		    &from->slot[i], memory_order_relaxed),
		    memory_order_relaxed);
	memcpy(to->map[0], from->map[0], from->size / 8);
	/* Upper levels: a word of the level below that is full. */
	for (unsigned i = 1; i < to->levels; i++) {
		for (unsigned w = 0; w < level_words(to->size, i - 1); w++) {
			if (to->map[i - 1][w] == ~UINT64_C(0))
				bitmap_set(to->map[i], w);
		}
	}
}

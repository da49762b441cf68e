/* SPDX-License-Identifier: MIT */
/*
 * Heap sort. The sift goes down to a leaf along the larger children and
 * then up again to where the element belongs: nearly every element belongs
 * near the leaves, so this halves the comparisons.
 */
#include <lib/sort.h>

struct heap {
	uint8_t *base;
	size_t size; /* bytes of an element */
	int (*cmp)(const void *a, const void *b, void *ctx);
	void *ctx;
};

static uint8_t *
heap_at(const struct heap *h, size_t i)
{
	return h->base + i * h->size;
}

static void
heap_swap(const struct heap *h, size_t i, size_t j)
{
	uint8_t *a = heap_at(h, i);
	uint8_t *b = heap_at(h, j);

	for (size_t k = 0; k < h->size; k++) {
		uint8_t byte = a[k];

		a[k] = b[k];
		b[k] = byte;
	}
}

static int
heap_cmp(const struct heap *h, size_t i, size_t j)
{
	return h->cmp(heap_at(h, i), heap_at(h, j), h->ctx);
}

/* Swaps root with the elements on the way down to leaf, top to bottom. */
static void
heap_rotate_down(const struct heap *h, size_t root, size_t leaf)
{
	/* Bit d of the leaf's number (from 1) says where the way turns. */
	unsigned depth = 0;

	while ((leaf + 1) >> depth != root + 1)
		depth++;
	while (depth-- != 0) {
		size_t next = ((leaf + 1) >> depth) - 1;

		heap_swap(h, root, next);
		root = next;
	}
}

static void
heap_sift(const struct heap *h, size_t root, size_t count)
{
	size_t leaf = root;

	while (2 * leaf + 2 < count)
		leaf = heap_cmp(h, 2 * leaf + 1, 2 * leaf + 2) > 0 ?
		    2 * leaf + 1 : 2 * leaf + 2;
	if (2 * leaf + 2 == count)
		leaf = 2 * leaf + 1;
	while (leaf != root && heap_cmp(h, root, leaf) >= 0)
		leaf = (leaf - 1) / 2;
	heap_rotate_down(h, root, leaf);
}

void
sort(void *base, size_t count, size_t size,
    int (*cmp)(const void *a, const void *b, void *ctx), void *ctx)
{
	struct heap h = { base, size, cmp, ctx };

	for (size_t i = count / 2; i-- != 0;)
		heap_sift(&h, i, count);
	for (size_t end = count; end-- > 1;) {
		heap_swap(&h, 0, end);
		heap_sift(&h, 0, end);
	}
}

/* SPDX-License-Identifier: MIT */
#include "pci_place.h"

/* The largest of those without a place. NULL: all have one or were tried. */
static struct pci_claim *
largest(struct pci_claim *claims, unsigned count, uint64_t limit,
    const struct pci_claim *after)
{
	struct pci_claim *best = NULL;

	for (unsigned i = 0; i < count; i++) {
		struct pci_claim *c = &claims[i];

		if (c->fixed || c->placed || c->align > limit ||
		    (c->align == limit && after != NULL && c <= after))
			continue;
		if (best == NULL || c->align > best->align)
			best = c;
	}
	return best;
}

/* Does a claim that has its place touch [at, at + size)? */
static bool
meets(const struct pci_claim *c, uint64_t at, uint64_t size)
{
	if (!c->placed)
		return false;
	return c->at <= at ? at - c->at < c->size : c->at - at < size;
}

/* Gives c the lowest address of the window where it meets no other; false:
 * there is none. */
static bool
find_gap(const struct pci_claim *claims, unsigned count, struct pci_claim *c,
    const uint64_t window[2])
{
	uint64_t at = window[0];
	bool moved = true;

	while (moved) {
		if (at > UINT64_MAX - c->align)
			return false;
		at = ALIGN_UP(at, c->align);
		if (at > window[1] || c->size > window[1] - at)
			return false;
		moved = false;
		for (unsigned i = 0; i < count && !moved; i++) {
			const struct pci_claim *o = &claims[i];

			if (!meets(o, at, c->size))
				continue;
			if (o->at > UINT64_MAX - o->size)
				return false;
			at = o->at + o->size;
			moved = true;
		}
	}
	c->at = at;
	return true;
}

enum err
pci_place(
    struct pci_claim *claims, unsigned count, uint64_t low, uint64_t high)
{
	const uint64_t window[2] = { low, high };
	struct pci_claim *c = NULL;
	uint64_t limit = UINT64_MAX;
	enum err e = OK;

	for (unsigned i = 0; i < count; i++)
		claims[i].placed = claims[i].fixed;
	while ((c = largest(claims, count, limit, c)) != NULL) {
		limit = c->align;
		c->placed = find_gap(claims, count, c, window);
		if (!c->placed)
			e = ERR_NOSPC;
	}
	return e;
}

uint64_t
pci_place_need(
    const struct pci_claim *claims, unsigned count, uint64_t *align)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct pci_claim *c = &claims[i];
		uint64_t size = ALIGN_UP(c->size, c->align);

		if (size < c->size || sum > UINT64_MAX - size)
			return UINT64_MAX;
		sum += size;
		*align = MAX(*align, c->align);
	}
	return sum;
}

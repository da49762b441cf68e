/* SPDX-License-Identifier: MIT */
/*
 * Placing ranges in a window: pure arithmetic, for BARs and for the windows
 * of bridges.
 */
#pragma once

#include <kernel/err.h>
#include <lib/base.h>

struct pci_claim {
	uint64_t at, size; /* at: given for fixed ones, else the result */
	uint64_t align; /* a power of two */
	bool fixed; /* has its place, inside the window or not */
	bool placed; /* out: has one now */
	void *who; /* the caller's */
	unsigned which;
};

/*
 * Gives every claim that is not fixed a place in [low, high), the largest
 * first, apart from all others.
 * Errors: ERR_NOSPC not all could be placed; those that could are.
 */
enum err pci_place(
    struct pci_claim *claims, unsigned count, uint64_t low, uint64_t high);

/* Bytes that these claims take when placed together from an address aligned
 * to *align on, which is their largest alignment. UINT64_MAX: too much. */
uint64_t pci_place_need(
    const struct pci_claim *claims, unsigned count, uint64_t *align);

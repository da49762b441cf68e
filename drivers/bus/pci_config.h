/* SPDX-License-Identifier: MIT */
/*
 * What a PCI function says about itself, checked.
 *
 * Pure functions over a copy of the first 256 bytes of configuration space.
 * The bus is to believe nothing a device answers before one of these has.
 *
 * Source: PCI Local Bus 3.0, 6.2.5.1 (BARs), 6.7 (capabilities).
 */
#pragma once

#include <kernel/err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_CONFIG_BYTES 256
#define PCI_CAP_FIRST 0x40 /* capabilities start behind the header */

struct pci_bar {
	uint64_t size; /* bytes, a power of two; 0: not implemented */
	bool io, wide, prefetch;
};

/*
 * Decodes a BAR from what it reads as after ones were written to it.
 * high: the next BAR's answer, looked at if this one is 64 bits wide; last:
 * there is no next one. Errors: ERR_INVAL for a type or size that cannot be.
 */
enum err pci_bar_decode(uint32_t low, uint32_t high, bool last,
    struct pci_bar *out);

/*
 * Finds capability id in config; bytes: what must fit behind its offset.
 * Errors: ERR_NOENT, or ERR_INVAL for a list that leaves its area or loops.
 */
enum err pci_cap_find(const uint8_t config[PCI_CONFIG_BYTES], uint8_t id,
    size_t bytes, size_t *offset);

/* Whether size bytes at offset lie within a resource of total bytes. */
bool pci_range_ok(uint64_t offset, uint64_t size, uint64_t total);

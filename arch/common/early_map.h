/*
 * The kernel's final map, made before the allocators: RAM in the direct map
 * with the largest pages, the image with each part's own protection.
 */
#pragma once

#include <kernel/arch.h>

/* The largest page that the CPU has: 1 GiB, unless the port says 2 MiB. */
extern uint64_t early_map_largest;

/* From arch_init_early(), before early_map_all().
 * Gives: the table of 1 GiB slots that va lies in; supplied by the port. */
pte_t *early_map_gigs(vaddr_t va);

/* A zeroed table out of what early_map_tables() reserved. */
pte_t *early_map_table(void);
/* The table behind slot, made when absent. */
pte_t *early_map_next(pte_t *slot);
/* Reserves room for all tables below limit, which phys_to_virt() already
 * reaches from the first RAM on; extra: beyond those of RAM and image. */
void early_map_tables(paddr_t low, paddr_t limit, size_t extra);
/* Maps with the largest pages that fit. */
void early_map(vaddr_t va, paddr_t pa, uint64_t len, unsigned prot);
/* RAM of boot_info, and the image that lies at physical address image. */
void early_map_all(paddr_t image);

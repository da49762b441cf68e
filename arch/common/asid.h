/*
 * Address space numbers, a matter of each CPU alone: it remembers the last
 * ASID_SLOTS spaces it ran and the flush generation (mm/tlb.c: unique over all
 * spaces and time) that its TLB is up to date with. Loading a space whose
 * generation moved on meanwhile flushes that one number; so nobody has to
 * interrupt CPUs that ran a space once but do not now.
 */
#pragma once

#include <kernel/arch.h>

#define ASID_SLOTS 8u /* numbers 1..8; 0 is the kernel's own root */

/* The number of s on this CPU, from now on in use; taken from another space
 * when s has none. irqs off. *stale: what the TLB holds under it must go. */
unsigned asid_use(const struct arch_space *s, bool *stale);
/* No user space is in use. */
void asid_use_none(void);
/* This CPU's TLB is up to date with every flush of s that was announced
 * before generation was read. */
void asid_flushed(const struct arch_space *s, uint64_t generation);

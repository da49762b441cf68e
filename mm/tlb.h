/*
 * The software TLB: recent user translations of this CPU, for mm/user.c.
 */
#pragma once

#include <kernel/user.h>

#include "page.h"

#define SOFT_ENTRIES 64

/* Direct-mapped by page number and generation, so that programs with the same
 * addresses, as fork makes them, leave each other's entries alone. read and
 * write hold the page's address when
 * that access is allowed, else SOFT_NONE. */
struct soft_entry {
	vaddr_t read; /* [C] held */
	vaddr_t write; /* [C] held */
	uint64_t generation; /* [C] held; of the space when it was filled */
	uintptr_t delta; /* [C] held; direct-map address minus user address */
};
#define SOFT_NONE ((vaddr_t)1) /* no page address */

struct tlb_request {
	struct arch_space *space; /* NULL: kernel addresses */
	vaddr_t start, end;
	bool drop; /* stop using the space */
	atomic_uint_fast64_t pending; /* [A] CPUs that have not answered */
};

struct tlb_cpu {
	atomic_uint_fast64_t inbox; /* [A] CPUs whose request waits for us */
	uint64_t generations; /* [C] handed out by this CPU */
	struct tlb_request request; /* [C] preemption off; read by targets */
} ALIGNED(64);

/* Held: user_hold(). */
static inline struct soft_entry *
soft_entry_of(const struct cpu *c, vaddr_t va, uint64_t generation)
{
	return &c->soft[((va >> PAGE_SHIFT) + generation) % SOFT_ENTRIES];
}

/* Fills an entry from the page tables of s, the CPU's own; NULL: absent or
 * not allowed. */
void *soft_fill(struct arch_space *s, vaddr_t va, bool write);

/* The kernel address of user address va if the CPU knows it, else NULL. Held;
 * valid until user_release(). Calls nothing. */
static ALWAYS_INLINE void *
soft_peek(vaddr_t va, bool write)
{
	struct cpu *c = cpu_this();
	struct arch_space *s = c->space;
	struct soft_entry *e;
	uint64_t generation;

	if (UNLIKELY(s == NULL))
		return NULL;
	generation = atomic_load_explicit(
	    &s->generation, memory_order_relaxed);
	e = soft_entry_of(c, va, generation);
	if (LIKELY((write ? e->write : e->read) ==
	    (va & ~(vaddr_t)PAGE_MASK) && e->generation == generation))
		return (void *)(va + e->delta);
	return NULL;
}

/* The same, looked up in the page tables if need be; NULL: absent or not
 * allowed. */
static inline void *
soft_lookup(vaddr_t va, bool write)
{
	void *there = soft_peek(va, write);
	struct arch_space *s;

	if (LIKELY(there != NULL))
		return there;
	s = cpu_this()->space;
	return s != NULL ? soft_fill(s, va, write) : NULL;
}

void tlb_init(void); /* before any use of user memory */
/* Gives a new space its first generation. */
void tlb_space_init(struct arch_space *s);
/* Takes a space that dies off every CPU; afterwards nobody walks it. */
void tlb_space_drop(struct arch_space *s);

/*
 * Walks up a kernel stack: where the running code was called from.
 *
 * Takes no lock, allocates nothing, reads nothing but the stack it walks and
 * the table that tools/unwind.py put into the image; a damaged stack ends the
 * walk. Any context, also on the stack of a CPU that has stopped.
 */
#pragma once

#include <kernel/arch.h>

struct unwind {
	vaddr_t pc, sp;
	vaddr_t ra; /* the return address's register; only while exact */
	vaddr_t low, high; /* of the stack */
	vaddr_t thread_top; /* of the thread's stack */
	bool exact; /* pc is that of a trap, not a return address */
};

/* The place where this stands, whose function must not return meanwhile. */
#define UNWIND_HERE(u) do { \
	vaddr_t pc_, sp_, ra_; \
	arch_here(pc_, sp_, ra_); \
	unwind_at((u), pc_, sp_, ra_); \
} while (0)

/* Registers of this thread, on the stack of this code or on the thread's, which
 * may be full; other stack pointers give no callers. */
void unwind_at(struct unwind *u, vaddr_t pc, vaddr_t sp, vaddr_t ra);
/* What the trap that left frame f on this CPU's stack interrupted. */
void unwind_frame(struct unwind *u, const struct arch_frame *f);
/* Moves on to the caller. False: there is none, *u is used up. */
bool unwind_next(struct unwind *u);
/* As symbol_name(), of the place. */
size_t unwind_name(const struct unwind *u, char *name);

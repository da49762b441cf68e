/*
 * Random system calls, the same for every ABI.
 *
 * fuzz.c makes calls up from an ABI's table: numbers from its lines, arguments
 * by the letters of its kinds. linux.c, native.c and xv6.c bring the table and
 * what is special about the ABI; calls.c starts one process per case and
 * watches over it. A case is repeatable by its seed, as far as the threads and
 * the clock let it.
 *
 * fuzz.c uses no library: it is linked with three different ones.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_PAGE 4096u
#define FUZZ_ROOM (8 * FUZZ_PAGE)
#define FUZZ_CALLER 1000u /* the user id of half the cases */

struct fuzz_call {
	unsigned number;
	const char *name, *kinds;
	long (*wrapper)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t,
	    uintptr_t); /* NULL: the ABI calls by number */
};

struct fuzz_abi {
	const struct fuzz_call *calls;
	size_t count;
	const char *pointers; /* letters of kinds that are addresses */
	uintptr_t here; /* in place of a directory handle; 0: none */
	const char *const *spared; /* calls that no case makes; NULL ends */
	const char *const *careful; /* calls that root's cases do not make */
	/* Makes a call; the result is the kernel's business. */
	long (*make)(const struct fuzz_call *c, const uintptr_t *a);
	/* A page that may be written and executed, or NULL. */
	void *(*code_page)(void);
	/* fork() of the ABI, its exit and its wait for any child. */
	long (*fork)(void);
	void (*exit)(int status) __attribute__((noreturn));
	void (*wait)(void);
};

/* One thread of a case. */
struct fuzz {
	const struct fuzz_abi *abi;
	uint64_t state; /* of the random numbers */
	uintptr_t room; /* FUZZ_ROOM bytes; behind it nothing is mapped */
	bool root;
};

void fuzz_seed(struct fuzz *f, uint64_t seed);
uint64_t fuzz_random(struct fuzz *f);
/* A number below n. */
unsigned fuzz_below(struct fuzz *f, unsigned n);
/* A number that somebody may not have thought of. */
uintptr_t fuzz_number(struct fuzz *f);
/* An address: inside the room, at its end, nowhere, the kernel's. */
uintptr_t fuzz_pointer(struct fuzz *f);
/* Puts such numbers and addresses into some of the words. */
void fuzz_scribble(struct fuzz *f, void *words, size_t bytes);
/* Fills the room with structures that calls might take. */
void fuzz_fill(struct fuzz *f);
/* Makes count calls. */
void fuzz_run(struct fuzz *f, unsigned long count);
/* Reads a decimal number. */
unsigned long fuzz_parse(const char *text);
/* A signal of a page of instructions: goes on with the next one, if context (of
 * bytes) says that it was in there. */
bool fuzz_skip(void *context, size_t bytes);
/* Keeps a copy of a signal's frame, for calls that return from one. */
void fuzz_keep_frame(struct fuzz *f, const void *info, const void *context,
    size_t bytes);

/* ---- an architecture's part: tests/calls/<arch> ------------------------ */

#define FUZZ_SLOT 16u /* bytes for an instruction */
enum { FUZZ_PC, FUZZ_SP, FUZZ_CALL, FUZZ_ARGS, FUZZ_REGS = 32 };
/* Loads all registers and goes to the first one's place. The call's number and
 * arguments have fixed places, the others lie behind them. */
void fuzz_enter(const uintptr_t *regs) __attribute__((noreturn));
/* Makes two calls with these registers, and raises SIGILL. */
extern const char fuzz_call_here[];
/* The part of a signal frame that lies beyond its context, such as the FPU's
 * state; *bytes 0: there is none. */
void *fuzz_frame_rest(struct fuzz *f, void *context, size_t *bytes);
/* Writes an instruction that deserves a look; at most FUZZ_SLOT bytes. */
size_t fuzz_instruction(struct fuzz *f, uint8_t *to);

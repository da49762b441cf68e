/*
 * The kernel's own symbols and frames, made by tools/ksyms.py after the link.
 * Empty on arch/host.
 */
#pragma once

#include <kernel/arch.h>

#define KSYMS_MARK_EVERY 16u

/* Where the strings of each KSYMS_MARK_EVERYth symbol begin. */
struct ksyms_mark {
	uint32_t name, row;
};

/* How a place's frame lies: the caller's stack pointer is cfa bytes above
 * this one; ra says where the return address is: below 0, so many bytes from
 * there; else one of the following. */
struct unwind_state {
	uint16_t cfa;
	int16_t ra;
};
#define RA_REGISTER 0
#define RA_TRAP     1 /* a struct arch_frame ends there */
#define RA_END      2 /* nobody knows */

extern const vaddr_t ksyms_base; /* of the code; moves with the kernel */
extern const uint32_t ksyms_count, ksyms_size /* of the code */, ksyms_unit;
extern const uint32_t ksyms_at[]; /* bytes from ksyms_base, ascending */
extern const struct ksyms_mark ksyms_marks[];
extern const struct unwind_state unwind_states[];
/* Strings as tools/pack.py makes them, and what their pairs stand for; the
 * format of the rows is in tools/unwind.py. */
#define KSYMS_NAME_BASE 128u
#define UNWIND_BASE     64u
extern const uint8_t ksyms_names[], ksyms_name_pairs[][2];
extern const uint8_t unwind_rows[], unwind_pairs[][2];

bool ksyms_has(vaddr_t pc);
/* How the frame lies when pc is about to be executed. */
struct unwind_state ksyms_state(vaddr_t pc);

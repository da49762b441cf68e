/*
 * Looks up symbols and frames in the tables of tools/ksyms.py.
 *
 * Names and unwind entries are packed strings in the order of the symbols; only
 * each sixteenth has its place noted, the others are found by passing over
 * those between.
 */
#include "ksyms.h"
#include <kernel/log.h>

#include <lib/string.h>

bool
ksyms_has(vaddr_t pc)
{
	return ksyms_count != 0 && pc - ksyms_base < ksyms_size;
}

/* The last symbol that begins at pc or before; ksyms_has(pc). */
static uint32_t
index_of(uint32_t at)
{
	uint32_t low = 0, high = ksyms_count;

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (ksyms_at[mid] <= at)
			low = mid;
		else
			high = mid;
	}
	return low;
}

#define DEPTH 16u /* of pairs in pairs: tools/pack.py */

/* A string being unpacked. */
struct packed {
	const uint8_t *at;
	const uint8_t (*pairs)[2];
	unsigned base, count;
	uint8_t later[DEPTH]; /* second halves of pairs, the last comes first */
};

static uint8_t
next_byte(struct packed *p)
{
	unsigned c = p->count > 0 ? p->later[--p->count] : *p->at++;

	while (c >= p->base && p->count < DEPTH) {
		p->later[p->count++] = p->pairs[c - p->base][1];
		c = p->pairs[c - p->base][0];
	}
	return (uint8_t)c;
}

/* The string after n others. */
static const uint8_t *
pass_over(const uint8_t *strings, uint32_t n)
{
	for (; n > 0; n--)
		strings += strlen((const char *)strings) + 1;
	return strings;
}

size_t
symbol_name(vaddr_t addr, char name[SYMBOL_NAME_MAX])
{
	struct packed p = { .pairs = ksyms_name_pairs,
		.base = KSYMS_NAME_BASE };
	unsigned n = 0;
	uint32_t i;

	strlcpy(name, "?", SYMBOL_NAME_MAX);
	if (!ksyms_has(addr))
		return 0;
	i = index_of((uint32_t)(addr - ksyms_base));
	p.at = pass_over(&ksyms_names[ksyms_marks[i / KSYMS_MARK_EVERY].name],
	    i % KSYMS_MARK_EVERY);
	do
		name[n] = (char)next_byte(&p);
	while (name[n] != '\0' && ++n < SYMBOL_NAME_MAX - 1);
	name[n] = '\0';
	return addr - ksyms_base - ksyms_at[i];
}

#define MORE (UNWIND_BASE - 1) /* that, less one, and another byte */

/* 0 at the end of the string. */
static uint32_t
next_number(struct packed *p)
{
	uint32_t value = 0, byte;

	while ((byte = next_byte(p)) == MORE)
		value += MORE - 1;
	return value + byte;
}

struct unwind_state
ksyms_state(vaddr_t pc)
{
	struct packed p = { .pairs = unwind_pairs, .base = UNWIND_BASE };
	uint32_t i, at, step, state = 0;

	if (!ksyms_has(pc))
		return (struct unwind_state){ 0, RA_END };
	at = (uint32_t)(pc - ksyms_base);
	i = index_of(at);
	at = (at - ksyms_at[i]) / ksyms_unit;
	p.at = pass_over(&unwind_rows[ksyms_marks[i / KSYMS_MARK_EVERY].row],
	    i % KSYMS_MARK_EVERY);
	while ((step = next_number(&p)) != 0 && step - 1 <= at) {
		at -= step - 1;
		state = next_number(&p) - 1;
	}
	return unwind_states[state];
}

// uses: kernel/core/ksyms.c lib/string_ext.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <kernel/core/ksyms.h>
#include <kernel/log.h>

/*
 * Twenty functions of 256 bytes. Names are "f", and a letter; that of 17 is
 * "fxyxyxyxyxy" by pairs of pairs. Function n has an entry for n units from
 * its start (state 1), and one 100 units on (state 2); 19 begins in state 1.
 */
#define BASE UINT64_C(0xffffffff80000000)
#define PAIR KSYMS_NAME_BASE
#define ENTRY UNWIND_BASE

const vaddr_t ksyms_base = BASE;
const uint32_t ksyms_count = 20, ksyms_size = 20 * 256, ksyms_unit = 2;
const uint32_t ksyms_at[] = { 0, 256, 512, 768, 1024, 1280, 1536, 1792, 2048,
	2304, 2560, 2816, 3072, 3328, 3584, 3840, 4096, 4352, 4608, 4864 };
const struct ksyms_mark ksyms_marks[] = { { 0, 0 }, { 48, 96 } };
const uint8_t ksyms_name_pairs[][2] = { { 'x', 'y' }, { PAIR, PAIR } };
#define NAME(c) 'f', c, 0
const uint8_t ksyms_names[] = { NAME('a'), NAME('b'), NAME('c'), NAME('d'),
	NAME('e'), NAME('f'), NAME('g'), NAME('h'), NAME('i'), NAME('j'),
	NAME('k'), NAME('l'), NAME('m'), NAME('n'), NAME('o'), NAME('p'),
	NAME('q'), 'f', PAIR + 1, PAIR + 1, PAIR, 0, NAME('s'), NAME('t') };
const struct unwind_state unwind_states[] = { { 0, RA_REGISTER },
	{ 16, RA_REGISTER }, { 16, -8 } };
/* 101 is 63, for 62, and 39; the state after it is part of the pair. */
const uint8_t unwind_pairs[][2] = { { ENTRY + 1, 3 }, { 63, 39 } };
#define ROW(n) (n) + 1, 2, 63, 39, 3, 0
const uint8_t unwind_rows[] = { ROW(0), ROW(1), ROW(2), ROW(3), ROW(4),
	ROW(5), ROW(6), ROW(7), ROW(8), ROW(9), ROW(10), ROW(11), ROW(12),
	ROW(13), ROW(14), ROW(15), 17, 2, ENTRY, 0, 18, 2, ENTRY, 0, 0,
	1, 2, 0 };

static bool
is_state(uint32_t at, unsigned index)
{
	struct unwind_state s = ksyms_state(BASE + at);

	return s.cfa == unwind_states[index].cfa &&
	    s.ra == unwind_states[index].ra;
}

TEST(names_are_those_of_the_last_symbol_before)
{
	char name[SYMBOL_NAME_MAX];

	EXPECT(symbol_name(BASE, name) == 0 && strcmp(name, "fa") == 0);
	EXPECT(symbol_name(BASE + 255, name) == 255);
	EXPECT(strcmp(name, "fa") == 0);
	EXPECT(symbol_name(BASE + 256, name) == 0 && strcmp(name, "fb") == 0);
	EXPECT(symbol_name(BASE + 15 * 256 + 7, name) == 7);
	EXPECT(strcmp(name, "fp") == 0);
	EXPECT(symbol_name(BASE + 18 * 256, name) == 0);
	EXPECT(strcmp(name, "fs") == 0);
}

TEST(pairs_of_pairs_are_unpacked)
{
	char name[SYMBOL_NAME_MAX];

	EXPECT(symbol_name(BASE + 17 * 256 + 2, name) == 2);
	EXPECT(strcmp(name, "fxyxyxyxyxy") == 0);
}

TEST(what_is_outside_has_no_name_and_is_an_end)
{
	char name[SYMBOL_NAME_MAX];

	EXPECT(symbol_name(BASE - 1, name) == 0 && strcmp(name, "?") == 0);
	EXPECT(symbol_name(BASE + 20 * 256, name) == 0);
	EXPECT(strcmp(name, "?") == 0);
	EXPECT(symbol_name(0, name) == 0 && strcmp(name, "?") == 0);
	EXPECT(ksyms_state(BASE - 1).ra == RA_END);
	EXPECT(ksyms_state(BASE + 20 * 256).ra == RA_END);
}

TEST(a_state_holds_from_its_place_to_the_next)
{
	for (unsigned n = 1; n < 18; n++) {
		EXPECT(is_state(n * 256, 0));
		EXPECT(is_state(n * 256 + 2 * n - 1, 0));
		EXPECT(is_state(n * 256 + 2 * n, 1));
		EXPECT(is_state(n * 256 + 2 * n + 199, 1));
		EXPECT(is_state(n * 256 + 2 * n + 200, 2));
	}
}

TEST(a_symbol_may_begin_in_another_state)
{
	EXPECT(is_state(18 * 256, 0) && is_state(18 * 256 + 255, 0));
	EXPECT(is_state(19 * 256, 1) && is_state(19 * 256 + 255, 1));
}

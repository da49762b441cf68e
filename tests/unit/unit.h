/* SPDX-License-Identifier: MIT */
/*
 * Unit tests on the host.
 *
 * A test file is tests/unit/<path of the tested file>_test.c. Its first line
 * names the sources to link:   // uses: lib/rbtree.c
 * It contains TEST(a_sentence_about_behaviour) { ... } bodies and nothing
 * like main(), which is here; this header is included once per program.
 * The program prints TAP and fails if an expectation or a test failed; a
 * failed EXPECT ends its test. Arguments, if any, are the tests to run.
 *
 * Files that define names of the C library (lib/string.c) are not in the
 * uses line: the test includes tests/unit/lib/rename.h and then the .c file,
 * which gives the functions a prefix. See there.
 */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit_test {
	const char *name;
	void (*run)(void);
	struct unit_test *next;
};

static struct {
	struct unit_test *first;
	struct unit_test **end;
	jmp_buf failed;
	unsigned long expectations;
} unit = { .end = &unit.first };

#define TEST(title) \
	static void title(void); \
	__attribute__((constructor)) static void unit_add_##title(void) \
	{ \
		static struct unit_test t = { #title, title, NULL }; \
		*unit.end = &t; \
		unit.end = &t.next; \
	} \
	static void title(void)

__attribute__((noreturn, unused)) static void
unit_fail(const char *file, int line)
{
	printf("# %s:%d: failed\n", file, line);
	longjmp(unit.failed, 1);
}

#define EXPECT(condition) \
	do { \
		unit.expectations++; \
		if (!(condition)) { \
			printf("# expected: %s\n", #condition); \
			unit_fail(__FILE__, __LINE__); \
		} \
	} while (0)

/* Two integers, shown when they differ. */
#define EXPECT_EQ(got, want) \
	do { \
		long long got_ = (long long)(got); \
		long long want_ = (long long)(want); \
		unit.expectations++; \
		if (got_ != want_) { \
			printf("# %s is %lld (0x%llx), not %lld (0x%llx)\n", \
			    #got, got_, (unsigned long long)got_, want_, \
			    (unsigned long long)want_); \
			unit_fail(__FILE__, __LINE__); \
		} \
	} while (0)

#define EXPECT_STR(got, want) \
	do { \
		const char *got_ = (got); \
		const char *want_ = (want); \
		unit.expectations++; \
		if (strcmp(got_, want_) != 0) { \
			printf("# %s is \"%s\", not \"%s\"\n", #got, got_, \
			    want_); \
			unit_fail(__FILE__, __LINE__); \
		} \
	} while (0)

#define EXPECT_MEM(got, want, len) \
	do { \
		unit.expectations++; \
		if (memcmp((got), (want), (len)) != 0) { \
			printf("# %s differs from %s\n", #got, #want); \
			unit_fail(__FILE__, __LINE__); \
		} \
	} while (0)

static bool
unit_is_wanted(const struct unit_test *t, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], t->name) == 0)
			return true;
	}
	return argc < 2;
}

static bool
unit_run(const struct unit_test *t)
{
	unsigned long before = unit.expectations;

	if (setjmp(unit.failed) != 0)
		return false;
	t->run();
	if (unit.expectations == before)
		printf("# %s expects nothing\n", t->name);
	return unit.expectations != before;
}

int
main(int argc, char **argv)
{
	unsigned number = 0;
	unsigned failures = 0;

	for (struct unit_test *t = unit.first; t != NULL; t = t->next) {
		bool passed;

		if (!unit_is_wanted(t, argc, argv))
			continue;
		passed = unit_run(t);
		failures += passed ? 0 : 1;
		printf("%sok %u - %s\n", passed ? "" : "not ", ++number,
		    t->name);
		fflush(stdout);
	}
	printf("1..%u\n", number);
	if (number == 0)
		printf("# no test matches\n");
	return failures != 0 || number == 0;
}

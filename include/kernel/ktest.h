/*
 * Tests inside the booted kernel: run with ktest=all or ktest=<substring>,
 * reported as TAP on the console, each followed by a leak check.
 *
 * A KTEST_TIMED measures time: that means something only where the machine's
 * clock counts its instructions. Where an emulator that shares its CPUs runs on
 * the wall clock, `ktest.timed=no` leaves those out; `ktest.timed=only` runs
 * no others.
 */
#pragma once

#include <kernel/attr.h>

struct ktest {
	const char *name;
	void (*fn)(void);
	bool timed;
};
#define KTEST(fn_name)       KTEST_RECORD(fn_name, false)
#define KTEST_TIMED(fn_name) KTEST_RECORD(fn_name, true)
#define KTEST_RECORD(fn_name, is_timed) \
	static void fn_name(void); \
	static const struct ktest fn_name##_record \
	    __attribute__((section(".carmine.ktest"), used, aligned(8))) = { \
		#fn_name, fn_name, is_timed \
	}; \
	static void fn_name(void)

void ktest_fail(const char *what, const char *file, int line);
#define EXPECT(x) \
	((x) ? (void)0 : ktest_fail(#x, __FILE__, __LINE__))
#define EXPECT_OK(x) EXPECT((x) == OK)

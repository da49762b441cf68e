/*
 * Tests inside the booted kernel: run with ktest=all or ktest=<substring>,
 * reported as TAP on the console, each followed by a leak check.
 */
#pragma once

#include <kernel/attr.h>

struct ktest {
	const char *name;
	void (*fn)(void);
};
#define KTEST(fn_name) \
	static void fn_name(void); \
	static const struct ktest fn_name##_record \
	    __attribute__((section(".carmine.ktest"), used, aligned(8))) = { \
		#fn_name, fn_name \
	}; \
	static void fn_name(void)

void ktest_fail(const char *what, const char *file, int line);
#define EXPECT(x) \
	((x) ? (void)0 : ktest_fail(#x, __FILE__, __LINE__))
#define EXPECT_OK(x) EXPECT((x) == OK)

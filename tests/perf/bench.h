/*
 * The parts of the benchmark: each file of operations has a table of its lines,
 * ended by one without a name; bench.c runs them.
 */
#pragma once

#include <stdint.h>

#define PAGE 4096
/* Rounds of a line: at least, and at most until the time is enough; where the
 * host interrupts, more rounds find one that it let alone. */
#define ROUNDS      5
#define MOST_ROUNDS 200
#define ENOUGH_NS   50000000

struct bench {
	const char *name;
	unsigned count; /* operations a round */
	int (*setup)(void); /* NULL or 0: good */
	int (*run)(unsigned count); /* 0: good */
	void (*done)(void);
	unsigned per; /* operations inside one count, 0: 1 */
	unsigned less; /* ns of an operation that are not its cost */
};

#define PLAIN(n, c, f)      { .name = n, .count = c, .run = f }
#define WITH(n, c, s, f, d) { n, c, s, f, d, 0, 0 }

extern const struct bench call_benches[], task_benches[], wait_benches[];
extern const struct bench thread_benches[];

extern char self[256]; /* the program's path */
extern char page[65536]; /* something to write */

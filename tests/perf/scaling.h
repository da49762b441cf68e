/* What tests/perf/scaling.c and tests/perf/contend.c share. */
#pragma once

#include <stdint.h>

/* Everything happens below this folder, on a tmpfs of its own. */
#define SCALING_DIR "/tmp/scaling"

/* A line "MISSING what: why". */
void missing(const char *what);

/* Runs a task of this program's own that dies with it. Gives its pid. */
int fork_child(void (*run)(unsigned i), unsigned i);

/* As pid 1: the file systems and the console. */
void be_init(void);
void raise_limits(void);

/* Contention on this many CPUs; subjects with text in their names. */
void contend_all(unsigned cpus, const char *text);

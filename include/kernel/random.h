/*
 * Random numbers that nobody can predict: a ChaCha20 generator seeded from
 * the firmware, the CPU and the times of events (kernel/core/random.c).
 */
#pragma once

#include <kernel/attr.h>

void random_init(void); /* after arch_init_early; before users run */
/* Mixes an unpredictable word in; any context. */
void random_stir(uint64_t word);
/* Any context; never fails. */
void random_bytes(void *buf, size_t len);
uint64_t random_u64(void);

/*
 * The clock data that the kernel and the vDSO share; one page before the
 * vDSO's first. wall = monotonic + wall_offset (mod 2^64), monotonic =
 * counter * mult >> shift in 128 bits. seq is odd during a change.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

struct lx_vdso_data {
	_Atomic uint32_t seq;
	uint32_t mult, shift, pad;
	uint64_t wall_offset; /* ns */
};

/*
 * Which target of a RISC-V interrupt controller is which CPU's S-mode: the
 * pairs (local controller, cause) of interrupts-extended.
 */
#pragma once

#include <kernel/device.h>

#define HART_NO_CONTEXT UINT32_MAX

/* Fills context[cpu] with the index of its pair, or HART_NO_CONTEXT; the
 * count of CPUs found. */
unsigned hart_contexts_read(struct device *d, unsigned context[CPU_MAX]);

/* Registers of RISC-V's message-signalled interrupts, for their driver.
 * Source: RISC-V AIA 1.0, 2.1 and 3.8. */
#pragma once

#include <kernel/attr.h>

#define CSR_SISELECT "0x150"
#define CSR_SIREG    "0x151"
#define CSR_STOPEI   "0x15c"

/* One of the registers behind siselect; irqs off. */
static inline void
imsic_put(uint64_t reg, uint64_t v)
{
	__asm__ volatile("csrw " CSR_SISELECT ", %0\n"
	    "csrw " CSR_SIREG ", %1" : : "r"(reg), "r"(v) : "memory");
}

/* The most urgent pending message, which is taken; 0: none. */
static inline unsigned
imsic_take(void)
{
	uint64_t v;

	__asm__ volatile("csrrw %0, " CSR_STOPEI ", zero"
	    : "=r"(v) : : "memory");
	return (unsigned)(v >> 16 & 0x7ff);
}

/*
 * System registers, and what the files of this port share.
 * Source: Arm Architecture Reference Manual for A-profile, DDI 0487, D19.
 */
#pragma once

#include <kernel/arch.h>

#include <arch_sysreg.h>

/* Exception classes, ESR_EL1 bits 31:26. */
enum {
	EC_UNKNOWN = 0x00, EC_FP_OFF = 0x07, EC_ILLEGAL_STATE = 0x0e,
	EC_SVC = 0x15, EC_SYSREG = 0x18, EC_FETCH_USER = 0x20,
	EC_FETCH_KERNEL = 0x21, EC_PC_ALIGN = 0x22, EC_DATA_USER = 0x24,
	EC_DATA_KERNEL = 0x25, EC_SP_ALIGN = 0x26, EC_FP_TRAP = 0x2c,
	EC_STEP_USER = 0x32, EC_BRK = 0x3c,
};
#define ESR_EC_SHIFT 26
#define ESR_WNR      0x40u /* the access was a write ... */
#define ESR_CM       0x100u /* ... unless it was cache maintenance */

/* CPACR_EL1.FPEN: the kernel may always use the registers (fpu.c does). */
#define CPACR_KERNEL (UINT64_C(1) << 20)
#define CPACR_USER   (UINT64_C(3) << 20)

/* What a CPU that starts needs, read by physical address in start.S with
 * caches off. */
struct cpu_start {
	uint64_t root; /* physical: the kernel's tables */
	uint64_t head, stack; /* virtual addresses */
} ALIGNED(64);

/* space.c */
void space_map_kernel(void);
paddr_t space_image_phys(const void *p);
/* Takes away the map that a CPU starts on. */
void space_leave_idmap(void);
/* The device registers of the early console, before and after
 * space_map_kernel(). */
void *space_map_console(paddr_t regs);

/* fpu.c: gives the running thread its registers. False: no memory. */
bool fpu_first_use(void);
void fpu_switch(struct arch_context *prev, struct arch_context *next);

/* id.c: what programs may know of the CPU */
void id_init(void);
/* An instruction that user mode may not execute: true when it reads an
 * identification register and was done. */
bool id_emulate(struct arch_frame *f);
uint64_t id_midr(unsigned cpu);
size_t id_features(char *buf, size_t len);

/* Writes len bytes of cached data to memory. */
void cache_clean(const void *p, size_t len);

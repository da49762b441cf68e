/*
 * Entry. The loader jumps to the first byte of the image with the MMU off, at
 * EL2 or EL1, x0 = physical address of the FDT; the image lies anywhere, at a
 * multiple of 2 MiB. start_map() (space.c) builds first tables: one that shows
 * the image where it runs (TTBR0, lent), one for the kernel half (TTBR1).
 * Then the MMU goes on and we jump to the virtual address.
 *
 * Source: Linux Documentation/arch/arm64/booting.rst; Arm ARM D13, D19.
 */
#include "offsets.h"

/* MAIR_EL1: 0 normal, write-back; 1 Device-nGnRE. */
#define MAIR 0x04ff
/* TCR_EL1: 48-bit halves of 4 KiB pages, walks write-back and inner
 * shareable, top bytes of user addresses ignored. IPS and AS come from the
 * CPU. */
#define TCR 0x20b5103510
/* SCTLR_EL1: MMU and caches on, stack alignment checked, cache maintenance,
 * DC ZVA, CTR_EL0, WFI and WFE for user mode, and the bits that are one.
 * SPAN (23) is clear: an exception sets PAN. */
#define SCTLR 0x3455d99d
#define SCTLR_SPAN (1 << 23)
#define SCTLR_OFF 0x30d00980

#define HCR_RW (1 << 31)
#define PSTATE_EL1H 0x3c5

	.macro phys reg, sym
	adrp	\reg, \sym
	add	\reg, \reg, :lo12:\sym
	.endm

	.section .text.start, "ax"
	.globl _start
_start:
	b	primary
	.long	0
	.quad	0			/* offset to a multiple of 2 MiB */
	.quad	kernel_size
	.quad	0xa			/* little-endian, 4 KiB, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

primary:
	mov	x21, x0
	bl	drop_to_el1
	phys	x0, kernel_bss_start
	phys	x1, kernel_bss_end
1:	str	xzr, [x0], #8
	cmp	x0, x1
	b.lo	1b
	phys	x0, boot_stack_top
	mov	sp, x0
	mov	x0, x21
	bl	start_map		/* x0 = root of the kernel half */
	mov	x22, x0
	/* What was written with caches off must not be hidden by old lines. */
	phys	x1, kernel_data_end
	phys	x2, kernel_end
	bl	cache_drop
	mov	x0, x22
	ldr	x30, =primary_virtual
	b	mmu_on
primary_virtual:
	ldr	x0, =boot_stack_top
	mov	sp, x0
	ldr	x0, =boot_thread
	msr	tpidr_el1, x0
	mrs	x0, mpidr_el1
	mov	x1, x21
	bl	kernel_main
	brk	#1

/* A CPU that PSCI starts: x0 = physical address of its struct cpu_start. */
	.globl secondary_start
secondary_start:
	mov	x21, x0
	bl	drop_to_el1
	ldr	x0, [x21, #START_ROOT]
	ldr	x22, [x21, #START_HEAD]
	ldr	x23, [x21, #START_STACK]
	ldr	x30, =secondary_virtual
	b	mmu_on
secondary_virtual:
	mov	sp, x23
	msr	tpidr_el1, x22
	bl	cpu_main
	brk	#1

/* Invalidates the data cache lines of [x1, x2). */
cache_drop:
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4
	mov	x4, #4
	lsl	x4, x4, x3
	dmb	sy
1:	dc	ivac, x1
	add	x1, x1, x4
	cmp	x1, x2
	b.lo	1b
	dsb	sy
	ret

/* To EL1 from wherever we are, MMU off; returns to x30. */
drop_to_el1:
	msr	daifset, #0xf
	ldr	x0, =SCTLR_OFF
	mrs	x1, currentel
	cmp	x1, #(2 << 2)
	b.eq	1f
	msr	sctlr_el1, x0
	isb
	ret
1:	msr	sctlr_el1, x0
	mov	x0, #HCR_RW
	msr	hcr_el2, x0
	isb
	mov	x0, #3			/* EL1 reads the physical counter */
	msr	cnthctl_el2, x0
	msr	cntvoff_el2, xzr
	mov	x0, #0x33ff		/* nothing of FP traps to EL2 */
	msr	cptr_el2, x0
	msr	hstr_el2, xzr
	msr	vttbr_el2, xzr
	mrs	x0, midr_el1
	msr	vpidr_el2, x0
	mrs	x0, mpidr_el1
	msr	vmpidr_el2, x0
	/* All event counters are EL1's, if there are any. */
	mrs	x1, id_aa64dfr0_el1
	sbfx	x1, x1, #8, #4
	mov	x0, xzr
	cmp	x1, #1
	b.lt	2f
	mrs	x0, pmcr_el0
	ubfx	x0, x0, #11, #5
2:	msr	mdcr_el2, x0
	/* GICv3: its system registers are EL1's, too. */
	mrs	x1, id_aa64pfr0_el1
	ubfx	x1, x1, #24, #4
	cbz	x1, 3f
	mrs	x0, s3_4_c12_c9_5	/* ICC_SRE_EL2 */
	mov	x2, #0x9		/* usable, by EL1 as well */
	orr	x0, x0, x2
	msr	s3_4_c12_c9_5, x0
	isb
	mrs	x0, s3_4_c12_c9_5
	tbz	x0, #0, 3f		/* the machine has a GICv2 */
	msr	s3_4_c12_c11_0, xzr	/* ICH_HCR_EL2 */
3:	mov	x0, #PSTATE_EL1H
	msr	spsr_el2, x0
	msr	elr_el2, x30
	eret

/* x0 = root of the kernel half; goes on at the virtual address x30. */
mmu_on:
	phys	x1, idmap_root
	msr	ttbr0_el1, x1
	msr	ttbr1_el1, x0
	mov	x1, #MAIR
	msr	mair_el1, x1
	ldr	x1, =TCR
	mrs	x2, id_aa64mmfr0_el1
	ubfx	x3, x2, #0, #3		/* physical address bits, up to 48 */
	cmp	x3, #5
	mov	x4, #5
	csel	x3, x3, x4, lo
	bfi	x1, x3, #32, #3
	ubfx	x3, x2, #4, #4		/* 2: ASIDs have 16 bits */
	cmp	x3, #2
	cset	x3, eq
	bfi	x1, x3, #36, #1
	msr	tcr_el1, x1
	ldr	x1, =SCTLR
	mrs	x2, id_aa64mmfr1_el1
	ubfx	x2, x2, #20, #4		/* PAN? */
	cbnz	x2, 1f
	orr	x1, x1, #SCTLR_SPAN
1:	ldr	x3, =vectors
	msr	vbar_el1, x3
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	msr	sctlr_el1, x1
	isb
	cbz	x2, 2f
	.inst	0xd500419f		/* msr pan, #1 */
2:	br	x30

/* Changes the kernel half's root; must run from the lent map (x0 = root,
 * x1 = an empty one), as there is a moment without any kernel mapping. */
	.globl replace_root
replace_root:
	msr	ttbr1_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	ttbr1_el1, x0
	isb
	ret

	.ltorg

	.section .bss_stack, "aw", @nobits
	.balign	2 * KSTACK_BYTES
	.globl boot_guard, boot_stack, boot_stack_top
boot_guard:
	.space	KSTACK_BYTES	/* the half that is never used */
boot_stack:
	.space	KSTACK_BYTES
boot_stack_top:

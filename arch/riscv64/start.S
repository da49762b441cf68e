/*
 * Entry. OpenSBI jumps to _start in S-mode, paging off, at the physical load
 * address, a0 = hart id, a1 = FDT. start_map() (space.c, position
 * independent) builds first tables, which also show the image where it runs;
 * then we jump to the virtual address. Another hart finds the final tables,
 * without that loan: its next fetch faults, and the trap vector is the same
 * virtual address.
 */
#include "offsets.h"

	.section .text.start, "ax"
	.globl _start
_start:
	csrw	sie, zero
	csrw	sip, zero
	mv	s0, a0
	mv	s1, a1
	lla	t0, kernel_bss_start
	lla	t1, kernel_bss_end
1:	sd	zero, 0(t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b
	lla	sp, boot_stack_top
	lla	tp, boot_thread
	mv	fp, zero
	call	start_map		/* a0 = satp */
	li	t1, KERNEL_OFFSET
	lla	t0, 2f
	add	t0, t0, t1
	csrw	stvec, t0
	add	sp, sp, t1
	add	tp, tp, t1
	sfence.vma
	csrw	satp, a0
	jr	t0
	.balign	4
2:	lla	t0, trap_entry
	csrw	stvec, t0
	csrw	sscratch, zero
	mv	a0, s0
	mv	a1, s1
	call	kernel_main
	unimp

/*
 * A secondary hart: a0 = hart id, a1 = physical address of struct
 * cpu_start {satp, head, stack}. Same way into virtual addresses.
 */
	.balign	4
	.globl secondary_start
secondary_start:
	csrw	sie, zero
	ld	t0, 0(a1)
	ld	tp, 8(a1)
	ld	sp, 16(a1)
	mv	fp, zero
	li	t1, KERNEL_OFFSET
	lla	t2, 3f
	add	t2, t2, t1
	csrw	stvec, t2
	sfence.vma
	csrw	satp, t0
	jr	t2
	.balign	4
3:	lla	t0, trap_entry
	csrw	stvec, t0
	csrw	sscratch, zero
	call	cpu_main
	unimp

	.section .bss_stack, "aw", @nobits
	.balign	2 * KSTACK_BYTES
	.space	KSTACK_BYTES	/* the half that is never used */
	.space	KSTACK_BYTES
	.globl boot_stack_top
boot_stack_top:

/*
 * Entry. OpenSBI jumps to _start in S-mode, paging off, at the physical load
 * address, a0 = hart id, a1 = FDT. start_map() (space.c, position
 * independent) builds first tables, which also show the image where it runs;
 * then we jump to the virtual address. Another hart finds the final tables,
 * without that loan: its next fetch faults, and the trap vector is the same
 * virtual address.
 */
#include "offsets.h"

	/* t1 = virtual less physical address of the image; takes t2 */
	.macro kernel_offset
	lla	t2, kernel_slide
	ld	t2, 0(t2)
	li	t1, KERNEL_OFFSET
	add	t1, t1, t2
	.endm

	.section .text.start, "ax"
	.globl _start
_start:
	csrw	sie, zero
	csrw	sip, zero
	lla	t0, boot_taken
	li	t1, 1
	amoswap.w.aqrl t1, t1, (t0)
	bnez	t1, late_hart
	mv	s2, a0
	mv	s1, a1
	lla	t0, kernel_bss_start
	lla	t1, kernel_bss_end
1:	sd	zero, 0(t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b
	lla	sp, boot_stack_top
	lla	tp, boot_thread
	mv	a0, s1
	call	start_map		/* a0 = satp */
	kernel_offset
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
	mv	a0, s2
	mv	a1, s1
	call	kernel_main
	unimp

/*
 * Another hart here: OpenSBI 1.1 lets a hart that arrives just while it is
 * being started see "start" before the address to start at, and it comes the
 * way of the boot hart. Its record is complete: find it by the hart's id.
 */
late_hart:
	lla	a1, cpu_starts
	li	t1, CPUS
1:	ld	t2, START_READY(a1)
	beqz	t2, 2f
	ld	t2, START_HWID(a1)
	beq	t2, a0, secondary_start
2:	addi	a1, a1, START_SIZE
	addi	t1, t1, -1
	bnez	t1, 1b
	j	late_hart

	.data
	.balign	4
boot_taken:
	.word	0
	.section .text.start, "ax"

/*
 * A secondary hart: a0 = hart id, a1 = physical address of struct
 * cpu_start. Same way into virtual addresses.
 */
	.balign	4
	.globl secondary_start
secondary_start:
	csrw	sie, zero
	ld	t0, START_SATP(a1)
	ld	tp, START_HEAD(a1)
	ld	sp, START_STACK(a1)
	kernel_offset
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
	.globl boot_guard, boot_stack, boot_stack_top
boot_guard:
	.space	KSTACK_BYTES	/* the half that is never used */
boot_stack:
	.space	KSTACK_BYTES
boot_stack_top:

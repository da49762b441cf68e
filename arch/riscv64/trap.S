/*
 * Traps. sscratch holds the current thread in user mode and 0 in the kernel,
 * so one csrrw tells where we came from.
 *
 * C code keeps s0-s11 and does not use gp, so most system calls neither save
 * nor load them: they are stored into the frame when a signal may be delivered
 * or when the call asks for them (CALL_AGAIN). All other traps fill the frame
 * at once.
 *
 * sstatus is neither read nor written on the way from a program and back: in
 * the kernel SPP is 0 and SPIE 1, what sret to a program wants, and FS and VS
 * are the program's (fpu.c). A trap from the kernel, an interrupt, clears SPP
 * before anything can switch and sets it again at its end; SPIE is 1 there
 * since interrupts were on, and sret leaves it so.
 */
#include "offsets.h"

	.cfi_sections .debug_frame

#define R(n) (FRAME_REGS + ((n) - 1) * 8)

	.macro save_caller
	sd	ra, R(1)(sp)
	sd	t0, R(5)(sp)
	sd	t1, R(6)(sp)
	sd	t2, R(7)(sp)
	sd	a0, R(10)(sp)
	sd	a1, R(11)(sp)
	sd	a2, R(12)(sp)
	sd	a3, R(13)(sp)
	sd	a4, R(14)(sp)
	sd	a5, R(15)(sp)
	sd	a6, R(16)(sp)
	sd	a7, R(17)(sp)
	sd	t3, R(28)(sp)
	sd	t4, R(29)(sp)
	sd	t5, R(30)(sp)
	sd	t6, R(31)(sp)
	.endm

	.macro save_callee
	sd	gp, R(3)(sp)
	sd	s0, R(8)(sp)
	sd	s1, R(9)(sp)
	sd	s2, R(18)(sp)
	sd	s3, R(19)(sp)
	sd	s4, R(20)(sp)
	sd	s5, R(21)(sp)
	sd	s6, R(22)(sp)
	sd	s7, R(23)(sp)
	sd	s8, R(24)(sp)
	sd	s9, R(25)(sp)
	sd	s10, R(26)(sp)
	sd	s11, R(27)(sp)
	.endm

	.macro load_callee
	ld	gp, R(3)(sp)
	ld	s0, R(8)(sp)
	ld	s1, R(9)(sp)
	ld	s2, R(18)(sp)
	ld	s3, R(19)(sp)
	ld	s4, R(20)(sp)
	ld	s5, R(21)(sp)
	ld	s6, R(22)(sp)
	ld	s7, R(23)(sp)
	ld	s8, R(24)(sp)
	ld	s9, R(25)(sp)
	ld	s10, R(26)(sp)
	ld	s11, R(27)(sp)
	.endm

	.macro load_caller
	ld	ra, R(1)(sp)
	ld	t0, R(5)(sp)
	ld	t1, R(6)(sp)
	ld	t2, R(7)(sp)
	ld	a1, R(11)(sp)
	ld	a2, R(12)(sp)
	ld	a3, R(13)(sp)
	ld	a4, R(14)(sp)
	ld	a5, R(15)(sp)
	ld	a6, R(16)(sp)
	ld	a7, R(17)(sp)
	ld	t3, R(28)(sp)
	ld	t4, R(29)(sp)
	ld	t5, R(30)(sp)
	ld	t6, R(31)(sp)
	.endm

	.section .text.entry, "ax"
	.balign	256			/* calls stay within one page */
	.globl trap_entry
trap_entry:
	csrrw	tp, sscratch, tp
	beqz	tp, trap_from_kernel

	/* From user mode. */
	sd	sp, HEAD_USER_SP(tp)
	ld	sp, HEAD_KSTACK(tp)
	addi	sp, sp, -FRAME_SIZE
	save_caller
	ld	t0, HEAD_USER_SP(tp)
	csrrw	t1, sscratch, zero
	csrr	t2, sepc
	csrr	t4, scause
	sd	t0, R(2)(sp)
	sd	t1, R(4)(sp)
	li	t0, 8
	bne	t4, t0, trap_user_other
	addi	t2, t2, 4
	sd	t2, FRAME_PC(sp)
	csrsi	sstatus, 2
	mv	a0, sp
	call	trap_syscall
	csrci	sstatus, 2
	/* a0: the result, a1: enum call_end */
	lw	t0, HEAD_WORK(tp)
	andi	t0, t0, ~WORK_TRACE_BIT
	or	t0, t0, a1
	bnez	t0, syscall_slow

	/* Fast way back: a0 is the result, gp and s0-s11 still hold the user's
	 * values. */
	ld	t0, FRAME_PC(sp)
	csrw	sepc, t0
	csrw	sscratch, tp
	ld	tp, R(4)(sp)
	load_caller
	ld	sp, R(2)(sp)
	sret

syscall_slow:
	li	t0, CALL_REWROTE
	beq	a1, t0, user_return_slow
	save_callee
	beqz	a1, syscall_done
	/* Again, with the whole frame. */
	li	t0, 1
	sb	t0, HEAD_WHOLE(tp)
	csrsi	sstatus, 2
	mv	a0, sp
	call	trap_syscall
	csrci	sstatus, 2
	sb	zero, HEAD_WHOLE(tp)
	bnez	a1, user_return_slow
	/* A restart wants the first argument back. */
syscall_done:
	ld	t0, R(10)(sp)
	sd	t0, FRAME_ORIG_A0(sp)
	sd	a0, R(10)(sp)
	j	user_return_slow

trap_user_other:
	save_callee
	sd	t2, FRAME_PC(sp)
	mv	a0, sp
	mv	a1, t4
	csrr	a2, stval
	call	trap_user

	/* Interrupts are off from here on. */
user_return_slow:
	csrci	sstatus, 2
	lw	t0, HEAD_WORK(tp)
	andi	t0, t0, ~WORK_TRACE_BIT
	beqz	t0, user_return
	mv	a0, sp
	call	trap_work
	j	user_return_slow

	/* void arch_user_enter(frame) */
	.globl arch_user_enter
arch_user_enter:
	mv	sp, a0
	j	user_return_slow
user_return:
	ld	t0, FRAME_PC(sp)
	csrw	sepc, t0
	csrw	sscratch, tp
	ld	tp, R(4)(sp)
	load_callee
	load_caller
	ld	a0, R(10)(sp)
	ld	sp, R(2)(sp)
	sret

	/* From the kernel: tp and sscratch are swapped at this point. A stack
	 * fills the upper half of its 2*KSTACK_BYTES slot: a clear bit tells
	 * an overflow into the unmapped half before anything is pushed. */
trap_from_kernel:
	csrrw	tp, sscratch, zero
	addi	sp, sp, -FRAME_SIZE
	sd	t0, HEAD_SCRATCH(tp)
	li	t0, KSTACK_BYTES
	and	t0, t0, sp
	beqz	t0, stack_overflow
	ld	t0, HEAD_SCRATCH(tp)
	save_caller
	save_callee
	csrr	t2, sepc
	csrr	t3, sstatus
	csrr	a1, scause
	csrr	a2, stval
	li	t0, SPP
	csrc	sstatus, t0
	addi	t0, sp, FRAME_SIZE
	sd	t0, R(2)(sp)
	sd	tp, R(4)(sp)
	sd	t2, FRAME_PC(sp)
	sd	t3, FRAME_STATUS(sp)
	mv	a0, sp
	/* for tools/unwind.py and gdb; 64: what is interrupted goes on at pc */
	.cfi_startproc
	.cfi_signal_frame
	.cfi_return_column 64
	.cfi_def_cfa sp, FRAME_SIZE
	.cfi_offset 64, FRAME_PC - FRAME_SIZE
	.cfi_offset 1, R(1) - FRAME_SIZE
	.irp	n, 8,9,18,19,20,21,22,23,24,25,26,27
	.cfi_offset \n, R(\n) - FRAME_SIZE
	.endr
	call	trap_kernel
	.cfi_endproc
	/* irqs are off */
	ld	t0, FRAME_PC(sp)
	li	t1, SPP
	csrw	sepc, t0
	csrs	sstatus, t1
	load_callee
	load_caller
	ld	a0, R(10)(sp)
	ld	sp, R(2)(sp)
	sret

stack_overflow:
	addi	a0, sp, FRAME_SIZE
	csrr	a1, sepc
	csrr	a2, stval
	mv	a3, ra
	lla	sp, overflow_stack_top
	call	trap_stack_overflow
	unimp

	.bss
	.balign	4096		/* ARCH_SIDE_STACK */
	.space	4096
overflow_stack_top:

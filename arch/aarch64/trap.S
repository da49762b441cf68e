/*
 * Exceptions. In user mode SP_EL1 is the top of the thread's kernel stack and
 * TPIDR_EL1 its head. A frame is always the whole set of user registers; the
 * way back from a system call that changed nothing but its result leaves
 * x19-x28 alone: C code has kept them.
 */
#include "offsets.h"

	.cfi_sections .debug_frame

#define R(n) (FRAME_REGS + (n) * 8)
#define EC_SVC 0x15

	.macro save_regs
	stp	x0, x1, [sp, #R(0)]
	stp	x2, x3, [sp, #R(2)]
	stp	x4, x5, [sp, #R(4)]
	stp	x6, x7, [sp, #R(6)]
	stp	x8, x9, [sp, #R(8)]
	stp	x10, x11, [sp, #R(10)]
	stp	x12, x13, [sp, #R(12)]
	stp	x14, x15, [sp, #R(14)]
	stp	x16, x17, [sp, #R(16)]
	stp	x18, x19, [sp, #R(18)]
	stp	x20, x21, [sp, #R(20)]
	stp	x22, x23, [sp, #R(22)]
	stp	x24, x25, [sp, #R(24)]
	stp	x26, x27, [sp, #R(26)]
	stp	x28, x29, [sp, #R(28)]
	.endm

	.macro load_callee
	ldp	x20, x21, [sp, #R(20)]
	ldp	x22, x23, [sp, #R(22)]
	ldp	x24, x25, [sp, #R(24)]
	ldp	x26, x27, [sp, #R(26)]
	.endm

	/* The rest, the way back, and the frame off the stack. Registers that
	 * still hold what they did on the way in are not written: a read is
	 * cheaper, and under emulation each write ends a block of code. */
	.macro load_caller_and_return
	ldp	x10, x11, [sp, #FRAME_PC]
	mrs	x12, elr_el1
	mrs	x13, spsr_el1
	cmp	x10, x12
	ccmp	x11, x13, #0, eq
	b.eq	1f
	msr	elr_el1, x10
	msr	spsr_el1, x11
1:
	ldp	x0, x1, [sp, #R(0)]
	ldp	x2, x3, [sp, #R(2)]
	ldp	x4, x5, [sp, #R(4)]
	ldp	x6, x7, [sp, #R(6)]
	ldp	x8, x9, [sp, #R(8)]
	ldp	x10, x11, [sp, #R(10)]
	ldp	x12, x13, [sp, #R(12)]
	ldp	x14, x15, [sp, #R(14)]
	ldp	x16, x17, [sp, #R(16)]
	ldp	x18, x19, [sp, #R(18)]
	ldp	x28, x29, [sp, #R(28)]
	ldr	x30, [sp, #R(30)]
	add	sp, sp, #FRAME_SIZE
	eret
	.endm

	.macro from_user to
	.balign	0x80
	sub	sp, sp, #FRAME_SIZE
	save_regs
	b	\to
	.endm

	/* A stack fills the upper half of its 2*KSTACK_BYTES slot: a clear
	 * bit tells an overflow into the unmapped half before anything is
	 * pushed. No register is free: sp and x0 are summed to swap them. */
	.macro from_kernel kind
	.balign	0x80
	sub	sp, sp, #FRAME_SIZE
	add	sp, sp, x0
	sub	x0, sp, x0
	tbz	x0, #KSTACK_SHIFT, stack_overflow
	sub	x0, sp, x0
	sub	sp, sp, x0
	save_regs
	mov	x1, #\kind
	b	kernel_exception
	.endm

	.macro never kind
	.balign	0x80
	mov	x0, #\kind
	mrs	x1, elr_el1
	mrs	x2, esr_el1
	mrs	x3, far_el1
	b	trap_unexpected
	.endm

	.section .text.entry, "ax"
	/* 0x800 would do; the way from a call and back lies in one page so. */
	.balign	0x1000
	.globl vectors
vectors:
	never	0			/* SP_EL0 is never the kernel's stack */
	never	1
	never	2
	never	3
	from_kernel 0
	from_kernel 1
	never	2			/* FIQ */
	never	3			/* SError */
	from_user user_sync
	from_user user_irq
	never	2
	never	3
	never	0			/* no 32-bit programs */
	never	1
	never	2
	never	3

	.macro save_user_state
	mrs	x9, sp_el0
	mrs	x10, elr_el1
	mrs	x11, spsr_el1
	mrs	x12, tpidr_el0
	mrs	x13, esr_el1
	stp	x30, x9, [sp, #R(30)]
	stp	x10, x11, [sp, #FRAME_PC]
	stp	x0, x12, [sp, #FRAME_ORIG_X0]
	str	x13, [sp, #FRAME_ESR]
	.endm

user_sync:
	save_user_state
	lsr	x14, x13, #26
	mov	x0, sp
	cmp	x14, #EC_SVC
	b.ne	user_fault
	msr	daifclr, #2
	bl	trap_syscall
	/* x0: the result, x1: enum call_end */
	msr	daifset, #2
	cbnz	x1, user_return_slow	/* rewritten: all comes from the frame */
	str	x0, [sp, #R(0)]
	mrs	x1, tpidr_el1
	ldr	w2, [x1, #HEAD_WORK]
	tst	w2, #~WORK_TRACE_BIT
	b.ne	user_return_slow

	/* Fast way back: x20-x27 still hold the user's values. */
	ldr	x9, [sp, #R(31)]
	mrs	x10, sp_el0
	cmp	x9, x10
	b.eq	1f
	msr	sp_el0, x9
1:
	load_caller_and_return

user_irq:
	save_user_state
	mov	x0, sp
	bl	trap_user_irq
	b	user_return_slow

user_fault:
	mrs	x1, far_el1
	bl	trap_user

	/* Interrupts are off from here on. */
user_return_slow:
	msr	daifset, #2
	mrs	x1, tpidr_el1
	ldr	w2, [x1, #HEAD_WORK]
	tst	w2, #~WORK_TRACE_BIT
	b.eq	user_return
	mov	x0, sp
	bl	trap_work
	b	user_return_slow

	/* void arch_user_enter(frame) */
	.globl arch_user_enter
arch_user_enter:
	mov	sp, x0
	b	user_return_slow
user_return:
	ldr	x9, [sp, #R(31)]
	ldr	x10, [sp, #FRAME_TLS]
	msr	sp_el0, x9
	msr	tpidr_el0, x10
	load_callee
	load_caller_and_return

	/* x1: 0 exception, 1 interrupt */
kernel_exception:
	add	x9, sp, #FRAME_SIZE
	mrs	x10, elr_el1
	mrs	x11, spsr_el1
	mrs	x12, esr_el1
	mrs	x2, far_el1
	stp	x30, x9, [sp, #R(30)]
	stp	x10, x11, [sp, #FRAME_PC]
	str	x12, [sp, #FRAME_ESR]
	mov	x0, sp
	/* for tools/unwind.py and gdb; 32: what is interrupted goes on at pc */
	.cfi_startproc
	.cfi_signal_frame
	.cfi_return_column 32
	.cfi_def_cfa sp, FRAME_SIZE
	.cfi_offset 32, FRAME_PC - FRAME_SIZE
	.irp	n, 19,20,21,22,23,24,25,26,27,28,29,30
	.cfi_offset \n, R(\n) - FRAME_SIZE
	.endr
	bl	trap_kernel
	.cfi_endproc
	load_callee
	load_caller_and_return

stack_overflow:
	/* x0 = the stack pointer less a frame */
	add	x0, x0, #FRAME_SIZE
	mrs	x1, elr_el1
	mrs	x2, far_el1
	mov	x3, x30
	adrp	x9, overflow_stack_top
	add	x9, x9, :lo12:overflow_stack_top
	mov	sp, x9
	b	trap_stack_overflow

	/* void semihosting_call(operation, argument) */
	.globl semihosting_call, semihosting_hlt
semihosting_call:
semihosting_hlt:
	hlt	#0xf000
	ret

	.bss
	.balign	4096			/* ARCH_SIDE_STACK */
	.space	4096
overflow_stack_top:

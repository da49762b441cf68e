/*
 * Traps. A frame is always the whole set of user registers (struct
 * arch_frame). The way back from a system call that changed nothing but its
 * result is SYSRET and leaves rbx, rbp, r12-r15 alone: C code has kept them.
 *
 * Which GS base is loaded: from user mode always the user's, so one swapgs;
 * from the kernel always the kernel's, but for traps that can strike between
 * the first instruction of the kernel and its swapgs (or between the last one
 * and the return). Those have stacks of their own whose last word points to
 * the CPU's data: they load that and put back what was there, whichever it
 * was. Programs may set any GS base, so its value says nothing.
 */
#include "offsets.h"

	.cfi_sections .debug_frame

	/* Nothing in kernel mode touches user pages; user mode may have set
	 * AC, which would let it. Three bytes that become clac (cpu.c). */
	.macro clac_if_there
771:	.byte	0x0f, 0x1f, 0x00
	.pushsection .rodata.clac, "a"
	.quad	771b
	.popsection
	.endm

	.macro push_registers
	pushq	%rax
	pushq	%rcx
	pushq	%r11
	pushq	%r9
	pushq	%r8
	pushq	%r10
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	.endm

	.macro pop_registers
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%r10
	popq	%r8
	popq	%r9
	popq	%r11
	popq	%rcx
	popq	%rax
	addq	$16, %rsp		/* vector, call */
	.endm

	.section .text.entry, "ax"
	/* Within one page, and so that no two of its jumps' targets share a
	 * place in QEMU's cache of them, which would cost 70 ns a call. */
	.balign	256
	.globl syscall_entry
syscall_entry:
	swapgs
	movq	%rsp, %gs:CPU_USER_SP
	movq	%gs:0, %rsp
	movq	HEAD_KSTACK(%rsp), %rsp
	pushq	$USER_DS
	pushq	%gs:CPU_USER_SP
	pushq	%r11
	pushq	$USER_CS
	pushq	%rcx
	pushq	%rax			/* call */
	pushq	$0			/* vector */
	push_registers
	sti
	movq	%rsp, %rdi
	call	trap_syscall
	/* rax: the result, rdx: enum call_end */
	cli
	movq	%gs:0, %rcx
	movl	HEAD_WORK(%rcx), %ecx
	andl	$~WORK_TRACE_BIT, %ecx
	orq	%rdx, %rcx
	jnz	syscall_slow

	/* SYSRET to an address that is not canonical would fault in kernel
	 * mode with the user's stack. */
	movq	FRAME_RIP(%rsp), %rcx
	movq	%rcx, %rdi
	shrq	$47, %rdi
	jnz	syscall_slow
	movq	FRAME_RFLAGS(%rsp), %r11
	movq	FRAME_ARGS(%rsp), %rdi
	movq	FRAME_ARGS + 8(%rsp), %rsi
	movq	FRAME_ARGS + 16(%rsp), %rdx
	movq	FRAME_ARGS + 24(%rsp), %r10
	movq	FRAME_ARGS + 32(%rsp), %r8
	movq	FRAME_ARGS + 40(%rsp), %r9
	movq	FRAME_RSP(%rsp), %rsp
	swapgs
	sysretq

	/* Either the frame was rewritten, and everything comes from it, or it
	 * wants the result. */
syscall_slow:
	testq	%rdx, %rdx
	jnz	user_return_slow
	movq	%rax, FRAME_RAX(%rsp)
	jmp	user_return_slow

	/* All other traps: the CPU has pushed its five words, the stubs an
	 * error code and the vector. */
trap_common:
	cld
	clac_if_there
	push_registers
	testb	$3, FRAME_CS(%rsp)
	jz	trap_from_kernel
	swapgs
trap_from_user:
	movq	%rsp, %rdi
	call	trap_user

	/* Interrupts are off from here on. */
user_return_slow:
	cli
	movq	%gs:0, %rcx
	movl	HEAD_WORK(%rcx), %ecx
	andl	$~WORK_TRACE_BIT, %ecx
	jnz	1f
	movq	FRAME_RIP(%rsp), %rcx
	shrq	$47, %rcx
	jnz	2f
	pop_registers
	swapgs
	iretq
1:	movq	%rsp, %rdi
	call	trap_work
	jmp	user_return_slow
2:	movq	%rsp, %rdi		/* a fault of the program's */
	call	trap_bad_return
	jmp	user_return_slow

	/* void user_enter(frame) */
	.globl user_enter
user_enter:
	movq	%rdi, %rsp
	jmp	user_return_slow

	/* For tools/unwind.py and gdb: all registers are in the frame. */
	.macro cfi_frame
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa rsp, FRAME_SIZE
	.cfi_offset rip, FRAME_RIP - FRAME_SIZE
	.cfi_offset rsp, FRAME_RSP - FRAME_SIZE
	.cfi_offset rbp, FRAME_RBP - FRAME_SIZE
	.cfi_offset rbx, FRAME_RBP + 8 - FRAME_SIZE
	.cfi_offset r12, FRAME_RBP - 8 - FRAME_SIZE
	.cfi_offset r13, FRAME_RBP - 16 - FRAME_SIZE
	.cfi_offset r14, FRAME_RBP - 24 - FRAME_SIZE
	.cfi_offset r15, FRAME_RBP - 32 - FRAME_SIZE
	.endm

trap_from_kernel:
	movq	%rsp, %rdi
	cfi_frame
	call	trap_kernel
	.cfi_endproc
	pop_registers
	iretq

trap_paranoid:
	cld
	clac_if_there
	push_registers
	testb	$3, FRAME_CS(%rsp)
	jnz	paranoid_user
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	movl	%eax, %r12d
	movl	%edx, %r13d
	movq	%rsp, %rax
	orq	$IST_BYTES - 1, %rax
	movq	-7(%rax), %rax
	movq	%rax, %rdx
	shrq	$32, %rdx
	wrmsr
	movq	%rsp, %rdi
	cfi_frame
	call	trap_kernel_any
	.cfi_endproc
	movl	$MSR_GS_BASE, %ecx
	movl	%r12d, %eax
	movl	%r13d, %edx
	wrmsr
	pop_registers
	iretq

	/* From user mode: go on at the thread's own stack. */
paranoid_user:
	swapgs
	movq	%gs:0, %rax
	movq	HEAD_KSTACK(%rax), %rdi
	subq	$FRAME_SIZE, %rdi
	movq	%rsp, %rsi
	movq	%rdi, %rsp
	movl	$FRAME_SIZE / 8, %ecx
	rep movsq
	jmp	trap_from_user

	/* The 256 entries, 16 bytes each. Those of the first bit set push an
	 * error code of their own: 8, 10-14, 17, 21, 29, 30. */
	.balign	16
	.globl trap_stubs
trap_stubs:
	.set	v, 0
	.rept	256
	.balign	16
	.if	v > 31 || ((0x60227d00 >> (v & 31)) & 1) == 0
	pushq	$0
	.endif
	pushq	$v
	.if	v == VECTOR_DB || v == VECTOR_NMI || v == VECTOR_DF || \
		v == VECTOR_MC
	jmp	trap_paranoid
	.else
	jmp	trap_common
	.endif
	.set	v, v + 1
	.endr

/*
 * struct thread_head *context_switch(prev_ctx, next_ctx, next_head,
 * prev_head): saves the callee-saved registers on the stack, changes stacks,
 * and returns prev_head in the thread that next was.
 */
#include "offsets.h"

	.section .text.arch_switch, "ax"
	.globl context_switch
context_switch:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, CTX_SP(%rdi)
	movq	CTX_SP(%rsi), %rsp
	movq	%rdx, %gs:0
	movq	HEAD_KSTACK(%rdx), %r8
	movq	%r8, %gs:CPU_TSS_RSP0
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	movq	%rcx, %rax
	ret

	/* First run of a context: r12 = entry, r13 = arg. */
	.globl context_entry
context_entry:
	movq	%r13, %rdi
	call	*%r12
	ud2

/*
 * struct thread_head *context_switch(prev_ctx, next_ctx, next_head,
 * prev_head): saves the callee-saved registers, loads next's, and returns
 * prev_head in the thread that next was.
 */
#include "offsets.h"

	.section .text.arch_switch, "ax"
	.globl context_switch
context_switch:
	mov	x9, sp
	stp	x19, x20, [x0, #CTX_X19]
	stp	x21, x22, [x0, #CTX_X19 + 16]
	stp	x23, x24, [x0, #CTX_X19 + 32]
	stp	x25, x26, [x0, #CTX_X19 + 48]
	stp	x27, x28, [x0, #CTX_X19 + 64]
	stp	x29, x30, [x0, #CTX_FP]
	str	x9, [x0, #CTX_SP]
	ldp	x19, x20, [x1, #CTX_X19]
	ldp	x21, x22, [x1, #CTX_X19 + 16]
	ldp	x23, x24, [x1, #CTX_X19 + 32]
	ldp	x25, x26, [x1, #CTX_X19 + 48]
	ldp	x27, x28, [x1, #CTX_X19 + 64]
	ldp	x29, x30, [x1, #CTX_FP]
	ldr	x9, [x1, #CTX_SP]
	mov	sp, x9
	msr	tpidr_el1, x2
	mov	x0, x3
	ret

	/* First run of a context: x19 = entry, x20 = arg. */
	.globl context_entry
context_entry:
	mov	x0, x20
	blr	x19
	brk	#1

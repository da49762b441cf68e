/*
 * struct thread_head *context_switch(prev_ctx, next_ctx, next_head,
 * prev_head): saves the callee-saved registers, loads next's, and returns
 * prev_head in the thread that next was. gp is the program's during a call
 * (trap.S), so it goes with them.
 */
#include "offsets.h"

	.section .text.arch_switch, "ax"
	.globl context_switch
context_switch:
	sd	ra, CTX_RA(a0)
	sd	sp, CTX_SP(a0)
	sd	gp, CTX_GP(a0)
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11
	sd	s\n, (CTX_S + \n * 8)(a0)
	.endr
	ld	ra, CTX_RA(a1)
	ld	sp, CTX_SP(a1)
	ld	gp, CTX_GP(a1)
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11
	ld	s\n, (CTX_S + \n * 8)(a1)
	.endr
	mv	tp, a2
	mv	a0, a3
	ret

	/* First run of a context: s1 = entry, s2 = arg. */
	.globl context_entry
context_entry:
	mv	a0, s2
	jalr	s1
	unimp

/*
 * Program start, the call stubs' tail ends that C cannot say, and the note
 * that makes a program a native one. RISC-V.
 */
	.section .note.carmine, "a", @note
	.balign 4
	.long 8 /* size of "Carmine" with its NUL */
	.long 4 /* size of the descriptor */
	.long 1 /* CM_NOTE_ABI */
	.asciz "Carmine"
	.long 1 /* CM_ABI_VERSION */

	.text
	.globl _start
	.type _start, @function
_start:
	.option push
	.option norelax
	la gp, __global_pointer$
	.option pop
	mv a0, sp
	andi sp, sp, -16
	li ra, 0
	tail __cm_start
	.size _start, . - _start

	/* Where signal handlers return to: the frame is at sp. */
	.globl __cm_restorer
	.type __cm_restorer, @function
__cm_restorer:
	li a7, 58 /* signal_return */
	ecall
	.size __cm_restorer, . - __cm_restorer


	.section .note.GNU-stack, "", @progbits

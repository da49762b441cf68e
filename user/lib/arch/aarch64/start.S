/*
 * Program start, the call stubs' tail ends that C cannot say, and the note
 * that makes a program a native one. aarch64.
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
	mov x0, sp
	mov x29, xzr
	mov x30, xzr
	b __cm_start
	.size _start, . - _start

	/* Where signal handlers return to: the frame is at sp. */
	.globl __cm_restorer
	.type __cm_restorer, @function
__cm_restorer:
	mov x8, #58 /* signal_return */
	svc #0
	.size __cm_restorer, . - __cm_restorer

	.section .note.GNU-stack, "", @progbits

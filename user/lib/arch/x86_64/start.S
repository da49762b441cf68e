/*
 * Program start, the call stubs' tail ends that C cannot say, and the note
 * that makes a program a native one. x86_64.
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
	movq %rsp, %rdi
	xorl %ebp, %ebp
	andq $-16, %rsp
	call __cm_start
	ud2
	.size _start, . - _start

	/* Where signal handlers return to: the frame is at rsp. */
	.globl __cm_restorer
	.type __cm_restorer, @function
__cm_restorer:
	movl $58, %eax /* signal_return */
	syscall
	.size __cm_restorer, . - __cm_restorer

	.section .note.GNU-stack, "", @progbits

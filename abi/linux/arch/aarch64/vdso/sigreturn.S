/*
 * Where signal handlers return to. The unwind table tells debuggers and
 * language runtimes that this is a signal frame; the handler's x29 points to a
 * frame record with the interrupted x29 and x30.
 */
	.text
	/* Unwinders look at the instruction before the return address. */
	nop
	.balign 4
	.globl __kernel_rt_sigreturn
	.type __kernel_rt_sigreturn, @function
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa x29, 0
	.cfi_offset x29, 0
	.cfi_offset x30, 8
__kernel_rt_sigreturn:
	mov x8, #139
	svc #0
	.cfi_endproc
	.size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn
	.section .note.GNU-stack, "", @progbits

/*
 * Where signal handlers return to. The unwind table tells debuggers and
 * language runtimes that this is a signal frame and where the interrupted
 * registers are: the machine context lies 128 + 176 bytes above sp.
 */
#define CONTEXT (128 + 176)

	.text
	/* Unwinders look at the instruction before the return address. */
	nop
	.balign 4
	.globl __vdso_rt_sigreturn
	.type __vdso_rt_sigreturn, @function
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa x2, CONTEXT
	.cfi_offset x1, 8
	.cfi_offset x2, 16
	.cfi_offset x3, 24
	.cfi_offset x4, 32
	.cfi_offset x8, 64
	.cfi_offset x9, 72
	.cfi_offset x18, 144
	.cfi_offset x19, 152
	.cfi_offset x20, 160
	.cfi_offset x21, 168
	.cfi_offset x22, 176
	.cfi_offset x23, 184
	.cfi_offset x24, 192
	.cfi_offset x25, 200
	.cfi_offset x26, 208
	.cfi_offset x27, 216
	.cfi_return_column 64
	.cfi_offset 64, 0
__vdso_rt_sigreturn:
	li a7, 139
	ecall
	.cfi_endproc
	.size __vdso_rt_sigreturn, . - __vdso_rt_sigreturn
	.section .note.GNU-stack, "", @progbits

/* fuzz_enter: every register, and the flags. */
	.text
	.global fuzz_enter
fuzz_enter:
	movq	(%rdi), %rax
	movq	%rax, place(%rip)
	pushq	128(%rdi)
	popfq
	movq	8(%rdi), %rsp
	movq	16(%rdi), %rax
	movq	32(%rdi), %rsi
	movq	40(%rdi), %rdx
	movq	48(%rdi), %r10
	movq	56(%rdi), %r8
	movq	64(%rdi), %r9
	movq	72(%rdi), %rbx
	movq	80(%rdi), %rbp
	movq	88(%rdi), %rcx
	movq	96(%rdi), %r11
	movq	104(%rdi), %r12
	movq	112(%rdi), %r13
	movq	120(%rdi), %r14
	movq	136(%rdi), %r15
	movq	24(%rdi), %rdi
	jmp	*place(%rip)

	.global fuzz_call_here
fuzz_call_here:
	syscall
	syscall
	ud2

	.data
place:
	.quad	0
	.section .note.GNU-stack, "", @progbits

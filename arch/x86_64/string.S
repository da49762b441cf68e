/*
 * Copies and fills of memory, in place of lib/string.c's. The string
 * instructions count one for eight bytes where loops need two, and processors
 * do them by the line. DF is clear in the kernel, as the ABI says.
 */

	.text

	/* void *memcpy(to, from, n) */
	.balign	16
	.globl memcpy, bulk_copy_long
memcpy:
bulk_copy_long:
	movq	%rdi, %rax
	movq	%rdx, %rcx
	shrq	$3, %rcx
	rep movsq
	andl	$7, %edx
	jnz	1f
	ret
1:	movl	%edx, %ecx
	rep movsb
	ret

	/* void *memset(to, byte, n) */
	.balign	16
	.globl memset
memset:
	movq	%rdi, %r8
	movzbl	%sil, %eax
	movabsq	$0x0101010101010101, %rsi
	imulq	%rsi, %rax
	movq	%rdx, %rcx
	shrq	$3, %rcx
	rep stosq
	andl	$7, %edx
	jz	1f
	movl	%edx, %ecx
	rep stosb
1:	movq	%r8, %rax
	ret

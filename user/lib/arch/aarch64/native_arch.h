/* What the C library needs to know of aarch64. */
#pragma once

/* One call: the arguments are where the kernel wants them. */
#define CALL_STUB(number, name) \
	__asm__(".pushsection .text.cm_" #name ",\"ax\",@progbits\n" \
		".globl cm_" #name "\n" \
		".type cm_" #name ", @function\n" \
		"cm_" #name ":\n" \
		"	mov x8, #" #number "\n" \
		"	svc #0\n" \
		"	ret\n" \
		".size cm_" #name ", . - cm_" #name "\n" \
		".popsection\n");

/* Thread-local storage begins TLS_GAP bytes above the thread register, or at
 * the next address of its alignment. */
#define TLS_GAP   16
#define TLS_BELOW 0

static inline void
arch_set_thread(void *tp)
{
	__asm__ volatile("msr tpidr_el0, %0" : : "r"(tp));
}

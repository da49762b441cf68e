/* What the C library needs to know of x86_64. */
#pragma once

/* One call: the fourth argument lies elsewhere for functions. */
#define CALL_STUB(number, name) \
	__asm__(".pushsection .text.cm_" #name ",\"ax\",@progbits\n" \
		".globl cm_" #name "\n" \
		".type cm_" #name ", @function\n" \
		"cm_" #name ":\n" \
		"	movl $" #number ", %eax\n" \
		"	movq %rcx, %r10\n" \
		"	syscall\n" \
		"	ret\n" \
		".size cm_" #name ", . - cm_" #name "\n" \
		".popsection\n");

#include <native/task.h>

/* Thread-local storage ends at the thread register (FS base), where the
 * register's value can be read. */
#define TLS_GAP   0
#define TLS_BELOW 1

static inline void
arch_set_thread(void *tp)
{
	cm_thread_tls(tp);
}

// oracle: user
/* What user mode may not do on aarch64, and how it is told. */
#include "../check.h"

#include <setjmp.h>

static sigjmp_buf out;
static volatile uintptr_t expected;

static void
trap(int n, siginfo_t *si, void *context)
{
	(void)context;
	/* The oracle has another code for illegal instructions than Linux. */
	printf("signal %d code %d, address %s\n", n,
	    n == SIGILL ? si->si_code > 0 : si->si_code,
	    (uintptr_t)si->si_addr == expected ? "right" : "wrong");
	siglongjmp(out, 1);
}

/* One instruction, which is where the signal says it happened. */
#define TRY(text) do { \
	printf("%-28s", text); \
	if (sigsetjmp(out, 1) == 0) { \
		__asm__ volatile("adr x0, 1f\n\tstr x0, %0\n1:\t" text \
		    : "=m"(expected) : : "x0", "memory", "v0"); \
		printf("nothing\n"); \
	} \
} while (0)

int
main(void)
{
	struct sigaction act = { .sa_flags = SA_SIGINFO | SA_NODEFER };

	act.sa_sigaction = trap;
	sigaction(SIGILL, &act, NULL);
	sigaction(SIGTRAP, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	sigaction(SIGSEGV, &act, NULL);
	TRY(".inst 0");
	TRY("brk #7");
	TRY("hlt #1");
	TRY("mrs x0, sctlr_el1");
	TRY("msr vbar_el1, x0");
	TRY("msr daifset, #2");
	TRY("mrs x0, id_pfr0_el1");
	TRY("tlbi vmalle1");
	TRY("hvc #0");
	TRY("smc #0");
	TRY("eret");
	TRY("nop");
	TRY("wfe");
	TRY("yield");
	return 0;
}

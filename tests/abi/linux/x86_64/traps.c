/* What each exception of x86_64 is to a program: signal, code, context. */
#include "../check.h"

#include <setjmp.h>
#include <ucontext.h>

static sigjmp_buf back;
static volatile unsigned long at;

static void
caught(int n, siginfo_t *si, void *context)
{
	const ucontext_t *u = context;
	const greg_t *r = u->uc_mcontext.gregs;
	bool at_pc = (greg_t)si->si_addr == r[REG_RIP];
	printf("%s code %d address %s trap %d error %d", sigabbrev_np(n),
	    si->si_code, at_pc ? "of code" : si->si_addr == NULL ? "0" :
	    (unsigned long)si->si_addr == at ? "as given" : "other",
	    (int)r[REG_TRAPNO], (int)r[REG_ERR]);
	if (n == SIGSEGV && si->si_code > 0 && si->si_code < 128)
		printf(" cr2 %s", (unsigned long)r[REG_CR2] == at ?
		    "as given" : "other");
	printf("\n");
	siglongjmp(back, 1);
}

#define TRY(text) do { \
	printf("%s: ", text); \
	if (sigsetjmp(back, 1) == 0) {
#define DONE \
		printf("nothing\n"); \
	} \
} while (0)

static void
divide(void)
{
	TRY("division by zero") {
		__asm__ volatile("xorl %%edx, %%edx\n\txorl %%ecx, %%ecx\n\t"
		    "divl %%ecx" : : "a"(1) : "ecx", "edx");
	} DONE;
}

static void
privileged(void)
{
	TRY("hlt") {
		__asm__ volatile("hlt");
	} DONE;
	TRY("cli") {
		__asm__ volatile("cli");
	} DONE;
	TRY("out") {
		__asm__ volatile("outb %%al, $0x80" : : "a"(0));
	} DONE;
	TRY("load of no address") {
		__asm__ volatile("movq (%0), %%rax"
		    : : "r"(0x8000000000000000ul) : "rax");
	} DONE;
	TRY("stack selector of the kernel's") {
		__asm__ volatile("movw %w0, %%ss" : : "r"(0x18));
	} DONE;
}

static void
pages(void)
{
	at = (unsigned long)nowhere;
	TRY("read of nothing") {
		(void)*(volatile char *)at;
	} DONE;
	TRY("write of nothing") {
		*(volatile char *)at = 1;
	} DONE;
	TRY("code of nothing") {
		((void (*)(void))at)();
	} DONE;
	at = (unsigned long)divide & ~4095ul;
	TRY("write of code") {
		*(volatile char *)at = 1;
	} DONE;
	at = (unsigned long)&back & ~15ul;
	TRY("execution of data") {
		((void (*)(void))at)();
	} DONE;
}

static void
others(void)
{
	TRY("ud2") {
		__asm__ volatile("ud2");
	} DONE;
	TRY("int3") {
		__asm__ volatile("int3");
	} DONE;
}

/* The old unit's; QEMU raises none of SSE's (#XM), and no #AC. */
static void
floats(void)
{
	static const struct {
		const char *text;
		unsigned short control;
		double a, b;
	} cases[] = {
		{ "x87 0 / 0", 0x37e, 0, 0 },
		{ "x87 1 / 0", 0x37b, 1, 0 },
	};

	for (volatile unsigned i = 0; i < 2; i++) {
		TRY(cases[i].text) {
			__asm__ volatile("fninit\n\tfldcw %0\n\tfldl %1\n\t"
			    "fldl %2\n\tfdivrp\n\tfwait"
			    : : "m"(cases[i].control), "m"(cases[i].a),
			    "m"(cases[i].b));
		} DONE;
		__asm__ volatile("fninit");
	}
}

int
main(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	static const int all[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };

	setvbuf(stdout, NULL, _IOLBF, 0);
	sa.sa_sigaction = caught;
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sigaction(all[i], &sa, NULL);
	divide();
	privileged();
	pages();
	others();
	floats();
	return 0;
}

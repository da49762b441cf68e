/* What a handler finds in its frame, and what sigreturn takes back. */
#include "check.h"

#include <sys/syscall.h>
#include <ucontext.h>

static volatile int step;
static volatile double kept = 1.5;
static char stack[65536];

static void
clobber(int n, siginfo_t *si, void *uc)
{
	ucontext_t *u = uc;
	volatile double d = kept;

	(void)n;
	for (int i = 0; i < 50; i++)
		d = d * 3 + i;
	IS(si->si_signo == SIGUSR1);
	IS(u->uc_link == NULL);
	IS(sigismember(&u->uc_sigmask, SIGUSR2));
	IS(!sigismember(&u->uc_sigmask, SIGUSR1));
	/* Not by its flag: Linux inherits the bare flags through exec. */
	IS(u->uc_stack.ss_size == 0);
	IS(((uintptr_t)uc & 15) == 0);
	/* The mask that comes back is the frame's. */
	sigaddset(&u->uc_sigmask, SIGHUP);
	sigaddset(&u->uc_sigmask, SIGKILL);
	step++;
}

static void
on_stack(int n, siginfo_t *si, void *uc)
{
	ucontext_t *u = uc;

	(void)n;
	(void)si;
	IS(u->uc_stack.ss_size == sizeof(stack));
	IS(u->uc_stack.ss_sp == stack);
	step++;
}

/* A frame of garbage: the process dies, nothing else. */
static void
forged(const char *what, int fill)
{
	int status;

	if (fork() == 0) {
		char *page = aligned_alloc(4096, 65536);

		memset(page, fill, 65536);
#if defined(__riscv)
		__asm__ volatile("mv sp, %0\n li a7, 139\n ecall"
		    : : "r"(page + 16384) : "memory");
#elif defined(__x86_64__)
		__asm__ volatile("mov %0, %%rsp\n mov $15, %%eax\n syscall"
		    : : "r"(page + 16384) : "memory");
#elif defined(__aarch64__)
		__asm__ volatile("mov sp, %0\n mov x8, #139\n svc #0"
		    : : "r"(page + 16384) : "memory");
#endif
		_exit(0);
	}
	wait(&status);
	printf("%s: %s\n", what, WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGSEGV ? "SEGV" : "something else");
}

int
main(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	volatile double x = kept * 2, y = kept / 4;
	sigset_t set;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sa.sa_sigaction = clobber;
	sigaction(SIGUSR1, &sa, NULL);
	for (int i = 0; i < 3; i++) {
		double a = x + i, b = y - i;

		raise(SIGUSR1);
		printf("%g %g\n", a, b);
		sigdelset(&set, SIGHUP);
	}
	sigprocmask(SIG_BLOCK, NULL, &set);
	IS(sigismember(&set, SIGHUP));
	IS(sigismember(&set, SIGKILL));
	SHOW(step);
	sigaltstack(&ss, NULL);
	sa.sa_sigaction = on_stack;
	sa.sa_flags |= SA_ONSTACK;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	forged("ones", 0xff);
	forged("letters", 'A');
	return 0;
}

/* Handlers, masks, queues, stacks. */
#include "check.h"

#include <setjmp.h>
#include <ucontext.h>

static volatile sig_atomic_t depth, deepest, order[16], count;
static siginfo_t last;
static char stack[65536];
static volatile bool on_alt;

static void
note(int n)
{
	if (count < 16)
		order[count] = n;
	count++;
}

static void
nest(int n)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	note(n);
	if (n == SIGUSR1)
		raise(SIGUSR2);
	depth--;
}

static void
info(int n, siginfo_t *si, void *uc)
{
	char here;

	(void)uc;
	note(n);
	last = *si;
	on_alt = &here >= stack && &here < stack + sizeof(stack);
}

static void
act(int n, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_flags = flags | SA_SIGINFO };

	sa.sa_sigaction = fn;
	sigaction(n, &sa, NULL);
}

static void
queued(void)
{
	union sigval v;
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGRTMIN + 1);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	act(SIGRTMIN, info, 0);
	act(SIGRTMIN + 1, info, 0);
	act(SIGUSR1, info, 0);
	for (int i = 0; i < 3; i++) {
		v.sival_int = i;
		SHOW(sigqueue(getpid(), SIGRTMIN + 1, v));
		SHOW(sigqueue(getpid(), SIGRTMIN, v));
		SHOW(kill(getpid(), SIGUSR1));
	}
	sigpending(&set);
	IS(sigismember(&set, SIGRTMIN) && sigismember(&set, SIGUSR1));
	count = 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	printf("%d delivered:", (int)count);
	for (int i = 0; i < count; i++)
		printf(" %s", order[i] == SIGUSR1 ? "usr1" :
		    order[i] == SIGRTMIN ? "rt0" : "rt1");
	printf("\n");
}

static void
waited(void)
{
	struct timespec ts = { 0, 1000000 };
	siginfo_t si;
	sigset_t set;
	union sigval v = { .sival_int = 42 };

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SHOW(sigtimedwait(&set, &si, &ts));
	sigqueue(getpid(), SIGRTMIN + 2, v);
	IS(sigwaitinfo(&set, &si) == SIGRTMIN + 2);
	SHOW(si.si_value.sival_int);
	IS(si.si_code == SI_QUEUE && si.si_pid == getpid());
}

int
main(void)
{
	struct sigaction sa, old;
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) }, oss;
	sigset_t set;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGUSR1, nest);
	signal(SIGUSR2, nest);
	raise(SIGUSR1);
	SHOW(deepest);
	SHOW(count);
	act(SIGUSR1, info, 0);
	SHOW(kill(getpid(), SIGUSR1));
	IS(last.si_code == SI_USER && last.si_pid == getpid());
	SHOW(raise(SIGUSR1));
	IS(last.si_code == SI_TKILL);
	queued();
	waited();

	SHOW(sigaltstack(&ss, &oss));
	IS(oss.ss_flags == SS_DISABLE);
	act(SIGUSR1, info, SA_ONSTACK);
	raise(SIGUSR1);
	IS(on_alt);
	act(SIGUSR1, info, 0);
	raise(SIGUSR1);
	IS(on_alt);
	ss.ss_size = 100;
	SHOW(sigaltstack(&ss, NULL));
	ss.ss_flags = SS_DISABLE;
	SHOW(sigaltstack(&ss, &oss));
	IS(oss.ss_size == sizeof(stack));

	act(SIGUSR1, info, (int)SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	IS(old.sa_handler == SIG_DFL);
	sa.sa_handler = SIG_IGN;
	SHOW(sigaction(SIGKILL, &sa, NULL));
	SHOW(sigaction(SIGSTOP, &sa, NULL));
	SHOW(sigaction(65, &sa, NULL));
	SHOW(kill(getpid(), 65));
	SHOW(kill(getpid(), 0));
	SHOW(kill(-123456, 0));

	sigfillset(&set);
	SHOW(sigprocmask(SIG_SETMASK, &set, NULL));
	sigprocmask(SIG_BLOCK, NULL, &set);
	IS(sigismember(&set, SIGKILL));
	IS(sigismember(&set, SIGTERM));
	SHOW(sigprocmask(77, &set, NULL));
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);

	/* The mask of a wait is gone after it. */
	signal(SIGALRM, nest);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	count = 0;
	raise(SIGALRM);
	SHOW(count);
	sigemptyset(&set);
	SHOW(sigsuspend(&set));
	SHOW(count);
	sigprocmask(SIG_BLOCK, NULL, &set);
	IS(sigismember(&set, SIGALRM));
	return 0;
}

/*
 * Callee-saved registers over calls: the kernel saves them only for calls
 * and signals that want them, so each kind of way out is tried.
 */
// oracle: user
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define SAVED 11 /* s1 to s11 */

/* Makes a call with s1 to s11 at 0x101 to 0x10b, tells what they are then. */
long call_seen(long nr, long a0, long a1, long seen[SAVED]);

__asm__(
    ".text\n.globl call_seen\ncall_seen:\n"
    "addi sp, sp, -112\n"
    "sd s1, 0(sp)\nsd s2, 8(sp)\nsd s3, 16(sp)\nsd s4, 24(sp)\n"
    "sd s5, 32(sp)\nsd s6, 40(sp)\nsd s7, 48(sp)\nsd s8, 56(sp)\n"
    "sd s9, 64(sp)\nsd s10, 72(sp)\nsd s11, 80(sp)\nsd a3, 88(sp)\n"
    "li s1, 0x101\nli s2, 0x102\nli s3, 0x103\nli s4, 0x104\n"
    "li s5, 0x105\nli s6, 0x106\nli s7, 0x107\nli s8, 0x108\n"
    "li s9, 0x109\nli s10, 0x10a\nli s11, 0x10b\n"
    "mv a7, a0\nmv a0, a1\nmv a1, a2\n"
    "li a2, 0\nli a3, 0\nli a4, 0\nli a5, 0\n"
    "ecall\n"
    "ld t0, 88(sp)\n"
    "sd s1, 0(t0)\nsd s2, 8(t0)\nsd s3, 16(t0)\nsd s4, 24(t0)\n"
    "sd s5, 32(t0)\nsd s6, 40(t0)\nsd s7, 48(t0)\nsd s8, 56(t0)\n"
    "sd s9, 64(t0)\nsd s10, 72(t0)\nsd s11, 80(t0)\n"
    "ld s1, 0(sp)\nld s2, 8(sp)\nld s3, 16(sp)\nld s4, 24(sp)\n"
    "ld s5, 32(sp)\nld s6, 40(sp)\nld s7, 48(sp)\nld s8, 56(sp)\n"
    "ld s9, 64(sp)\nld s10, 72(sp)\nld s11, 80(sp)\n"
    "addi sp, sp, 112\n"
    "ret\n");

static int
index_of(int i)
{
	return i == 0 ? 9 : 17 + i; /* s1 is x9, s2 to s11 are x18 to x27 */
}

static int
kept(const long seen[SAVED], long first)
{
	int good = 1;

	for (int i = 0; i < SAVED; i++)
		good &= seen[i] == first + i;
	return good;
}

static volatile int in_context, change;

static void
look(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	long seen[SAVED];

	(void)number;
	(void)info;
	for (int i = 0; i < SAVED; i++) {
		seen[i] = (long)uc->uc_mcontext.__gregs[index_of(i)];
		if (change)
			uc->uc_mcontext.__gregs[index_of(i)] += 0x200;
	}
	in_context = kept(seen, 0x101);
}

static void
signalled(const char *what)
{
	long seen[SAVED];

	in_context = 0;
	call_seen(SYS_kill, getpid(), SIGUSR1, seen);
	printf("%s: in the frame %d, afterwards %s\n", what, in_context,
	    kept(seen, 0x101) ? "as before" :
	    kept(seen, 0x301) ? "as the handler said" : "lost");
}

static void
forked(void)
{
	long seen[SAVED];
	long pid = call_seen(SYS_clone, SIGCHLD, 0, seen);
	int status;

	if (pid == 0)
		_exit(kept(seen, 0x101) ? 42 : 1);
	printf("fork: parent %d\n", kept(seen, 0x101));
	waitpid((pid_t)pid, &status, 0);
	printf("fork: child %d\n", WEXITSTATUS(status));
}

int
main(void)
{
	struct sigaction act = { .sa_sigaction = look,
		.sa_flags = SA_SIGINFO };
	long seen[SAVED];

	memset(seen, 0, sizeof(seen));
	call_seen(SYS_getppid, 0, 0, seen);
	printf("plain: %d\n", kept(seen, 0x101));
	call_seen(SYS_sched_yield, 0, 0, seen);
	printf("yield: %d\n", kept(seen, 0x101));
	printf("no call: %d", call_seen(5000, 0, 0, seen) < 0);
	printf(" %d\n", kept(seen, 0x101));
	fflush(stdout);
	forked();
	sigaction(SIGUSR1, &act, NULL);
	signalled("signal");
	change = 1;
	signalled("changed");
	return 0;
}

/* Registers live through signals, switches and fork: the red zone, all
 * general registers, and the vector unit's as wide as they are. */
#include "../check.h"

#include <cpuid.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define MAGIC1 0x46505853u
#define MAGIC2 0x46505845u

static volatile bool frame_good;

/* What lies in the frame: the size it says, and the mark behind. */
static void
look(int n, siginfo_t *si, void *context)
{
	ucontext_t *u = context;
	unsigned char *fp = (unsigned char *)u->uc_mcontext.fpregs;
	uint32_t words[6], mark;

	(void)n;
	(void)si;
	memcpy(words, fp + 464, sizeof(words));
	memcpy(&mark, fp + words[4], sizeof(mark));
	frame_good = words[0] == MAGIC1 && words[1] == words[4] + 4 &&
	    mark == MAGIC2 && ((uintptr_t)fp & 63) == 0;
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm7, %%xmm7"
	    : : : "xmm0", "xmm7");
}

static void
widen(int n)
{
	(void)n;
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vpcmpeqd %%xmm1, %%xmm1, %%xmm1\n\t"
		    "vinsertf128 $1, %%xmm1, %%ymm1, %%ymm3"
		    : : : "xmm1", "xmm3");
}

static unsigned char a[32], b[32];

/* Fills ymm3 (or xmm3) from a, has a signal, and shows it in b. */
static bool
vectors_live(void)
{
	bool avx = __builtin_cpu_supports("avx");
	long pid = getpid(), nr = SYS_kill;

	for (unsigned i = 0; i < 32; i++)
		a[i] = (unsigned char)(i * 9 + 1);
	if (avx)
		__asm__ volatile("vmovdqu %2, %%ymm3\n\tsyscall\n\t"
		    "vmovdqu %%ymm3, %1"
		    : "+a"(nr), "=m"(b) : "m"(a), "D"(pid), "S"(SIGUSR2)
		    : "rcx", "r11", "memory", "xmm3");
	else
		__asm__ volatile("movdqu %2, %%xmm3\n\tsyscall\n\t"
		    "movdqu %%xmm3, %1"
		    : "+a"(nr), "=m"(b) : "m"(a), "D"(pid), "S"(SIGUSR2)
		    : "rcx", "r11", "memory", "xmm3");
	return memcmp(a, b, avx ? 32 : 16) == 0;
}

/* The 128 bytes below the stack pointer belong to the function. */
static bool
red_zone_lives(void)
{
	long sum = 0, nr = SYS_kill;

	__asm__ volatile(
	    "movq $7, -8(%%rsp)\n\tmovq $8, -128(%%rsp)\n\t"
	    "syscall\n\t"
	    "movq -8(%%rsp), %1\n\taddq -128(%%rsp), %1"
	    : "+a"(nr), "=&r"(sum) : "D"((long)getpid()), "S"((long)SIGUSR1)
	    : "rcx", "r11", "memory");
	return sum == 15;
}

/* Every register but those a call is allowed to change. */
static bool
registers_live(void)
{
	long nr = SYS_getppid, bad;

	__asm__ volatile(
	    "movq $1, %%rbx\n\tmovq $2, %%rdi\n\tmovq $3, %%rsi\n\t"
	    "movq $4, %%rdx\n\tmovq $5, %%r8\n\tmovq $6, %%r9\n\t"
	    "movq $7, %%r10\n\tmovq $8, %%r12\n\tmovq $9, %%r13\n\t"
	    "movq $10, %%r14\n\tmovq $11, %%r15\n\tsyscall\n\t"
	    "subq $1, %%rbx\n\tsubq $2, %%rdi\n\tsubq $3, %%rsi\n\t"
	    "subq $4, %%rdx\n\tsubq $5, %%r8\n\tsubq $6, %%r9\n\t"
	    "subq $7, %%r10\n\tsubq $8, %%r12\n\tsubq $9, %%r13\n\t"
	    "subq $10, %%r14\n\tsubq $11, %%r15\n\t"
	    "movq %%rbx, %%rcx\n\torq %%rdi, %%rcx\n\torq %%rsi, %%rcx\n\t"
	    "orq %%rdx, %%rcx\n\torq %%r8, %%rcx\n\torq %%r9, %%rcx\n\t"
	    "orq %%r10, %%rcx\n\torq %%r12, %%rcx\n\torq %%r13, %%rcx\n\t"
	    "orq %%r14, %%rcx\n\torq %%r15, %%rcx"
	    : "+a"(nr), "=&c"(bad) : : "rbx", "rdi", "rsi", "rdx", "r8", "r9",
	    "r10", "r11", "r12", "r13", "r14", "r15", "memory");
	return bad == 0;
}

/* Two processes that fill the same registers with their own, in turns. */
static bool
switches_keep(unsigned char fill)
{
	unsigned char a[16], b[16];

	memset(a, fill, sizeof(a));
	for (unsigned i = 0; i < 200; i++) {
		long nr = SYS_sched_yield;

		__asm__ volatile("movdqu %2, %%xmm15\n\tsyscall\n\t"
		    "movdqu %%xmm15, %1" : "+a"(nr), "=m"(b) : "m"(a)
		    : "rcx", "r11", "memory", "xmm15");
		if (memcmp(a, b, sizeof(a)) != 0)
			return false;
	}
	return true;
}

/* Frames anywhere in a page, and so over the ends of pages. */
static bool
frames_anywhere(void)
{
	static char room[1 << 17] __attribute__((aligned(4096)));
	struct sigaction sa = { .sa_flags = SA_ONSTACK };
	stack_t ss = { .ss_sp = room, .ss_size = 1 << 16 };
	unsigned bad = 0;

	sa.sa_handler = widen;
	sigaction(SIGUSR2, &sa, NULL);
	for (unsigned at = 0; at < 4096; at += 16) {
		ss.ss_sp = room + at;
		sigaltstack(&ss, NULL);
		bad += !vectors_live();
	}
	ss.ss_flags = SS_DISABLE;
	sigaltstack(&ss, NULL);
	return bad == 0;
}

/* What a handler may do to the state in its frame. */
enum { MOVE, NONE, LEGACY, INITIAL, CHANGE };
static int how;

static void
edit(int n, siginfo_t *si, void *context)
{
	static unsigned char other[1 << 14] __attribute__((aligned(64)));
	ucontext_t *u = context;
	unsigned char *fp = (unsigned char *)u->uc_mcontext.fpregs;
	uint32_t size;

	(void)n;
	(void)si;
	switch (how) {
	case MOVE:
		memcpy(&size, fp + 464 + 16, sizeof(size));
		memcpy(other, fp, size + 4);
		memset(fp, 0xff, size);
		u->uc_mcontext.fpregs = (void *)other;
		break;
	case NONE:
		u->uc_mcontext.fpregs = NULL;
		break;
	case LEGACY: /* no mark: only the old part counts */
		memset(fp + 464, 0, 4);
		break;
	case INITIAL: /* the header says that nothing is used */
		memset(fp + 512, 0, 8);
		break;
	case CHANGE:
		u->uc_mcontext.fpregs->_xmm[3].element[0]++;
		break;
	}
}

static void
edits(void)
{
	static const char *const names[] = { "moved", "none", "legacy",
		"initial", "changed" };
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	bool avx = __builtin_cpu_supports("avx");
	static const unsigned char zero[16];

	sa.sa_sigaction = edit;
	sigaction(SIGUSR2, &sa, NULL);
	for (how = MOVE; how <= CHANGE; how++) {
		bool same = vectors_live();

		printf("%s: low %s", names[how],
		    memcmp(a, b, 16) == 0 ? "same" :
		    memcmp(b, zero, 16) == 0 ? "zero" : "other");
		/* Without the wide registers what they would be. */
		printf(", high %s\n", !avx ? how == MOVE || how == CHANGE ?
		    "same" : "zero" : memcmp(a + 16, b + 16, 16) == 0 ?
		    "same" : memcmp(b + 16, zero, 16) == 0 ? "zero" : "other");
		IS(same == (how == MOVE));
	}
}

/* A frame whose state cannot be loaded ends the program, not the kernel. */
static void
spoil(int n, siginfo_t *si, void *context)
{
	ucontext_t *u = context;

	(void)si;
	if (n == SIGUSR1)
		u->uc_mcontext.fpregs->mxcsr = 0xffffffff;
	else
		memset((char *)u->uc_mcontext.fpregs + 512, 0xff, 64);
}

static void
spoiled(const char *what, int n)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	int status;

	fflush(stdout);
	sa.sa_sigaction = spoil;
	if (fork() == 0) {
		sigaction(n, &sa, NULL);
		raise(n);
		_exit(0);
	}
	wait(&status);
	fate(what, status);
}

/* A program that catches the signal for it goes on, and switches to and from
 * another one find nothing of the state that was refused. */
static sigjmp_buf caught;

static void
catch(int n)
{
	(void)n;
	siglongjmp(caught, 1);
}

static bool
goes_on(int n)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	int status;
	bool good;

	fflush(stdout);
	if (fork() == 0)
		_exit(switches_keep(0x11) ? 0 : 1);
	sa.sa_sigaction = spoil;
	sigaction(n, &sa, NULL);
	signal(SIGSEGV, catch);
	if (sigsetjmp(caught, 1) == 0) {
		raise(n);
		return false;
	}
	good = switches_keep(0x22);
	signal(SIGSEGV, SIG_DFL);
	wait(&status);
	return good && status == 0;
}

int
main(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sa.sa_sigaction = look;
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGUSR2, widen);
	IS(red_zone_lives());
	IS(frame_good);
	IS(vectors_live());
	IS(frames_anywhere());
	edits();
	IS(registers_live());
	fflush(stdout);
	if (fork() == 0)
		_exit(switches_keep(0x55) ? 0 : 1);
	IS(switches_keep(0xaa));
	wait(&status);
	fate("the other", status);
	spoiled("bad MXCSR", SIGUSR1);
	spoiled("bad header", SIGUSR2);
	IS(goes_on(SIGUSR1));
	IS(goes_on(SIGUSR2));
	return 0;
}

/* Registers live through signals, switches and fork: the red zone, all
 * general registers, and the vector unit's as wide as they are. */
#include "../check.h"

#include <cpuid.h>
#include <sched.h>
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

/* Fills ymm3 (or xmm3), has a signal, and looks at it again. */
static bool
vectors_live(void)
{
	static unsigned char a[32], b[32];
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
	IS(registers_live());
	fflush(stdout);
	if (fork() == 0)
		_exit(switches_keep(0x55) ? 0 : 1);
	IS(switches_keep(0xaa));
	wait(&status);
	fate("the other", status);
	spoiled("bad MXCSR", SIGUSR1);
	spoiled("bad header", SIGUSR2);
	return 0;
}

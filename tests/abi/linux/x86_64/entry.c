/* The ways into the kernel of x86_64, and the traps they have had. */
#include "../check.h"

#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <ucontext.h>

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

/* Runs fn in a child and tells its fate. */
static void
child(const char *what, void (*fn)(void))
{
	int status;

	fflush(stdout);
	if (fork() == 0) {
		fn();
		_exit(0);
	}
	wait(&status);
	fate(what, status);
}

/* What other kernels may still offer; here it must fault. */
static void
absent(const char *what, void (*fn)(void))
{
	struct utsname u;
	int status;
	bool faults;

	uname(&u);
	if (fork() == 0) {
		fn();
		_exit(0);
	}
	wait(&status);
	/* QEMU knows SYSENTER only on Intel's CPUs, and #SS never. */
	faults = WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV ||
	    WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGBUS);
	printf("%s: %s\n", what,
	    faults || strstr(u.release, "carmine") == NULL ? "fine" : "there");
}

static void
int_80(void)
{
	__asm__ volatile("int $0x80" : : "a"(20) : "memory", "r8", "r9",
	    "r10", "r11");
}

static void
vsyscall(void)
{
	long (*time_at)(long *) = (void *)0xffffffffff600400;

	time_at(NULL);
}

static void
int_other(void)
{
	__asm__ volatile("int $0x20");
}

static void
int_page_fault(void)
{
	__asm__ volatile("int $14");
}

static void
sysenter(void)
{
	__asm__ volatile("pushq %rcx\n\tmovq %rsp, %rbp\n\tsysenter");
}

static void
far_32(void)
{
	static struct {
		uint32_t offset;
		uint16_t selector;
	} to = { 0, 0x23 };

	__asm__ volatile("ljmpl *%0" : : "m"(to));
}

static void
null_selector(void)
{
	__asm__ volatile("pushq $0\n\tpushq $0\n\tlretq");
}

static void
jump_high(void)
{
	__asm__ volatile("jmp *%0" : : "r"(0x8000000000000000ul));
}

static void
jump_kernel(void)
{
	__asm__ volatile("jmp *%0" : : "r"(0xffffffff80200000ul));
}

/* SYSCALL as the last bytes before an address that does not exist. */
static void
high_handler(int n, siginfo_t *si, void *context)
{
	ucontext_t *u = context;

	(void)n;
	(void)si;
	u->uc_mcontext.gregs[REG_RIP] = 0x0000800000000000;
}

static void
return_high(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };

	sa.sa_sigaction = high_handler;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
}

/* A frame's stack pointer of no address: the next push faults, and so does the
 * frame for that fault. */
static void
high_stack_handler(int n, siginfo_t *si, void *context)
{
	ucontext_t *u = context;

	(void)n;
	(void)si;
	u->uc_mcontext.gregs[REG_RSP] = (greg_t)0x8000000000000000;
}

static void
return_high_stack(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };

	sa.sa_sigaction = high_stack_handler;
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	raise(SIGUSR1);
}

static void
stack_high(void)
{
	__asm__ volatile("movq %0, %%rsp\n\tmovl $39, %%eax\n\tsyscall\n\t"
	    "pushq %%rax" : : "r"(0x8000000000000000ul));
}

/* A call with a stack pointer that means nothing. */
static void
stack_kernel(void)
{
	long pid;

	__asm__ volatile("movq %%rsp, %%rbx\n\tmovq %2, %%rsp\n\tsyscall\n\t"
	    "movq %%rbx, %%rsp" : "=a"(pid)
	    : "0"(SYS_getpid), "r"(0xffffffff80200000ul)
	    : "rbx", "rcx", "r11", "memory");
	_exit(pid == getpid() ? 5 : 6);
}

/* ---- flags --------------------------------------------------------------- */

#define FLAG_TF   0x100ul
#define FLAG_IF   0x200ul
#define FLAG_DF   0x400ul
#define FLAG_IOPL 0x3000ul
#define FLAG_NT   0x4000ul
#define FLAG_RF   0x10000ul
#define FLAG_VM   0x20000ul
#define FLAG_AC   0x40000ul
#define FLAG_VIF  0x80000ul

/* The flags behind a call that was made with these set. */
static unsigned long
flags_through_call(unsigned long set)
{
	unsigned long out, nr = SYS_getppid;

	__asm__ volatile("pushfq\n\torq %2, (%%rsp)\n\tpopfq\n\tsyscall\n\t"
	    "pushfq\n\tpopq %1\n\tpushq $0x202\n\tpopfq"
	    : "+a"(nr), "=&r"(out) : "r"(set) : "rcx", "r11", "memory");
	return out & set;
}

static volatile unsigned steps;

static void
step(int n, siginfo_t *si, void *context)
{
	(void)n;
	(void)context;
	steps += si->si_code == TRAP_TRACE;
}

/* The flags behind a signal whose handler put these into its frame. */
static unsigned long wanted;

static void
set_flags(int n, siginfo_t *si, void *context)
{
	ucontext_t *u = context;

	(void)n;
	(void)si;
	u->uc_mcontext.gregs[REG_EFL] = (greg_t)wanted;
}

static unsigned long
flags_through_frame(unsigned long set)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	unsigned long out, nr = SYS_kill;

	sa.sa_sigaction = set_flags;
	sigaction(SIGUSR1, &sa, NULL);
	wanted = set;
	__asm__ volatile("syscall\n\tpushfq\n\tpopq %1\n\t"
	    "pushq $0x202\n\tpopfq" : "+a"(nr), "=&r"(out)
	    : "D"((long)getpid()), "S"((long)SIGUSR1)
	    : "rcx", "r11", "memory");
	return out;
}

/* One that asks for a trap after each instruction gets it. */
static void
stepped_by_frame(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };

	steps = 0;
	sa.sa_sigaction = step;
	sigaction(SIGTRAP, &sa, NULL);
	(void)flags_through_frame(FLAG_TF);
	IS(steps >= 3 && steps <= 8);
}

/* A handler begins without those that would surprise it. */
static volatile unsigned long seen;

static void
see_flags(int n)
{
	(void)n;
	seen = __builtin_ia32_readeflags_u64();
}

static unsigned long
flags_of_handler(unsigned long set)
{
	unsigned long nr = SYS_kill;

	signal(SIGUSR1, see_flags);
	__asm__ volatile("pushfq\n\torq %1, (%%rsp)\n\tpopfq\n\tsyscall\n\t"
	    "pushq $0x202\n\tpopfq" : "+a"(nr)
	    : "r"(set), "D"((long)getpid()), "S"((long)SIGUSR1)
	    : "rcx", "r11", "memory");
	return seen;
}

static void
flags(void)
{
	unsigned long f;

	IS(flags_through_call(FLAG_DF) == FLAG_DF);
	IS(flags_through_call(FLAG_NT) == FLAG_NT);
	IS(flags_through_call(FLAG_AC) == FLAG_AC);
	IS(flags_through_call(FLAG_IOPL) == 0);
	IS(flags_through_call(FLAG_RF) == 0);
	IS(flags_through_call(FLAG_DF | FLAG_NT | FLAG_AC) ==
	    (FLAG_DF | FLAG_NT | FLAG_AC));
	f = flags_through_frame(FLAG_DF | FLAG_AC | 0x8d5);
	IS((f & 0xcd5) == 0xcd5 && (f & FLAG_AC) && (f & FLAG_IF));
	f = flags_through_frame(FLAG_IOPL | FLAG_NT | FLAG_VM | FLAG_VIF);
	IS((f & (FLAG_IOPL | FLAG_NT | FLAG_VM | FLAG_VIF)) == 0 &&
	    (f & FLAG_IF));
	f = flags_through_frame(0);
	IS((f & 0x8d5) == 0 && (f & FLAG_IF));
	f = flags_of_handler(FLAG_DF | FLAG_AC);
	IS((f & FLAG_DF) == 0 && (f & FLAG_IF));
}

/* Stepping through a call. */
static void
stepped(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	unsigned long nr = SYS_getppid;

	steps = 0;
	sa.sa_sigaction = step;
	sigaction(SIGTRAP, &sa, NULL);
	__asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
	    "nop\n\tsyscall\n\tnop\n\t"
	    "pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq"
	    : "+a"(nr) : : "rcx", "r11", "memory");
	IS(steps >= 5 && steps <= 8);
}

/* ---- segment bases ------------------------------------------------------- */

static unsigned long
gs_word(void)
{
	unsigned long v;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(v));
	return v;
}

static void
bases(void)
{
	static unsigned long word = 0x1234;
	unsigned long got = 0;
	int status;

	SHOW(syscall(SYS_arch_prctl, ARCH_SET_GS, &word));
	IS(gs_word() == 0x1234);
	SHOW(syscall(SYS_arch_prctl, ARCH_GET_GS, &got));
	IS(got == (unsigned long)&word);
	SHOW(syscall(SYS_arch_prctl, ARCH_GET_FS, &got));
	IS(got == *(unsigned long *)got);
	SHOW(syscall(SYS_arch_prctl, ARCH_SET_GS, 0xffff800000000000ul));
	SHOW(syscall(SYS_arch_prctl, ARCH_SET_FS, 1ul << 47));
	SHOW(syscall(SYS_arch_prctl, 0x9999, 0));
	fflush(stdout);
	if (fork() == 0)
		_exit(gs_word() == 0x1234 ? 3 : 4);
	wait(&status);
	fate("base of a child", status);
}

/* Any base may be set by instruction where that is allowed; calls, faults
 * and interrupts go on as ever. */
static void
wild_base(void)
{
	unsigned long end = (unsigned long)now_ms() + 50;

	if ((getauxval(AT_HWCAP2) & 2) == 0)
		_exit(7);
	__asm__ volatile("wrgsbase %0" : : "r"(0xffffffff80200000ul));
	while ((unsigned long)now_ms() < end)
		getppid();
	*(volatile int *)nowhere = 0;
}

int
main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	absent("int 0x80", int_80);
	absent("vsyscall page", vsyscall);
	absent("sysenter", sysenter);
	absent("32-bit code", far_32);
	child("int 0x20", int_other);
	child("int 14", int_page_fault);
	child("jump to no address", jump_high);
	child("jump to the kernel", jump_kernel);
	child("return to no address", return_high);
	absent("stack at no address", stack_high);
	child("null code selector", null_selector);
	child("call with a stack of the kernel's", stack_kernel);
	absent("return to a stack at no address", return_high_stack);
	flags();
	stepped_by_frame();
	stepped();
	bases();
	absent("a fault with any GS base", wild_base);
	return 0;
}

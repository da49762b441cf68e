// oracle: user
/* Signal frames of aarch64: what stands in them, what a handler may change,
 * and which ones sigreturn refuses. */
#include "../check.h"

#include <asm/sigcontext.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <ucontext.h>

static struct _aarch64_ctx *
record(ucontext_t *u, uint32_t magic)
{
	char *at = (char *)u->uc_mcontext.__reserved;

	for (;;) {
		struct _aarch64_ctx *c = (struct _aarch64_ctx *)at;

		if (c->magic == magic)
			return c;
		if (c->magic == 0)
			return NULL;
		at += c->size;
	}
}

/* ---- contents and changes ----------------------------------------------- */

static volatile uintptr_t link_fp, link_lr;

static void
change(int n, siginfo_t *si, void *context)
{
	ucontext_t *u = context;
	struct fpsimd_context *fp = (void *)record(u, FPSIMD_MAGIC);
	uintptr_t *link = __builtin_frame_address(0);

	(void)n;
	(void)si;
	IS(((uintptr_t)context & 15) == 0);
	IS((uintptr_t)u - (uintptr_t)si == 128);
	IS(fp != NULL && fp->head.size == sizeof(*fp));
	IS(record(u, 0) != NULL);
	IS((uint64_t)fp->vregs[8] == 1234);
	IS(u->uc_mcontext.regs[20] == 20);
	/* Our own record leads to the frame's, that to the interrupted one. */
	link = (uintptr_t *)link[0];
	link_fp = link[0] == u->uc_mcontext.regs[29];
	link_lr = link[1] == u->uc_mcontext.regs[30];
	fp->vregs[8] = 4321;
	u->uc_mcontext.regs[20] = 21;
	u->uc_mcontext.pstate = 0x60000000; /* Z and C */
	/* Not that of the frame any more. */
	__asm__ volatile("movi v8.16b, #9" : : : "v8");
}

static void
changes(void)
{
	struct sigaction act = { .sa_flags = SA_SIGINFO };
	uint64_t v8, x20, flags;

	act.sa_sigaction = change;
	sigaction(SIGUSR1, &act, NULL);
	__asm__ volatile("mov x20, #20\n\tfmov d8, %3\n\tmov x0, %4\n\t"
	    "mov x1, #10\n\tmov x8, #129\n\tsvc #0\n\t"
	    "mov %1, x20\n\tfmov %0, d8\n\tmrs %2, nzcv"
	    : "=&r"(v8), "=&r"(x20), "=&r"(flags)
	    : "r"(1234L), "r"((long)getpid())
	    : "x0", "x1", "x8", "x20", "v8", "memory", "cc");
	IS(link_fp && link_lr);
	IS(v8 == 4321);
	IS(x20 == 21);
	IS(flags == 0x60000000);
}

/* ---- frames anywhere ---------------------------------------------------- */

static void
clear_v8(int n)
{
	(void)n;
	__asm__ volatile("movi v8.16b, #0" : : : "v8");
}

/* In a page, and so over the ends of pages. */
static void
places(void)
{
	static char room[1 << 16] __attribute__((aligned(4096)));
	struct sigaction act = { .sa_flags = SA_ONSTACK };
	stack_t ss = { .ss_sp = room, .ss_size = 1 << 15 };
	unsigned bad = 0;

	act.sa_handler = clear_v8;
	sigaction(SIGUSR1, &act, NULL);
	for (unsigned at = 0; at < 4096; at += 16) {
		uint64_t v8, x20;

		ss.ss_sp = room + at;
		sigaltstack(&ss, NULL);
		__asm__ volatile("mov x20, #20\n\tfmov d8, %2\n\t"
		    "mov x0, %3\n\tmov x1, #10\n\tmov x8, #129\n\tsvc #0\n\t"
		    "mov %1, x20\n\tfmov %0, d8" : "=&r"(v8), "=&r"(x20)
		    : "r"((long)at + 1), "r"((long)getpid())
		    : "x0", "x1", "x8", "x20", "v8", "memory");
		bad += v8 != at + 1 || x20 != 20;
	}
	IS(bad == 0);
	ss.ss_flags = SS_DISABLE;
	sigaltstack(&ss, NULL);
}

/* ---- faults ------------------------------------------------------------- */

static sigjmp_buf out;

static void
fault(int n, siginfo_t *si, void *context)
{
	ucontext_t *u = context;
	struct esr_context *esr = (void *)record(u, ESR_MAGIC);

	printf("signal %d code %d at %s\n", n, si->si_code,
	    si->si_addr == (void *)0x1234000 ? "the page" : "?");
	IS(u->uc_mcontext.fault_address == (uintptr_t)si->si_addr);
	/* The oracle has none: an abort from user mode, by a write. */
	IS(esr == NULL || (esr->esr >> 26 == 0x24 && (esr->esr & 0x40)));
	siglongjmp(out, 1);
}

static void
faults(void)
{
	struct sigaction act = { .sa_flags = SA_SIGINFO | SA_NODEFER };

	act.sa_sigaction = fault;
	sigaction(SIGSEGV, &act, NULL);
	if (sigsetjmp(out, 1) == 0)
		*(volatile int *)0x1234000 = 1;
	if (sigsetjmp(out, 1) == 0)
		*(volatile int *)(0x1234000 | UINT64_C(0x77) << 56) = 1;
}

/* ---- a restorer of the program's own ------------------------------------ */

struct kernel_action {
	void (*handler)(int);
	uint64_t flags;
	void (*restorer)(void);
	uint64_t mask;
};
#define RESTORER 0x04000000

static volatile int restored, handled;

void restore(void);
__asm__(".pushsection .text\nrestore:\n\tadrp x0, restored\n\t"
	"add x0, x0, :lo12:restored\n\tmov w1, #1\n\tstr w1, [x0]\n\t"
	"mov x8, #139\n\tsvc #0\n.popsection");

static void
handle(int n)
{
	handled = n;
}

static void
restorers(void)
{
	struct kernel_action act = { handle, RESTORER, restore, 0 }, old;

	syscall(SYS_rt_sigaction, SIGUSR2, &act, NULL, 8);
	raise(SIGUSR2);
	IS(handled == SIGUSR2 && restored == 1);
	syscall(SYS_rt_sigaction, SIGUSR2, NULL, &old, 8);
	IS(old.handler == handle && old.restorer == restore &&
	    (old.flags & RESTORER));
}

/* ---- frames that are no good -------------------------------------------- */

static int damage;

static void
damaged(int n, siginfo_t *si, void *context)
{
	ucontext_t *u = context;

	(void)n;
	(void)si;
	switch (damage) {
	case 0: /* another mode */
		u->uc_mcontext.pstate |= 5;
		break;
	case 1: /* no FP/SIMD state */
		record(u, FPSIMD_MAGIC)->magic = 0x12345678;
		break;
	case 2:
		record(u, FPSIMD_MAGIC)->size = 8;
		break;
	case 3: /* a record that nobody knows */
		record(u, 0)->magic = 0x12345678;
		break;
	case 4: /* the list has no end */
		record(u, 0)->size = 16;
		break;
	}
}

static void
bad_frames(void)
{
	struct sigaction act = { .sa_flags = SA_SIGINFO };

	act.sa_sigaction = damaged;
	sigaction(SIGUSR1, &act, NULL);
	signal(SIGSEGV, SIG_DFL);
	for (damage = 1; damage < 5; damage++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0) {
			close(2); /* the oracle has something to say */
			raise(SIGUSR1);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		printf("damage %d: %s\n", damage, WIFSIGNALED(status) ?
		    strsignal(WTERMSIG(status)) : "went on");
	}
}

int
main(void)
{
	changes();
	places();
	faults();
	restorers();
	fflush(stdout);
	bad_frames();
	return 0;
}

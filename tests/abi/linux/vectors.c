/* Vector registers live through a handler that uses them. riscv64 only; the
 * others have theirs in the frame that frames.c looks at. */
#include "check.h"

#if defined(__riscv)

static void
clobber(int n)
{
	(void)n;
	__asm__ volatile(".option push\n.option arch, +v\n"
	    "vsetvli t0, x0, e8, m8, ta, ma\n"
	    "vmv.v.i v0, 5\nvmv.v.i v8, 6\nvmv.v.i v16, 7\nvmv.v.i v24, 8\n"
	    ".option pop" : : : "t0", "memory");
}

/* Loads v0 and v16 from a, sends itself SIGUSR1, stores them to b. */
static bool
survives(void)
{
	static uint8_t a[4096], b[4096];
	register long pid __asm__("a0") = getpid();
	size_t len;

	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = (uint8_t)(i * 7);
	__asm__ volatile(".option push\n.option arch, +v\n"
	    "vsetvli %0, x0, e8, m8, ta, ma\n"
	    "vle8.v v0, (%2)\nvle8.v v16, (%2)\n"
	    "li a1, 10\nli a7, 129\necall\n"
	    "vse8.v v0, (%3)\nadd t1, %3, %0\nvse8.v v16, (t1)\n"
	    ".option pop"
	    : "=&r"(len), "+r"(pid) : "r"(a), "r"(b)
	    : "a1", "a7", "t1", "memory");
	return memcmp(a, b, len) == 0 && memcmp(a, b + len, len) == 0;
}
#else
static void
clobber(int n)
{
	(void)n;
}

static bool
survives(void)
{
	return raise(SIGUSR1) == 0;
}
#endif

int
main(void)
{
	signal(SIGUSR1, clobber);
	IS(survives());
	IS(survives());
	return 0;
}

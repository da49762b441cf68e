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

/* Vector and FP registers stay when the kernel moves a page through a pipe
 * for us, which it does with vector registers. */
static bool
survives_copies(void)
{
	static uint8_t a[4096], b[4096], c[4096];
	size_t len, f = 0x4009abcd12345678u;
	int fd[2];

	if (pipe(fd) != 0)
		return false;
	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = (uint8_t)(i * 11);
	__asm__ volatile(".option push\n.option arch, +v, +d\n"
	    "vsetvli %[len], x0, e8, m8, ta, ma\n"
	    "vle8.v v0, (%[a])\nvle8.v v24, (%[a])\nfmv.d.x f20, %[f]\n"
	    "mv a0, %[w]\nmv a1, %[a]\nli a2, 4096\nli a7, 64\necall\n"
	    "mv a0, %[r]\nmv a1, %[c]\nli a2, 4096\nli a7, 63\necall\n"
	    "vse8.v v0, (%[b])\nadd t1, %[b], %[len]\n"
	    "vse8.v v24, (t1)\nfmv.x.d %[f], f20\n.option pop"
	    : [len] "=&r"(len), [f] "+&r"(f)
	    : [a] "r"(a), [b] "r"(b), [c] "r"(c), [w] "r"(fd[1]),
	    [r] "r"(fd[0])
	    : "a0", "a1", "a2", "a7", "t1", "f20", "memory");
	close(fd[0]);
	close(fd[1]);
	return memcmp(a, b, len) == 0 && memcmp(a, b + len, len) == 0 &&
	    memcmp(a, c, sizeof(c)) == 0 && f == 0x4009abcd12345678u;
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

static bool
survives_copies(void)
{
	return true;
}
#endif

int
main(void)
{
	signal(SIGUSR1, clobber);
	IS(survives());
	IS(survives());
	IS(survives_copies());
	IS(survives_copies());
	return 0;
}

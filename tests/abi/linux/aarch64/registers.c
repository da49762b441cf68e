// oracle: user
/* What user mode may read and do on aarch64, and that its own registers live
 * through switches: FP/SIMD and the thread register of threads that take
 * turns on one CPU. */
#include "../check.h"

#include <asm/hwcap.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define READ(name) ({ \
	uint64_t v_; \
	__asm__ volatile("mrs %0, " #name : "=r"(v_)); \
	v_; \
})

static void
identification(void)
{
	uint64_t caps = getauxval(AT_HWCAP);
	uint64_t pfr0 = READ(id_aa64pfr0_el1);
	uint64_t isar0 = READ(id_aa64isar0_el1);

	IS(READ(midr_el1) != 0);
	IS(READ(mpidr_el1) >> 31 == 1);
	IS((pfr0 & 0xf) != 0); /* 64-bit programs */
	IS(((pfr0 >> 16 & 0xf) != 0xf) == ((caps & HWCAP_FP) != 0));
	IS(((isar0 >> 16 & 0xf) != 0) == ((caps & HWCAP_CRC32) != 0));
	IS(((isar0 >> 20 & 0xf) >= 2) == ((caps & HWCAP_ATOMICS) != 0));
	IS(((pfr0 >> 32 & 0xf) != 0) == ((caps & HWCAP_SVE) != 0));
	IS((caps & (HWCAP_CPUID | HWCAP_ASIMD)) == (HWCAP_CPUID | HWCAP_ASIMD));
	/* Not one of the fields that are shown. */
	IS((READ(id_aa64mmfr0_el1) & 0xf) == 0);
	IS(READ(id_aa64dfr0_el1) >> 12 == 0);
}

static void
counters(void)
{
	uint64_t hz = READ(cntfrq_el0), a, b;
	struct timespec ts = { 0, 2000000 };

	IS(hz > 1000000);
	a = READ(cntvct_el0);
	nanosleep(&ts, NULL);
	b = READ(cntvct_el0);
	IS(b - a >= hz / 1000);
}

/* DC ZVA zeroes its block; cleaning and invalidating is allowed. */
static void
caches(void)
{
	static uint8_t block[4096] __attribute__((aligned(2048)));
	size_t size = (size_t)4 << (READ(dczid_el0) & 0xf);
	size_t line = (size_t)4 << (READ(ctr_el0) & 0xf);

	memset(block, 1, sizeof(block));
	IS((READ(dczid_el0) & 0x10) == 0 && size <= 2048);
	__asm__ volatile("dc zva, %0" : : "r"(block) : "memory");
	IS(block[0] == 0 && block[size - 1] == 0 && block[size] == 1);
	IS(line >= 16);
	__asm__ volatile("dc cvau, %0\n\tdc civac, %0\n\tdsb ish\n\t"
	    "ic ivau, %0\n\tdsb ish\n\tisb" : : "r"(block) : "memory");
}

/* A function that returns n, written where another one was. */
static int (*
write_code(uint32_t *at, unsigned n))(void)
{
	at[0] = 0x52800000u | n << 5; /* mov w0, #n */
	at[1] = 0xd65f03c0u; /* ret */
	__builtin___clear_cache((char *)at, (char *)(at + 2));
	return (int (*)(void))at;
}

static void
code(void)
{
	uint32_t *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (unsigned n = 1; n < 4; n++)
		printf("%d ", write_code(at, n)());
	printf("written code\n");
}

/* The top byte of an address is not looked at. */
static void
tags(void)
{
	volatile int word = 5;
	volatile int *tagged = (volatile int *)((uintptr_t)&word |
	    UINT64_C(0xa5) << 56);

	IS(*tagged == 5);
	*tagged = 6;
	IS(word == 6);
}

static __thread uint64_t own;
static _Atomic int bad;

/* Keeps values of its own in v8, v31, FPCR and the thread register. */
static void *
turn(void *arg)
{
	uint64_t n = (uintptr_t)arg, low, high, fpcr;

	own = n;
	__asm__ volatile("dup v8.2d, %0\n\tdup v31.2d, %1\n\tmsr fpcr, %2"
	    : : "r"(n), "r"(~n), "r"((n & 3) << 22) : "v8", "v31");
	for (int i = 0; i < 300; i++) {
		__asm__ volatile("mov x8, #124\n\tsvc #0" /* sched_yield */
		    : : : "memory", "x0", "x8");
		__asm__ volatile("mov %0, v8.d[1]\n\tmov %1, v31.d[0]\n\t"
		    "mrs %2, fpcr" : "=r"(low), "=r"(high), "=r"(fpcr));
		if (low != n || high != ~n || fpcr != (n & 3) << 22 ||
		    own != n)
			bad++;
	}
	__asm__ volatile("msr fpcr, xzr");
	return NULL;
}

static void
switches(void)
{
	pthread_t t[4];
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, turn, (void *)(i + 1));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	IS(bad == 0);
}

/* A child has its parent's registers. */
static void
forks(void)
{
	double d = 0;
	int status = 0;
	pid_t pid;

	own = 77;
	__asm__ volatile("fmov d9, #1.5" : : : "v9");
	pid = fork();
	__asm__ volatile("fmov %d0, d9" : "=w"(d));
	if (pid == 0)
		_exit(d == 1.5 && own == 77 ? 3 : 4);
	waitpid(pid, &status, 0);
	IS(d == 1.5 && WEXITSTATUS(status) == 3);
}

int
main(void)
{
	identification();
	counters();
	caches();
	code();
	tags();
	switches();
	forks();
	return 0;
}

/*
 * What the host port asks of POSIX under names that the kernel has as well;
 * so this file includes no kernel header.
 */
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

void *host_ram_map(size_t len);
void host_yield(void);
uint64_t arch_time(void);
uint64_t arch_wall_seconds(void);

/* Blocks that are aligned in physical memory must be so in the direct map. */
#define RAM_ALIGN ((size_t)16 << 20)

/* len bytes of zeroes, aligned to RAM_ALIGN; NULL: none. */
void *
host_ram_map(size_t len)
{
	char *p = mmap(NULL, len + RAM_ALIGN, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	return p + (RAM_ALIGN - (uintptr_t)p % RAM_ALIGN) % RAM_ALIGN;
}

void
host_yield(void)
{
	sched_yield();
}

uint64_t
arch_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t
arch_wall_seconds(void)
{
	return (uint64_t)time(NULL);
}

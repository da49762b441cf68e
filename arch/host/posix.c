/*
 * What the host port asks of POSIX under names that the kernel has as well;
 * so this file includes no kernel header.
 */
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

void *host_ram_map(size_t len);
void arch_pause(void);
uint64_t arch_time(void);
uint64_t arch_wall_seconds(void);

/* len bytes of zeroes, page-aligned; NULL: none. */
void *
host_ram_map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void
arch_pause(void)
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

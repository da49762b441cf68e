/* SPDX-License-Identifier: MIT */
/*
 * A machine for the unit tests of mm/: one CPU, some RAM at a physical address
 * that is not 0, locks that only check that they are used in pairs.
 */
#pragma once

#include <kernel/log.h>
#include <kernel/mm.h>

#include <stdarg.h>

#define RAM_START UINT64_C(0x80000000)

uintptr_t host_direct_base;
_Thread_local struct thread_head *host_current;
_Thread_local struct host_cpu *host_cpu;
struct boot_info boot_info;
struct cpu cpus[CPU_MAX];
unsigned cpu_count = 1;
unsigned arch_pt_levels = 3;
vaddr_t arch_user_end = UINT64_C(1) << 38;
struct arch_space arch_kernel_space;

static struct thread_head shim_thread;
static struct host_cpu shim_cpu;
static unsigned shim_flushes;
static bool shim_panicked;
static jmp_buf shim_panic;

void
host_interrupts(void)
{
}

void
spin_init(struct spinlock *l, enum lock_rank rank, const char *name)
{
	*l = (struct spinlock)SPIN_INIT(rank, name);
}

void
spin_lock(struct spinlock *l)
{
	if (l->held++ != 0)
		abort();
}

void
spin_unlock(struct spinlock *l)
{
	if (--l->held != 0)
		abort();
}

unsigned long
spin_lock_irq(struct spinlock *l)
{
	unsigned long flags = arch_irq_save();

	spin_lock(l);
	return flags;
}

void
spin_unlock_irq(struct spinlock *l, unsigned long flags)
{
	spin_unlock(l);
	arch_irq_restore(flags);
}

void
preempt_check(void)
{
}

void
ref_bug(struct ref *r)
{
	(void)r;
	abort();
}

void
tlb_flush(struct arch_space *s, vaddr_t start, vaddr_t end)
{
	(void)s;
	(void)start;
	(void)end;
	shim_flushes++;
}

/* A test that expects a panic sets shim_panic first. */
void
panic(const char *fmt, ...)
{
	va_list args;

	if (shim_panicked)
		longjmp(shim_panic, 1);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	abort();
}

void
assert_failed(const char *what, const char *file, int line)
{
	panic("%s:%d: %s", file, line, what);
}

#define EXPECT_PANIC(statement) \
	do { \
		unit.expectations++; \
		shim_panicked = true; \
		if (setjmp(shim_panic) == 0) { \
			statement; \
			shim_panicked = false; \
			EXPECT(!"no panic"); \
		} \
		shim_panicked = false; \
	} while (0)

/* bytes of RAM from RAM_START; the page allocator works afterwards. */
static void
shim_boot(size_t bytes)
{
	void *ram = aligned_alloc(MIB(8), bytes);

	if (ram == NULL)
		abort();
	host_direct_base = (uintptr_t)ram - RAM_START;
	host_current = &shim_thread;
	host_cpu = &shim_cpu;
	shim_thread.cpu = &cpus[0];
	shim_cpu.irqs_on = true;
	boot_info.ram[0] = (struct boot_range){ RAM_START, bytes };
	boot_info.ram_count = 1;
	boot_info.cpu_count = 1;
}

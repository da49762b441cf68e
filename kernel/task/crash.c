/* SPDX-License-Identifier: MIT */
/*
 * Faults on purpose: what the panic report looks like, and that what must not
 * be possible is not. Root of the machine writes a name to
 * /proc/carmine/crash; crash=NAME on the command line does the same at the end
 * of start-up, before there is a program.
 */
#include <kernel/log.h>
#include <kernel/panic.h>
#include <kernel/task.h>

#include <lib/string.h>

/* What the compiler may not see through. */
static volatile uintptr_t zero;

static void
crash_null(void)
{
	(void)*(volatile char *)zero;
}

static void
crash_assert(void)
{
	ASSERT(zero == 1);
}

static NOINLINE unsigned
deeper(unsigned n)
{
	volatile char room[256];

	room[n % sizeof(room)] = (char)n;
	return zero == 0 ? deeper(n + 1) + (unsigned)room[n % 7] : n;
}

static void
crash_stack(void)
{
	zero = deeper(0);
}

/* Over the end of an array of the stack, as a bad copy would. */
static void
crash_canary(void)
{
	volatile char room[32];
	size_t n = sizeof(room) + 24 + zero;

	for (size_t i = 0; i < n; i++)
		*((volatile char *)(uintptr_t)room + i) = 'x';
}

static void
crash_text(void)
{
	*(volatile char *)(uintptr_t)crash_null = 0;
}

static uint32_t data_code[4];

/* Data is not executed, whatever it is. */
static void
crash_data(void)
{
	((void (*)(void))((uintptr_t)data_code + zero))();
}

/* The program's stack, which is mapped. */
static vaddr_t
user_address(void)
{
	return arch_frame_sp(thread_frame(thread_current()));
}

static void
crash_user(void)
{
	(void)*(volatile char *)(user_address() + zero);
}

static void
crash_user_write(void)
{
	*(volatile char *)(user_address() + zero) = 0;
}

static void
crash_user_exec(void)
{
	((void (*)(void))(arch_frame_pc(thread_frame(thread_current()))))();
}

static atomic_bool seized;

static NORETURN void
keep_log(void *arg UNUSED)
{
	arch_irq_disable();
	log_seize();
	atomic_store(&seized, true);
	for (;;)
		arch_pause();
}

/* Another CPU holds the log's lock for ever, interrupts off; preemption is
 * off here, so that it is another. */
static void
crash_locked(void)
{
	ns_t limit = arch_time() + 5 * NS_PER_SEC;

	if (thread_kernel("crash", keep_log, NULL) != OK)
		return;
	preempt_disable();
	while (!atomic_load(&seized) && arch_time() < limit)
		arch_pause();
	crash_null();
}

static const struct {
	const char *name;
	void (*fn)(void);
	bool several; /* CPUs are needed */
	bool program; /* so is one */
} crashes[] = {
	{ "null", crash_null, false, false },
	{ "assert", crash_assert, false, false },
	{ "stack", crash_stack, false, false },
	{ "canary", crash_canary, false, false },
	{ "text", crash_text, false, false },
	{ "data", crash_data, false, false },
	{ "user", crash_user, false, true },
	{ "user-write", crash_user_write, false, true },
	{ "user-exec", crash_user_exec, false, true },
	{ "locked", crash_locked, true, false },
};

enum err
crash_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(crashes); i++) {
		if (strlen(crashes[i].name) != len ||
		    memcmp(crashes[i].name, name, len) != 0)
			continue;
		if ((crashes[i].several && cpu_count < 2) ||
		    (crashes[i].program && task_current()->space == NULL))
			return ERR_NOSYS;
		klog(LOG_WARN, "crash: %s, as it was asked for", name);
		crashes[i].fn();
		return ERR_IO;
	}
	return ERR_NOENT;
}

/*
 * Panics and backtraces.
 *
 * The first CPU to panic prints; the others are stopped by an IPI whose
 * handler looks at panic_running(). The symbol table is what tools/ksyms.py
 * put into the image: addresses in rising order and their names.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/panic.h>
#include <kernel/trace.h>

#include <lib/fmt.h>

#define PANIC_STATUS 99u /* what the emulator exits with */
#define FRAMES_MAX   32

static atomic_uint panic_owner; /* CPU number + 1; 0: none */

extern const uint32_t ksyms_count;
extern const vaddr_t ksyms_addr[];
extern const uint32_t ksyms_name_off[];
extern const char ksyms_names[];

const char *
symbol_name(vaddr_t addr, size_t *offset)
{
	uint32_t low = 0, high = ksyms_count;

	if (ksyms_count == 0 || addr < ksyms_addr[0])
		return NULL;
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (ksyms_addr[mid] <= addr)
			low = mid;
		else
			high = mid;
	}
	*offset = addr - ksyms_addr[low];
	return &ksyms_names[ksyms_name_off[low]];
}

void
backtrace_print(vaddr_t fp)
{
	vaddr_t pcs[FRAMES_MAX];
	size_t n = arch_backtrace(fp, pcs, FRAMES_MAX);

	for (size_t i = 0; i < n; i++) {
		size_t off = 0;
		const char *name = symbol_name(pcs[i] - 1, &off);

		log_raw("  %016lx %s+0x%lx\n", (unsigned long)pcs[i],
		    name != NULL ? name : "?", (unsigned long)off + 1);
	}
}

bool
panic_running(void)
{
	return atomic_load_explicit(&panic_owner, memory_order_relaxed) != 0;
}

/* Makes this CPU the one that reports; stops it when another one is. */
void
panic_enter(void)
{
	unsigned none = 0, me = cpu_id() + 1;

	arch_irq_disable();
	if (atomic_compare_exchange_strong(&panic_owner, &none, me)) {
		log_set_console_emergency();
		arch_ipi(cpu_online_mask() & ~(UINT64_C(1) << cpu_id()));
		return;
	}
	if (none == me) {
		log_raw("panic: again while reporting one\n");
		arch_poweroff(PANIC_STATUS);
	}
	arch_halt();
}

void
panic_finish(vaddr_t fp)
{
	backtrace_print(fp);
	trace_dump();
	log_raw("panic: end of report\n");
	arch_poweroff(PANIC_STATUS);
}

void
panic(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	panic_enter();
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_raw("panic: %s (cpu %u)\n", text, cpu_id());
	panic_finish(0);
}

void
assert_failed(const char *what, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, what);
}

/* Stack protector. */
uintptr_t __stack_chk_guard = 0x5f3a91c24be80700;
NORETURN void __stack_chk_fail(void);

void
__stack_chk_fail(void)
{
	panic("stack canary overwritten");
}

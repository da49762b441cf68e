/*
 * Panics and backtraces.
 *
 * The first CPU to panic prints; the others are stopped by an IPI whose
 * handler looks at panic_running(), leave a record of where they were on their
 * stacks, and never run again. One that has interrupts off does not answer;
 * the report goes past every lock that it may hold.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/panic.h>
#include <kernel/random.h>
#include <kernel/trace.h>
#include <kernel/unwind.h>

#include <lib/fmt.h>

#define PANIC_STATUS 99u /* what the emulator exits with */
#define FRAMES_MAX   32u
#define STOP_LIMIT   NS_PER_SEC /* for the others to stop */
#define LOG_LINES    16

/* Where a CPU was when it stopped; on its stack. */
struct stopped {
	const struct arch_frame *frame; /* NULL: not known */
	const char *task;
	int pid;
	struct unwind at; /* of that stack, which nobody changes any more */
};

static atomic_uint panic_owner; /* CPU number + 1; 0: none */
static struct stopped *_Atomic stopped[CPU_MAX];

static void
print_place(const struct unwind *u)
{
	char name[SYMBOL_NAME_MAX];
	size_t off = unwind_name(u, name);

	log_raw("  %016lx %s+0x%lx\n", (unsigned long)u->pc, name,
	    (unsigned long)off);
}

/* Changes a copy: a second report may want to begin there again. */
static void
print_callers(struct unwind u)
{
	for (unsigned n = 0; n < FRAMES_MAX && unwind_next(&u); n++)
		print_place(&u);
}

void
backtrace_print(void)
{
	struct unwind u;

	UNWIND_HERE(&u);
	print_callers(u);
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
		log_raw("\n"); /* a line may have been begun */
		return;
	}
	if (none == me) {
		log_raw("panic: again while reporting one\n");
		arch_poweroff(PANIC_STATUS);
	}
	panic_stop(NULL, NULL, 0);
}

void
panic_stop(const struct arch_frame *f, const char *task, int pid)
{
	struct stopped s = { .frame = f, .task = task, .pid = pid };

	arch_irq_disable();
	UNWIND_HERE(&s.at);
	atomic_store_explicit(&stopped[cpu_id()], &s, memory_order_release);
	arch_halt();
}

static void
print_other(unsigned cpu, ns_t limit)
{
	const struct stopped *s;

	do {
		s = atomic_load_explicit(&stopped[cpu], memory_order_acquire);
		arch_pause();
	} while (s == NULL && arch_time() < limit);
	if (s == NULL) {
		log_raw("cpu %u: does not stop, interrupts are off\n", cpu);
		return;
	}
	log_raw("cpu %u: stopped in task %d %s\n", cpu, s->pid,
	    s->task != NULL ? s->task : "-");
	if (s->frame != NULL)
		arch_frame_dump(s->frame);
	print_callers(s->at);
}

static void
print_others(void)
{
	ns_t limit = arch_time() + STOP_LIMIT;
	uint64_t online = cpu_online_mask();

	for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
		if (cpu != cpu_id() && (online >> cpu & 1) != 0)
			print_other(cpu, limit);
}

void
panic_finish(const struct unwind *from)
{
	if (arch_kernel_slide() != 0) /* tools/symbolize.py takes it off */
		log_raw("kernel offset %016lx\n",
		    (unsigned long)arch_kernel_slide());
	if (from == NULL) {
		backtrace_print();
	} else {
		print_place(from);
		print_callers(*from);
	}
	print_others();
	log_dump(LOG_LINES);
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
	panic_finish(NULL);
}

void
assert_failed(const char *what, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, what);
}

/* Stack protector; until canary_init() the same for every boot. Its lowest
 * byte is 0, so that no string runs over it. */
HOT_DATA uintptr_t __stack_chk_guard = 0x5f3a91c24be80700;
NORETURN void __stack_chk_fail(void);

void
__stack_chk_fail(void)
{
	panic("stack canary overwritten");
}

NO_CANARY void
canary_init(void)
{
	__stack_chk_guard = random_u64() & ~UINT64_C(0xff);
}

/* SPDX-License-Identifier: MIT */
/*
 * Events for the panic report, and counts of calls that nobody implements.
 *
 * Each CPU has a small ring of events that are written without locks, with
 * irqs off; a panic on any CPU prints them all, oldest first per CPU.
 */
#include <kernel/abi.h>
#include <kernel/log.h>
#include <kernel/trace.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define EVENTS 16

struct event {
	ns_t when;
	const char *what;
	uintptr_t a, b;
};

static struct {
	struct event event[EVENTS];
	unsigned next;
} ALIGNED(64) rings[CPU_MAX];

void
trace_event(const char *what, uintptr_t a, uintptr_t b)
{
	unsigned long flags = arch_irq_save();
	unsigned cpu = cpu_id();

	rings[cpu].event[rings[cpu].next++ % EVENTS] = (struct event){
		.when = time_now(),
		.what = what,
		.a = a,
		.b = b,
	};
	arch_irq_restore(flags);
}

void
trace_dump(void)
{
	for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
		for (unsigned i = 0; i < EVENTS; i++) {
			const struct event *e = &rings[cpu].event[
			    (rings[cpu].next + i) % EVENTS];

			if (e->what == NULL)
				continue;
			log_raw("event: cpu %u %lu ns %s %lx %lx\n", cpu,
			    (unsigned long)e->when, e->what,
			    (unsigned long)e->a, (unsigned long)e->b);
		}
	}
}

/* ---- calls without an implementation ----------------------------------- */

#define KINDS 128

static struct missing {
	atomic_ullong key; /* [A] abi index + 1 << 48 | number; 0: free */
	atomic_ulong count; /* [A] */
} missing[KINDS];

static atomic_ulong missing_others; /* the table was full */

void
trace_unimplemented(unsigned abi_index, uintptr_t nr)
{
	unsigned long long key = (uint64_t)(abi_index + 1) << 48 |
	    (nr & UINT64_C(0xffffffffffff));

	/* Slots are taken in order and never given back. */
	for (unsigned i = 0; i < KINDS; i++) {
		unsigned long long old = atomic_load_explicit(
		    &missing[i].key, memory_order_relaxed);

		if (old == 0 && atomic_compare_exchange_strong(
		    &missing[i].key, &old, key))
			old = key;
		if (old == key) {
			atomic_fetch_add_explicit(
			    &missing[i].count, 1, memory_order_relaxed);
			return;
		}
	}
	atomic_fetch_add_explicit(&missing_others, 1, memory_order_relaxed);
}

static size_t
missing_line(const struct missing *m, char *line, size_t size)
{
	unsigned long long key = atomic_load(&m->key);
	unsigned index = (unsigned)(key >> 48) - 1;
	const struct abi *abi = abi_by_index(index);

	return (size_t)snprintf(line, size, "%s %lu %lu\n",
	    abi == NULL ? "?" : abi->name,
	    (unsigned long)(key & UINT64_C(0xffffffffffff)),
	    atomic_load(&m->count));
}

/* Lines "abi number count", from byte off of the whole text. */
size_t
trace_unimplemented_text(char *buf, size_t len, size_t off)
{
	size_t at = 0, done = 0;
	char line[80];

	for (unsigned i = 0; i < KINDS && done < len; i++) {
		size_t n, skip;

		if (atomic_load(&missing[i].key) == 0)
			break;
		n = missing_line(&missing[i], line, sizeof(line));
		skip = off > at ? MIN(off - at, n) : 0;
		at += n;
		n = MIN(n - skip, len - done);
		memcpy(buf + done, line + skip, n);
		done += n;
	}
	return done;
}

#include "asid.h"

#include <kernel/cpu.h>

struct asid_slot {
	const struct arch_space *space; /* [C] may be gone: only compared */
	uint64_t generation; /* [C] the TLB is good for this one */
};

static struct {
	struct asid_slot slots[ASID_SLOTS];
	unsigned next; /* [C] victim */
	unsigned current; /* [C] number in use; 0: none */
} asids[CPU_MAX];

unsigned
asid_use(const struct arch_space *s, bool *stale)
{
	uint64_t now = atomic_load_explicit(
	    &s->generation, memory_order_acquire);
	unsigned cpu = cpu_id(), i;

	for (i = 0; i < ASID_SLOTS; i++)
		if (asids[cpu].slots[i].space == s)
			break;
	if (i == ASID_SLOTS) {
		i = asids[cpu].next;
		asids[cpu].next = (i + 1) % ASID_SLOTS;
		asids[cpu].slots[i] = (struct asid_slot){ s, 0 };
	}
	*stale = asids[cpu].slots[i].generation != now;
	asids[cpu].slots[i].generation = now;
	asids[cpu].current = i + 1;
	return i + 1;
}

void
asid_use_none(void)
{
	asids[cpu_id()].current = 0;
}

void
asid_flushed(const struct arch_space *s, uint64_t generation)
{
	unsigned cpu = cpu_id(), i = asids[cpu].current;

	if (i != 0 && asids[cpu].slots[i - 1].space == s)
		asids[cpu].slots[i - 1].generation = generation;
}

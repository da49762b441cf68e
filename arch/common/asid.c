#include "asid.h"

#include <kernel/cpu.h>

struct asid_slot {
	const struct arch_space *space; /* [C] may be gone: only compared */
	uint64_t generation; /* [C] the TLB is good for this one */
};

static struct asid_cpu {
	struct asid_slot slots[ASID_SLOTS];
	unsigned next; /* [C] victim */
	unsigned current; /* [C] number in use; 0: none */
} asids[CPU_MAX];

static struct asid_slot *
slot_of(struct asid_cpu *c, const struct arch_space *s)
{
	struct asid_slot *slot = c->slots, *end = slot + ASID_SLOTS;

	while (slot != end && slot->space != s)
		slot++;
	if (LIKELY(slot != end))
		return slot;
	slot = &c->slots[c->next];
	c->next = (c->next + 1) % ASID_SLOTS;
	*slot = (struct asid_slot){ s, 0 };
	return slot;
}

unsigned
asid_use(const struct arch_space *s, bool *stale)
{
	uint64_t now = atomic_load_explicit(
	    &s->generation, memory_order_acquire);
	struct asid_cpu *c = &asids[cpu_id()];
	struct asid_slot *slot = slot_of(c, s);

	*stale = slot->generation != now;
	slot->generation = now;
	c->current = (unsigned)(slot - c->slots) + 1;
	return c->current;
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

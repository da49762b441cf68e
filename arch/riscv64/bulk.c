/*
 * Long copies by the vector unit, 512 bytes a turn where registers have 16.
 *
 * Below BULK_MIN, taking the registers costs more than it saves. irqs stay off
 * for a page at most. Words are moved as such where both sides are aligned:
 * elements of eight bytes are as fast as the hardware goes, bytes need not be.
 * Whole pages are zeroed and copied by words: docs/performance.md says why.
 *
 * Source: RISC-V V extension 1.0.
 */
#include <lib/string.h>

#include "csr.h"

/* Whole turns of four register groups; the bytes moved. */
static size_t
copy_turns(void *to, const void *from, size_t n)
{
	size_t step = 8u * riscv_isa.vlenb, turns = n / (4 * step);

	if ((((uintptr_t)to | (uintptr_t)from) & 7) != 0 || turns == 0)
		return 0;
	vector_copy_turns(to, from, turns, step);
	return turns * 4 * step;
}

/* irqs off until vector_give(). */
static inline void
vector_take(void)
{
	/* A kernel thread's is no frame; vector_evict() knows. */
	struct arch_frame *f =
	    (struct arch_frame *)arch_current()->kstack_top - 1;

	if (UNLIKELY(f->status & SSTATUS_VS))
		vector_evict(f);
	csr_set(sstatus, SSTATUS_VS);
}

static inline void
vector_give(void)
{
	csr_clear(sstatus, SSTATUS_VS);
}

static void
copy_page_part(void *to, const void *from, size_t n)
{
	unsigned long flags = arch_irq_save();
	size_t moved;

	vector_take();
	moved = copy_turns(to, from, n);
	if (moved < n)
		vector_copy_bytes((char *)to + moved,
		    (const char *)from + moved, n - moved);
	vector_give();
	arch_irq_restore(flags);
}

static NOINLINE void
copy_long(char *to, const char *from, size_t n)
{
	for (; n >= PAGE_SIZE; n -= PAGE_SIZE) {
		copy_page_part(to, from, PAGE_SIZE);
		to += PAGE_SIZE;
		from += PAGE_SIZE;
	}
	if (n >= BULK_MIN)
		copy_page_part(to, from, n);
	else
		memcpy(to, from, n);
}

void
bulk_copy_long(void *restrict to, const void *restrict from, size_t n)
{
	if (!riscv_isa.vector)
		memcpy(to, from, n);
	else
		copy_long(to, from, n);
}

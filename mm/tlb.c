/*
 * Translations: hardware TLBs, and the software TLB of mm/user.c.
 *
 * A space knows the CPUs that have it loaded (cpus). Who takes a translation
 * away changes the entry, then calls tlb_flush(), and frees the page only
 * after that returned.
 *
 * Software entries carry the space's generation; a flush gives the space a
 * new one (unique over all spaces and all time: a counter of this CPU with its
 * number), so all older entries are void at once, on every CPU, and survive
 * switches between spaces otherwise. A copy holds (user_hold()) from the
 * look-up to its last byte: its CPU puts off the answer to a flush, for at most
 * a page of bytes. Why no copy outlives a flush:
 *	A (flush): entry := 0; generation := new; fence; m := cpus; IPI m
 *	B (copy):  hold; read generation; look up; copy; let go
 * If B has the space loaded its bit is in m, and B answers the IPI only after
 * its copy; the IPI interrupts B's own thread, so program order decides. If B
 * loads the space later, it set its bit (fence) after A read cpus, so it reads
 * the new generation and the new entry.
 *
 * The answer is awaited with irqs on and preemption off, so two CPUs that
 * flush at each other both answer. A CPU that spins for a lock with irqs off
 * delays a flush but cannot block it: flush is never called with a spinlock
 * held, so the lock's holder does not wait for us.
 *
 * Each CPU has one request record; the bit of its number in a target's inbox
 * says that the record is for that target, too.
 *
 * Idle CPUs and kernel threads keep the last space loaded (lazy); a space that
 * dies is taken away from them by a drop request, and an idle CPU that a flush
 * wakes lets go of the space, so that it is not woken by the next ones.
 */
#include "tlb.h"

#include <kernel/boot.h>
#include <kernel/log.h>

/* A generation: the CPU's number, below it a count that never gets so far. */
#define CPU_SHIFT 58
_Static_assert(CPU_MAX <= 1 << (64 - CPU_SHIFT), "a generation names its CPU");

static struct tlb_cpu tlb_cpus[CPU_MAX];

static uint64_t
cpu_bit(unsigned id)
{
	return UINT64_C(1) << id;
}

/* Preemption is off. */
static uint64_t
generation_next(void)
{
	unsigned id = cpu_id();

	return ++tlb_cpus[id].generations | (uint64_t)id << CPU_SHIFT;
}

void
tlb_init(void)
{
	for (unsigned i = 0; i < MAX(boot_info.cpu_count, 1u); i++) {
		cpus[i].soft = kzalloc(SOFT_ENTRIES * sizeof(*cpus[i].soft));
		if (cpus[i].soft == NULL)
			panic("no memory for the software TLB");
	}
}

void
tlb_space_init(struct arch_space *s)
{
	preempt_disable();
	atomic_store_explicit(
	    &s->generation, generation_next(), memory_order_release);
	preempt_enable();
}

/* ---- the software TLB ------------------------------------------------- */

NOINLINE void *
soft_fill(struct arch_space *s, vaddr_t va, bool write)
{
	struct soft_entry *e;
	vaddr_t page = va & ~(vaddr_t)PAGE_MASK;
	uint64_t generation;
	unsigned prot;
	paddr_t pa;

	if (va >= arch_user_end)
		return NULL;
	generation = atomic_load_explicit(
	    &s->generation, memory_order_acquire);
	if (!pt_query(s, page, &pa, &prot) ||
	    (prot & PROT_USER) == 0 || page_of(pa) == NULL ||
	    (prot & (write ? PROT_WRITE : PROT_READ)) == 0)
		return NULL;
	e = soft_entry_of(cpu_this(), va, generation);
	e->read = (prot & PROT_READ) != 0 ? page : SOFT_NONE;
	e->write = (prot & PROT_WRITE) != 0 ? page : SOFT_NONE;
	e->generation = generation;
	e->delta = (uintptr_t)phys_to_virt(pa) - page;
	return (void *)(va + e->delta);
}

/* ---- requests --------------------------------------------------------- */

static void
space_leave(void)
{
	struct cpu *c = cpu_this();
	struct arch_space *s = c->space;

	arch_space_use(&arch_kernel_space);
	c->space = NULL;
	atomic_fetch_and(&s->cpus, ~cpu_bit(c->id));
}

/* irqs off. */
static void
request_serve(const struct tlb_request *r)
{
	if (r->space == NULL)
		arch_tlb_flush(&arch_kernel_space, r->start, r->end);
	else if (!r->drop && arch_current() != cpu_this()->idle)
		arch_tlb_flush(r->space, r->start, r->end);
	else if (cpu_this()->space == r->space)
		space_leave();
}

void
tlb_ipi(void)
{
	unsigned me = cpu_id();
	uint64_t from;

	if (UNLIKELY(arch_current()->user_held)) {
		atomic_fetch_or(&arch_current()->work, WORK_FLUSH);
		return;
	}
	from = atomic_exchange_explicit(
	    &tlb_cpus[me].inbox, 0, memory_order_acq_rel);

	for (unsigned id = 0; from != 0; id++, from >>= 1) {
		struct tlb_request *r = &tlb_cpus[id].request;

		if ((from & 1) == 0)
			continue;
		request_serve(r);
		atomic_fetch_and_explicit(
		    &r->pending, ~cpu_bit(me), memory_order_release);
	}
}

/* Something came while the CPU held its translations. */
NOINLINE void
user_release_late(void)
{
	struct thread_head *t = arch_current();
	unsigned long flags;

	if (atomic_load(&t->work) & WORK_FLUSH) {
		flags = arch_irq_save();
		atomic_fetch_and(&t->work, ~WORK_FLUSH);
		tlb_ipi();
		arch_irq_restore(flags);
	}
	preempt_check();
}

/* Asks the CPUs of the mask and waits for them; preemption is off. */
static NOINLINE void
request_send(const struct tlb_request *what, uint64_t mask)
{
	unsigned me = cpu_id();
	struct tlb_request *r = &tlb_cpus[me].request;

	DASSERT(arch_irqs_on());
	r->space = what->space;
	r->start = what->start;
	r->end = what->end;
	r->drop = what->drop;
	atomic_store_explicit(&r->pending, mask, memory_order_release);
	for (unsigned id = 0; id < CPU_MAX; id++)
		if ((mask & cpu_bit(id)) != 0)
			atomic_fetch_or(&tlb_cpus[id].inbox, cpu_bit(me));
	arch_ipi(mask);
	while (atomic_load_explicit(&r->pending, memory_order_acquire) != 0)
		arch_pause();
}

void
tlb_flush(struct arch_space *s, vaddr_t start, vaddr_t end)
{
	uint64_t mask, mine;

	preempt_disable();
	mine = cpu_bit(cpu_id());
	atomic_store_explicit(
	    &s->generation, generation_next(), memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	mask = atomic_load_explicit(&s->cpus, memory_order_relaxed);
	if ((mask & mine) != 0)
		arch_tlb_flush(s, start, end);
	mask &= ~mine;
	if (UNLIKELY(mask != 0))
		request_send(&(struct tlb_request){ .space = s,
		    .start = start, .end = end }, mask);
	preempt_enable();
}

void
tlb_flush_kernel(vaddr_t start, vaddr_t end)
{
	uint64_t mask;

	preempt_disable();
	arch_tlb_flush(&arch_kernel_space, start, end);
	mask = cpu_online_mask() & ~cpu_bit(cpu_id());
	if (mask != 0)
		request_send(&(struct tlb_request){ .space = NULL,
		    .start = start, .end = end }, mask);
	preempt_enable();
}

void
tlb_space_switch(struct arch_space *next)
{
	struct cpu *c = cpu_this();
	struct arch_space *prev = c->space;

	if (next == NULL || next == prev)
		return;
	atomic_fetch_or(&next->cpus, cpu_bit(c->id));
	arch_space_use(next);
	c->space = next;
	if (prev != NULL)
		atomic_fetch_and(&prev->cpus, ~cpu_bit(c->id));
}

void
tlb_space_drop(struct arch_space *s)
{
	unsigned long flags;
	uint64_t mask;

	preempt_disable();
	flags = arch_irq_save();
	if (cpu_this()->space == s)
		space_leave();
	arch_irq_restore(flags);
	mask = atomic_load(&s->cpus);
	if (mask != 0)
		request_send(&(struct tlb_request){ .space = s,
		    .drop = true }, mask);
	preempt_enable();
}

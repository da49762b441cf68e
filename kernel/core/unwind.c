/*
 * The walk up a kernel stack, by the table of where frames lie.
 *
 * Each step reads one word, of which is checked that it lies in the stack, and
 * goes up, so that it ends. A trap's frame gives all registers of what it
 * interrupted; where that was on another stack (x86_64's stacks of traps that
 * may come at any instruction), it can only have been the thread's.
 */
#include "ksyms.h"
#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/unwind.h>

/* Takes sp if it lies in the thread's stack (or in the unmapped half below it,
 * that an overflow runs into) or still in the same one. */
static bool
set_sp(struct unwind *u, vaddr_t sp)
{
	vaddr_t top = u->thread_top;

	if (sp % sizeof(vaddr_t) != 0)
		return false;
	if (sp <= top && top - sp <= 2 * KSTACK_SIZE) {
		u->low = top - KSTACK_SIZE;
		u->high = top;
	} else if (sp < u->low || sp > u->high) {
		return false;
	}
	u->sp = sp;
	return true;
}

void
unwind_at(struct unwind *u, vaddr_t pc, vaddr_t sp, vaddr_t ra)
{
	vaddr_t here = (vaddr_t)&here;

	/* Any stack that is no thread's is aligned to its size. */
	u->low = ALIGN_DOWN(here, ARCH_SIDE_STACK);
	u->high = u->low + ARCH_SIDE_STACK;
	u->thread_top = arch_current()->kstack_top;
	u->pc = pc;
	u->ra = ra;
	u->exact = true;
	if (!set_sp(u, sp))
		u->high = 0; /* nothing to walk */
}

void
unwind_frame(struct unwind *u, const struct arch_frame *f)
{
	unwind_at(u, arch_frame_pc(f), arch_frame_sp(f), arch_frame_ra(f));
}

static bool
inside(const struct unwind *u, vaddr_t at, size_t bytes)
{
	return at % sizeof(vaddr_t) == 0 && at >= u->low && at <= u->high &&
	    u->high - at >= bytes;
}

static bool
through_trap(struct unwind *u, vaddr_t end)
{
	const struct arch_frame *f = (const struct arch_frame *)end - 1;
	vaddr_t low = u->low, sp = u->sp;

	if (!inside(u, (vaddr_t)f, sizeof(*f)) ||
	    !set_sp(u, arch_frame_sp(f)) || (u->low == low && u->sp <= sp))
		return false;
	u->pc = arch_frame_pc(f);
	u->ra = arch_frame_ra(f);
	u->exact = true;
	return ksyms_has(u->pc);
}

bool
unwind_next(struct unwind *u)
{
	struct unwind_state s = ksyms_state(u->pc - !u->exact);
	vaddr_t cfa, pc;

	if (u->high == 0 || ksyms_count == 0)
		return false;
	/* A call to where no code is has just been made. */
	if (u->exact && !ksyms_has(u->pc))
		s = unwind_states[0];
	cfa = u->sp + s.cfa;
	if (s.ra == RA_TRAP)
		return through_trap(u, cfa);
	if (s.ra == RA_END || cfa > u->high || (!u->exact && cfa <= u->sp))
		return false;
	if (s.ra == RA_REGISTER && u->exact)
		pc = u->ra;
	else if (s.ra < 0 && inside(u, cfa + (vaddr_t)s.ra, sizeof(pc)))
		pc = *(const vaddr_t *)(cfa + (vaddr_t)s.ra);
	else
		return false;
	u->pc = pc;
	u->sp = cfa;
	u->exact = false;
	return ksyms_has(pc - 1);
}

size_t
unwind_name(const struct unwind *u, char *name)
{
	return symbol_name(u->pc - !u->exact, name) + !u->exact;
}

/*
 * User frames and thread contexts: which register means what.
 */
#include <kernel/log.h>

#include "example.h"

void
arch_context_init(struct arch_context *c, vaddr_t stack_top,
    void (*entry)(void *), void *arg)
{
	c->sp = stack_top & ~UINT64_C(15);
	c->pc = (uint64_t)entry;
	c->arg = (uint64_t)arg;
}

/* Here: FPU first, then switch.S. */
struct thread_head *
arch_switch(struct thread_head *prev, struct arch_context *prev_ctx,
    struct thread_head *next, struct arch_context *next_ctx)
{
	return context_switch(prev_ctx, next_ctx, next, prev);
}

/* Here: also the status word that says "user mode, interrupts on". */
void
arch_frame_init(struct arch_frame *f, vaddr_t entry, vaddr_t sp)
{
	memset(f, 0, sizeof(*f));
	f->pc = entry;
	f->sp = sp;
}

long
arch_frame_result(const struct arch_frame *f)
{
	return (long)f->args[0];
}

void
arch_frame_args(
    struct arch_frame *f, uintptr_t a0, uintptr_t a1, uintptr_t a2)
{
	f->args[0] = a0;
	f->args[1] = a1;
	f->args[2] = a2;
}

/* Here: back by the length of the call's instruction. */
void
arch_frame_restart(struct arch_frame *f)
{
	f->pc -= 4;
	f->args[0] = f->orig_arg0;
}

void
arch_frame_set_call(struct arch_frame *f, uintptr_t nr)
{
	f->call = nr;
}

void
arch_frame_set_tls(struct arch_frame *f, uintptr_t tls)
{
	f->tls = tls;
}

vaddr_t
arch_frame_pc(const struct arch_frame *f)
{
	return f->pc;
}

vaddr_t
arch_frame_ra(const struct arch_frame *f)
{
	return f->ra;
}

vaddr_t
arch_frame_sp(const struct arch_frame *f)
{
	return f->sp;
}

void
arch_frame_set_pc(struct arch_frame *f, vaddr_t pc)
{
	f->pc = pc;
}

void
arch_frame_set_sp(struct arch_frame *f, vaddr_t sp)
{
	f->sp = sp;
}

void
arch_frame_set_ra(struct arch_frame *f, vaddr_t ra)
{
	f->ra = ra;
}

void
arch_frame_dump(const struct arch_frame *f)
{
	log_raw("pc %016lx sp %016lx\n", (unsigned long)f->pc,
	    (unsigned long)f->sp);
}

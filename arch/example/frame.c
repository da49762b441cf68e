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

void
arch_frame_set_tls(struct arch_frame *f, uintptr_t tls)
{
	f->tls = tls;
}

void
arch_frame_dump(const struct arch_frame *f)
{
	log_raw("pc %016lx sp %016lx\n", (unsigned long)f->pc,
	    (unsigned long)f->sp);
}

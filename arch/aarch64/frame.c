/*
 * User frames and thread contexts.
 */
#include <kernel/log.h>
#include <kernel/mm.h>

#include <lib/string.h>

#include "../common/frame.h"
#include "arm64.h"

struct thread_head *context_switch(struct arch_context *prev_ctx,
    struct arch_context *next_ctx, struct thread_head *next,
    struct thread_head *prev);
void context_entry(void);

static struct arch_frame *
frame_of(const struct thread_head *t)
{
	return (struct arch_frame *)t->kstack_top - 1;
}

void
arch_context_init(struct arch_context *c, vaddr_t stack_top,
    void (*entry)(void *), void *arg)
{
	*c = (struct arch_context){
		.lr = (uint64_t)context_entry,
		.sp = stack_top & ~UINT64_C(15),
		.fpu = c->fpu,
	};
	c->x19_x28[0] = (uint64_t)entry;
	c->x19_x28[1] = (uint64_t)arg;
}

/* A program changes TPIDR_EL0 without a trap; each entry saves it to the
 * frame. A kernel thread has whatever lies there, and never uses it. */
struct thread_head *
arch_switch(struct thread_head *prev, struct arch_context *prev_ctx,
    struct thread_head *next, struct arch_context *next_ctx)
{
	if (prev_ctx->fpu != NULL || next_ctx->fpu != NULL)
		fpu_switch(prev_ctx, next_ctx);
	sysreg_write(tpidr_el0, frame_of(next)->tls);
	return context_switch(prev_ctx, next_ctx, next, prev);
}

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
	if (f == frame_of(arch_current()))
		sysreg_write(tpidr_el0, tls);
}

void
arch_frame_dump(const struct arch_frame *f)
{
	static const char names[31][4] = {
		"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9",
		"x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18",
		"x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
		"x28", "fp", "lr"
	};

	log_raw("pc %016lx sp %016lx pstate %08lx esr %08lx\n",
	    (unsigned long)f->pc, (unsigned long)f->sp,
	    (unsigned long)f->pstate, (unsigned long)f->esr);
	frame_dump_row(f->regs, names, 31);
}

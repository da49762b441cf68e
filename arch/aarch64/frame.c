/*
 * User frames and thread contexts.
 */
#include <kernel/log.h>
#include <kernel/mm.h>

#include <lib/string.h>

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

long
arch_frame_result(const struct arch_frame *f)
{
	return (long)f->regs[0];
}

void
arch_frame_args(
    struct arch_frame *f, uintptr_t a0, uintptr_t a1, uintptr_t a2)
{
	f->regs[0] = a0;
	f->regs[1] = a1;
	f->regs[2] = a2;
}

void
arch_frame_restart(struct arch_frame *f)
{
	f->pc -= 4;
	f->regs[0] = f->orig_x0;
}

void
arch_frame_set_call(struct arch_frame *f, uintptr_t nr)
{
	f->regs[FRAME_X8] = nr;
}

void
arch_frame_set_tls(struct arch_frame *f, uintptr_t tls)
{
	f->tls = tls;
	if (f == frame_of(arch_current()))
		sysreg_write(tpidr_el0, tls);
}

vaddr_t
arch_frame_pc(const struct arch_frame *f)
{
	return f->pc;
}

vaddr_t
arch_frame_ra(const struct arch_frame *f)
{
	return f->regs[FRAME_LR];
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
	f->regs[FRAME_LR] = ra;
}

void
arch_frame_dump(const struct arch_frame *f)
{
	log_raw("pc %016lx sp %016lx pstate %08lx esr %08lx\n",
	    (unsigned long)f->pc, (unsigned long)f->sp,
	    (unsigned long)f->pstate, (unsigned long)f->esr);
	for (unsigned i = 0; i < 31; i++)
		log_raw("x%-2u %016lx%s", i, (unsigned long)f->regs[i],
		    i % 4 == 3 || i == 30 ? "\n" : "  ");
}

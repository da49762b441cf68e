/*
 * User frames and thread contexts.
 */
#include <kernel/log.h>
#include <kernel/mm.h>

#include <lib/string.h>

#include "../common/frame.h"
#include "csr.h"

struct thread_head *context_switch(struct arch_context *prev_ctx,
    struct arch_context *next_ctx, struct thread_head *next,
    struct thread_head *prev);
void context_entry(void);

void
arch_context_init(struct arch_context *c, vaddr_t stack_top,
    void (*entry)(void *), void *arg)
{
	*c = (struct arch_context){
		.ra = (uint64_t)context_entry,
		.sp = stack_top & ~UINT64_C(15),
		.fpu = c->fpu,
	};
	c->s[1] = (uint64_t)entry;
	c->s[2] = (uint64_t)arg;
}

struct thread_head *
arch_switch(struct thread_head *prev, struct arch_context *prev_ctx,
    struct thread_head *next, struct arch_context *next_ctx)
{
	if (UNLIKELY(prev_ctx->fpu != NULL || next_ctx->fpu != NULL))
		fpu_switch(prev_ctx, next, next_ctx);
	return context_switch(prev_ctx, next_ctx, next, prev);
}

void
arch_frame_init(struct arch_frame *f, vaddr_t entry, vaddr_t sp)
{
	memset(f, 0, sizeof(*f));
	f->pc = entry;
	f->regs[FRAME_SP] = sp;
	f->status = SSTATUS_KERNEL;
}

void
arch_frame_set_tls(struct arch_frame *f, uintptr_t tls)
{
	f->regs[FRAME_TP] = tls;
}

void
arch_frame_dump(const struct arch_frame *f)
{
	static const char names[31][4] = {
		"ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0",
		"a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4",
		"s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5",
		"t6"
	};

	log_raw("pc %016lx status %016lx\n", (unsigned long)f->pc,
	    (unsigned long)f->status);
	frame_dump_row(f->regs, names, 31);
}

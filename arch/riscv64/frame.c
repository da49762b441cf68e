/*
 * User frames and thread contexts.
 */
#include <kernel/log.h>
#include <kernel/mm.h>

#include <lib/string.h>

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
		fpu_switch(prev, prev_ctx, next, next_ctx);
	return context_switch(prev_ctx, next_ctx, next, prev);
}

void
arch_frame_init(struct arch_frame *f, vaddr_t entry, vaddr_t sp)
{
	memset(f, 0, sizeof(*f));
	f->pc = entry;
	f->regs[FRAME_SP] = sp;
	f->status = SSTATUS_SPIE | UINT64_C(0x200000000); /* UXL 64 */
}

long
arch_frame_result(const struct arch_frame *f)
{
	return (long)f->regs[FRAME_A0];
}

void
arch_frame_args(
    struct arch_frame *f, uintptr_t a0, uintptr_t a1, uintptr_t a2)
{
	f->regs[FRAME_A0] = a0;
	f->regs[FRAME_A0 + 1] = a1;
	f->regs[FRAME_A0 + 2] = a2;
}

void
arch_frame_restart(struct arch_frame *f)
{
	f->pc -= 4;
	f->regs[FRAME_A0] = f->orig_a0;
}

void
arch_frame_set_call(struct arch_frame *f, uintptr_t nr)
{
	f->regs[FRAME_A7] = nr;
}

void
arch_frame_set_tls(struct arch_frame *f, uintptr_t tls)
{
	f->regs[FRAME_TP] = tls;
}

vaddr_t
arch_frame_pc(const struct arch_frame *f)
{
	return f->pc;
}

vaddr_t
arch_frame_ra(const struct arch_frame *f)
{
	return f->regs[FRAME_RA];
}

vaddr_t
arch_frame_sp(const struct arch_frame *f)
{
	return f->regs[FRAME_SP];
}

void
arch_frame_set_pc(struct arch_frame *f, vaddr_t pc)
{
	f->pc = pc;
}

void
arch_frame_set_sp(struct arch_frame *f, vaddr_t sp)
{
	f->regs[FRAME_SP] = sp;
}

void
arch_frame_set_ra(struct arch_frame *f, vaddr_t ra)
{
	f->regs[FRAME_RA] = ra;
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
	for (unsigned i = 0; i < 31; i++)
		log_raw("%-3s %016lx%s", names[i], (unsigned long)f->regs[i],
		    i % 4 == 3 || i == 30 ? "\n" : "  ");
}

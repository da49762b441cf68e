/*
 * User frames and thread contexts.
 */
#include <kernel/log.h>
#include <kernel/task.h>
#include <kernel/user.h>

#include <lib/string.h>

#include "../common/frame.h"
#include "x86.h"

struct thread_head *context_switch(struct arch_context *prev_ctx,
    struct arch_context *next_ctx, struct thread_head *next,
    struct thread_head *prev);
void context_entry(void);
NORETURN void user_enter(struct arch_frame *f);

/* What context_switch() pops: r15 r14 r13 r12 rbx rbp and where to return. */
struct first_stack {
	uint64_t r15, r14, arg, entry, rbx, rbp, ret, pad;
};

void
arch_context_init(struct arch_context *c, vaddr_t stack_top,
    void (*entry)(void *), void *arg)
{
	struct first_stack *s = (struct first_stack *)
	    (stack_top & ~UINT64_C(15)) - 1;

	*s = (struct first_stack){
		.entry = (uint64_t)entry,
		.arg = (uint64_t)arg,
		.ret = (uint64_t)context_entry,
	};
	*c = (struct arch_context){ .sp = (uint64_t)s, .fpu = c->fpu };
}

/* ---- segment bases ----------------------------------------------------- */

/*
 * Programs change their FS and GS bases by instructions of their own, or by
 * loading a selector, so a switch saves what is in the registers. In the
 * kernel the user's GS base is the other one: exchanged for a moment, which
 * the traps that could come meanwhile expect (trap.S).
 */
uint64_t
fs_base_read(void)
{
	uint64_t v;

	if (!x86.fsgsbase)
		return msr_read(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(v));
	return v;
}

void
fs_base_write(uint64_t base)
{
	if (x86.fsgsbase)
		__asm__ volatile("wrfsbase %0" : : "r"(base) : "memory");
	else
		msr_write(MSR_FS_BASE, base);
}

uint64_t
x86_user_gs_base(void)
{
	unsigned long flags;
	uint64_t v;

	if (!x86.fsgsbase)
		return msr_read(MSR_KERNEL_GS_BASE);
	flags = arch_irq_save();
	__asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(v) : : "memory");
	arch_irq_restore(flags);
	return v;
}

void
x86_user_gs_base_set(uint64_t base)
{
	unsigned long flags;

	if (!x86.fsgsbase) {
		msr_write(MSR_KERNEL_GS_BASE, base);
		return;
	}
	flags = arch_irq_save();
	__asm__ volatile("swapgs; wrgsbase %0; swapgs"
	    : : "r"(base) : "memory");
	arch_irq_restore(flags);
}

struct thread_head *
arch_switch(struct thread_head *prev, struct arch_context *prev_ctx,
    struct thread_head *next, struct arch_context *next_ctx)
{
	prev_ctx->fs_base = fs_base_read();
	prev_ctx->gs_base = x86_user_gs_base();
	fs_base_write(next_ctx->fs_base);
	x86_user_gs_base_set(next_ctx->gs_base);
	if (prev_ctx->fpu != NULL || next_ctx->fpu != NULL)
		fpu_switch(prev_ctx, next_ctx);
	return context_switch(prev_ctx, next_ctx, next, prev);
}

/* ---- frames ------------------------------------------------------------ */

void
arch_frame_init(struct arch_frame *f, vaddr_t entry, vaddr_t sp)
{
	memset(f, 0, sizeof(*f));
	f->rip = entry;
	f->rsp = sp;
	f->cs = USER_CS;
	f->ss = USER_DS;
	f->rflags = RFLAGS_IF | RFLAGS_FIXED;
	f->call = UINT64_MAX;
}

void
arch_user_enter(struct arch_frame *f)
{
	if (f->vector == FRAME_TLS) {
		fs_base_write(f->call);
		f->vector = 0;
		f->call = UINT64_MAX;
	}
	user_enter(f);
}

/* The base is no register of the frame: it is loaded at once for the running
 * thread, and when it first runs for another. */
void
arch_frame_set_tls(struct arch_frame *f, uintptr_t tls)
{
	/* A base that is not canonical cannot be loaded. */
	tls = tls >> 47 == 0 ? tls : 0;
	if (f == thread_frame(thread_current())) {
		fs_base_write(tls);
		return;
	}
	f->vector = FRAME_TLS;
	f->call = tls;
}

/* The return address lies on the stack, which is the caller's space here; one
 * that cannot be written to faults at the program's next step. */
void
arch_frame_set_ra(struct arch_frame *f, vaddr_t ra)
{
	f->rsp -= sizeof(ra);
	err_ignore(user_store64(f->rsp, ra));
}

void
arch_frame_dump(const struct arch_frame *f)
{
	static const char names[15][4] = { "r15", "r14", "r13", "r12", "rbp",
		"rbx", "rdi", "rsi", "rdx", "r10", "r8", "r9", "r11", "rcx",
		"rax" };

	log_raw("rip %016lx rsp %016lx rflags %lx vector %lu error %lx "
	    "cs %lx cr2 %lx\n",
	    (unsigned long)f->rip, (unsigned long)f->rsp,
	    (unsigned long)f->rflags, (unsigned long)f->vector,
	    (unsigned long)f->call, (unsigned long)f->cs, cr_read(cr2));
	frame_dump_row(&f->r15, names, 15);
}

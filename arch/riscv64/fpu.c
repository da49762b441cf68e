/*
 * FPU and vector state.
 *
 * A thread starts with both units off. The first instruction that needs one
 * traps as illegal; the thread then gets an area (struct arch_fpu) and clean
 * registers. From there on a switch away saves what the status bits call
 * dirty, and a switch back loads it, so nothing of one thread is ever left
 * in the registers of another.
 *
 * While a thread runs, in its program or in the kernel, sstatus says which
 * units are on for the program and which of those are dirty. Its frame says
 * the first too, clean or off, which serves to switch back to it. Invariant: no
 * area => both off.
 *
 * The kernel itself uses the vector registers, with irqs off, for long copies
 * (bulk.c). It takes them away from the thread: what is dirty is saved, and the
 * field goes off, so that the thread's next use traps and loads its area.
 *
 * Source: RISC-V privileged 1.12, 3.1.6.6; V extension 1.0.
 */
#include <kernel/log.h>
#include <kernel/task.h>

#include <lib/string.h>

#include "csr.h"

#define FCSR     32u
#define FP_WORDS 33u

struct arch_fpu {
	uint64_t f[FP_WORDS]; /* the registers, then fcsr */
	uint64_t vstart, vl, vtype, vcsr;
	bool vector_used;
	uint8_t v[]; /* 32 registers of vlenb bytes */
};

static size_t
area_size(void)
{
	return sizeof(struct arch_fpu) + 32u * riscv_isa.vlenb;
}

static void
vector_save(struct arch_fpu *a)
{
	a->vstart = csr_read(0x008);
	a->vl = csr_read(0xc20);
	a->vtype = csr_read(0xc21);
	a->vcsr = csr_read(0x00f);
	vector_regs_save(a->v, 8u * riscv_isa.vlenb);
	a->vector_used = true;
}

static void
vector_load(const struct arch_fpu *a)
{
	vector_regs_load(a->v, 8u * riscv_isa.vlenb, a->vl, a->vtype);
	csr_write(0x008, a->vstart);
	csr_write(0x00f, a->vcsr);
}

static bool
vector_is_dirty(void)
{
	return (csr_read(sstatus) & SSTATUS_VS) == SSTATUS_VS_DIRTY;
}

/* Units on or off, and clean, as the frame says; irqs off. */
static void
units_set(const struct arch_frame *f)
{
	csr_write(sstatus, SSTATUS_KERNEL | (f->status & SSTATUS_UNITS));
}

/* Saves the dirty units of the thread that runs so far; irqs off. vl and vtype
 * are lost with it, so that a unit must not be saved twice. */
static void
save_last(struct arch_fpu *a)
{
	uint64_t status = csr_read(sstatus);

	if ((status & SSTATUS_FS) == SSTATUS_FS_DIRTY)
		fp_regs_save(a->f);
	if ((status & SSTATUS_VS) == SSTATUS_VS_DIRTY)
		vector_save(a);
}

/* The same for one that goes on; they become clean. */
static void
save_dirty(const struct arch_frame *f, struct arch_fpu *a)
{
	save_last(a);
	units_set(f);
}

/* Puts a's state into the registers that the frame says are used; irqs off. */
static void
load_used(const struct arch_frame *f, const struct arch_fpu *a)
{
	units_set(f);
	if ((f->status & SSTATUS_FS) != 0)
		fp_regs_load(a->f);
	if ((f->status & SSTATUS_VS) != 0)
		vector_load(a);
	units_set(f);
}

/* irqs off: the program, if this thread runs one, loses its vector registers
 * and will fetch them from the area. */
NOINLINE void
vector_evict(struct arch_frame *f)
{
	struct arch_fpu *a = thread_current()->ctx.fpu;

	if (a == NULL)
		return;
	if (vector_is_dirty())
		vector_save(a);
	f->status &= ~SSTATUS_VS;
}

static struct arch_frame *
frame_of(struct thread_head *t)
{
	return (struct arch_frame *)t->kstack_top - 1;
}

void
fpu_switch(struct arch_context *prev_ctx,
    struct thread_head *next, struct arch_context *next_ctx)
{
	if (prev_ctx->fpu != NULL)
		save_last(prev_ctx->fpu);
	if (next_ctx->fpu != NULL)
		load_used(frame_of(next), next_ctx->fpu);
	else
		csr_clear(sstatus, SSTATUS_UNITS);
}

/* Where the unit that an illegal instruction wanted was off: turns on what is
 * off. False: it was on (or is not there), so the instruction is illegal. */
bool
fpu_first_use(struct arch_frame *f)
{
	struct arch_context *ctx = &thread_current()->ctx;
	uint64_t want = 0;

	if (riscv_isa.fpu && (f->status & SSTATUS_FS) == 0)
		want |= SSTATUS_FS_CLEAN;
	if (riscv_isa.vector && (f->status & SSTATUS_VS) == 0)
		want |= SSTATUS_VS_CLEAN;
	if (want == 0)
		return false;
	if (ctx->fpu == NULL) {
		struct arch_fpu *a = kzalloc(area_size());

		if (a == NULL)
			return false;
		ctx->fpu = a;
	}
	unsigned long flags = arch_irq_save();
	/* The unit that is on may hold more than the area. */
	save_dirty(f, ctx->fpu);
	f->status |= want;
	load_used(f, ctx->fpu);
	arch_irq_restore(flags);
	return true;
}

void
arch_context_free(struct arch_context *c)
{
	kfree(c->fpu, area_size());
	c->fpu = NULL;
}

enum err
arch_fpu_fork(struct arch_context *child)
{
	struct thread *t = thread_current();
	struct arch_fpu *copy;
	unsigned long flags;

	child->fpu = NULL;
	if (t->ctx.fpu == NULL)
		return OK;
	copy = kmalloc(area_size());
	if (copy == NULL)
		return ERR_NOMEM;
	flags = arch_irq_save();
	save_dirty(thread_frame(t), t->ctx.fpu);
	memcpy(copy, t->ctx.fpu, area_size());
	arch_irq_restore(flags);
	child->fpu = copy;
	return OK;
}

void
arch_fpu_reset(void)
{
	struct thread *t = thread_current();
	unsigned long flags = arch_irq_save();
	struct arch_fpu *old = t->ctx.fpu;

	t->ctx.fpu = NULL;
	thread_frame(t)->status &= ~SSTATUS_UNITS;
	csr_clear(sstatus, SSTATUS_UNITS);
	arch_irq_restore(flags);
	kfree(old, area_size());
}

/* Linux's struct __riscv_d_ext_state: 32 registers, then fcsr. */
size_t
arch_fpu_size(void)
{
	return FP_WORDS * sizeof(uint64_t);
}

void
arch_fpu_export(void *buf)
{
	struct thread *t = thread_current();
	unsigned long flags = arch_irq_save();

	if (t->ctx.fpu != NULL) {
		save_dirty(thread_frame(t), t->ctx.fpu);
		memcpy(buf, t->ctx.fpu->f, FP_WORDS * sizeof(uint64_t));
	} else {
		memset(buf, 0, arch_fpu_size());
	}
	arch_irq_restore(flags);
}

enum err
arch_fpu_import(const void *buf, size_t len)
{
	struct thread *t = thread_current();
	struct arch_frame *f = thread_frame(t);
	unsigned long flags;

	if (len < arch_fpu_size())
		return ERR_INVAL;
	if (t->ctx.fpu == NULL)
		return OK; /* never used: the frame holds zeroes for it */
	flags = arch_irq_save();
	save_dirty(f, t->ctx.fpu);
	memcpy(t->ctx.fpu->f, buf, FP_WORDS * sizeof(uint64_t));
	t->ctx.fpu->f[FCSR] &= 0xff;
	load_used(f, t->ctx.fpu);
	arch_irq_restore(flags);
	return OK;
}

size_t
riscv_vector_size_max(void)
{
	return riscv_isa.vector ? 32u * riscv_isa.vlenb : 0;
}

size_t
riscv_vector_size(void)
{
	struct thread *t = thread_current();
	bool used = t->ctx.fpu != NULL &&
	    (t->ctx.fpu->vector_used || vector_is_dirty());

	return used ? riscv_vector_size_max() : 0;
}

void
riscv_vector_export(uint64_t control[5], void *regs)
{
	struct thread *t = thread_current();
	struct arch_fpu *a = t->ctx.fpu;
	unsigned long flags = arch_irq_save();

	save_dirty(thread_frame(t), a);
	control[0] = a->vstart;
	control[1] = a->vl;
	control[2] = a->vtype;
	control[3] = a->vcsr;
	control[4] = riscv_isa.vlenb;
	memcpy(regs, a->v, 32u * riscv_isa.vlenb);
	arch_irq_restore(flags);
}

/* vl and vtype go through vsetvl, which makes an impossible pair vill; the
 * others are writable bits of their own, masked here. */
enum err
riscv_vector_import(const uint64_t control[5], const void *regs)
{
	struct thread *t = thread_current();
	struct arch_frame *f = thread_frame(t);
	struct arch_fpu *a = t->ctx.fpu;
	unsigned long flags;

	if (a == NULL || control[4] != riscv_isa.vlenb)
		return ERR_INVAL;
	flags = arch_irq_save();
	save_dirty(f, a);
	a->vstart = control[0] & (8u * riscv_isa.vlenb - 1);
	a->vl = control[1];
	a->vtype = control[2];
	a->vcsr = control[3] & 7;
	memcpy(a->v, regs, 32u * riscv_isa.vlenb);
	a->vector_used = true;
	load_used(f, a);
	arch_irq_restore(flags);
	return OK;
}

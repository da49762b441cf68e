/*
 * FPU and vector state.
 *
 * A thread starts without (CR0.TS set). Its first instruction that needs the
 * unit traps; the thread then gets an area and clean registers. From there on
 * every switch saves and loads them, so nothing of one thread is ever left in
 * the registers when another may use them. Invariant: TS is clear <=> the
 * running thread has an area.
 *
 * The area is what XSAVE writes in the standard format, as large as the
 * features that are turned on need; without XSAVE it is FXSAVE's 512 bytes.
 *
 * Source: Intel SDM volume 1, 10.5 and 13; volume 3, 2.6 and 13.
 */
#include <kernel/log.h>
#include <kernel/task.h>

#include <lib/string.h>

#include "x86.h"

#define XCR0_WANTED UINT64_C(0xe7) /* x87, SSE, AVX, AVX-512 */
#define XCR0_LEGACY UINT64_C(3)
#define LEGACY_BYTES 512u
#define HEADER_BYTES 64u
#define FCW_INIT     0x37fu
#define MXCSR_INIT   0x1f80u
#define MXCSR_MASK   0xffbfu /* where the CPU tells none */

struct arch_fpu {
	uint16_t fcw;
	uint8_t other[22];
	uint32_t mxcsr, mxcsr_mask;
	uint8_t registers[LEGACY_BYTES - 32];
	/* with XSAVE only: */
	uint64_t used, compact, reserved[6];
	uint8_t more[];
};
_Static_assert(offsetof(struct arch_fpu, more) ==
    LEGACY_BYTES + HEADER_BYTES, "the XSAVE area");

static struct slab_cache *fpu_cache; /* [I] */
static uint32_t mxcsr_mask; /* [I] */

static void
save(struct arch_fpu *a)
{
	if (x86.xsave)
		__asm__ volatile("xsave64 %0"
		    : "+m"(*a) : "a"(UINT32_MAX), "d"(UINT32_MAX) : "memory");
	else
		__asm__ volatile("fxsave64 %0" : "=m"(*a) : : "memory");
}

static void
load(const struct arch_fpu *a)
{
	if (x86.xsave)
		__asm__ volatile("xrstor64 %0"
		    : : "m"(*a), "a"(UINT32_MAX), "d"(UINT32_MAX) : "memory");
	else
		__asm__ volatile("fxrstor64 %0" : : "m"(*a) : "memory");
}

void
arch_fpu_initial(void *area)
{
	struct arch_fpu *a = area;

	memset(a, 0, x86.fpu_bytes);
	a->fcw = FCW_INIT;
	a->mxcsr = MXCSR_INIT;
}

/* What XSAVE wants zero, or leaves as it is. */
static void
header_clear(struct arch_fpu *a)
{
	a->used = a->compact = 0;
	memset(a->reserved, 0, sizeof(a->reserved));
}

/* irqs off. */
static void
unit_on(void)
{
	struct x86_cpu *c = x86_this();

	if (!c->fpu_off)
		return;
	__asm__ volatile("clts" : : : "memory");
	c->fpu_off = 0;
}

static void
unit_off(void)
{
	struct x86_cpu *c = x86_this();

	if (c->fpu_off)
		return;
	cr_write(cr0, cr_read(cr0) | CR0_TS);
	c->fpu_off = 1;
}

static void
probe(void)
{
	struct arch_fpu *a;

	x86.fpu_bytes = LEGACY_BYTES;
	if (x86.xsave) {
		struct cpuid id = cpuid(13, 0);

		x86.xcr0 = ((uint64_t)id.edx << 32 | id.eax) & XCR0_WANTED;
		__asm__ volatile("xsetbv" : : "c"(0),
		    "a"((uint32_t)x86.xcr0), "d"(0));
		x86.fpu_bytes = cpuid(13, 0).ebx;
	}
	fpu_cache = slab_cache_create("fpu", x86.fpu_bytes, 64);
	a = fpu_cache != NULL ? slab_alloc(fpu_cache) : NULL;
	if (a == NULL)
		panic("no memory for FPU state");
	memset(a, 0, x86.fpu_bytes);
	__asm__ volatile("fxsave64 %0" : "=m"(*a) : : "memory");
	mxcsr_mask = a->mxcsr_mask != 0 ? a->mxcsr_mask : MXCSR_MASK;
	slab_free(fpu_cache, a);
}

void
fpu_init_cpu(void)
{
	cr_write(cr0, (cr_read(cr0) & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	cr_write(cr4, cr_read(cr4) | CR4_OSFXSR | CR4_OSXMMEXCPT |
	    (x86.xsave ? CR4_OSXSAVE : 0));
	if (fpu_cache == NULL)
		probe();
	else if (x86.xsave)
		__asm__ volatile("xsetbv" : : "c"(0),
		    "a"((uint32_t)x86.xcr0), "d"(0));
	unit_off();
}

void
fpu_switch(struct arch_context *prev, struct arch_context *next)
{
	if (prev->fpu != NULL)
		save(prev->fpu);
	if (next->fpu == NULL) {
		unit_off();
		return;
	}
	unit_on();
	load(next->fpu);
}

/* Gives the running thread an area, and the unit in its initial state. */
static enum err
unit_begin(void)
{
	struct arch_context *ctx = &thread_current()->ctx;
	struct arch_fpu *a = slab_alloc(fpu_cache);
	unsigned long flags;

	if (a == NULL)
		return ERR_NOMEM;
	arch_fpu_initial(a);
	flags = arch_irq_save();
	ctx->fpu = a;
	unit_on();
	load(a);
	arch_irq_restore(flags);
	return OK;
}

bool
fpu_first_use(void)
{
	return thread_current()->ctx.fpu == NULL && unit_begin() == OK;
}

void
arch_context_free(struct arch_context *c)
{
	if (c->fpu != NULL)
		slab_free(fpu_cache, c->fpu);
	c->fpu = NULL;
}

/* The FPU's registers, and the segment bases, which are no part of a frame
 * either. */
enum err
arch_fpu_fork(struct arch_context *child)
{
	struct thread *t = thread_current();
	struct arch_fpu *copy;
	unsigned long flags;

	child->fpu = NULL;
	child->fs_base = fs_base_read();
	child->gs_base = x86_user_gs_base();
	if (t->ctx.fpu == NULL)
		return OK;
	copy = slab_alloc(fpu_cache);
	if (copy == NULL)
		return ERR_NOMEM;
	memset(copy, 0, x86.fpu_bytes);
	flags = arch_irq_save();
	save(copy);
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
	unit_off();
	fs_base_write(0);
	x86_user_gs_base_set(0);
	arch_irq_restore(flags);
	if (old != NULL)
		slab_free(fpu_cache, old);
}

#define FPU_INVALID   0x01u
#define FPU_DENORMAL  0x02u
#define FPU_DIVIDE    0x04u
#define FPU_OVERFLOW  0x08u
#define FPU_UNDERFLOW 0x10u
#define FPU_INEXACT   0x20u
#define MXCSR_MASKS   7u /* the mask bits' place above the flags */

enum trap_kind
fpu_fault(bool simd)
{
	uint16_t status, control;
	uint32_t csr, now;

	if (simd) {
		__asm__ volatile("stmxcsr %0" : "=m"(csr));
		now = csr & ~(csr >> MXCSR_MASKS);
	} else {
		__asm__ volatile("fnstsw %0\n\tfnstcw %1"
		    : "=m"(status), "=m"(control));
		now = status & ~(uint32_t)control;
	}
	if (now & FPU_INVALID)
		return TRAP_FPU;
	if (now & FPU_DIVIDE)
		return TRAP_FPU_DIVIDE;
	if (now & FPU_OVERFLOW)
		return TRAP_FPU_OVERFLOW;
	if (now & (FPU_UNDERFLOW | FPU_DENORMAL))
		return TRAP_FPU_UNDERFLOW;
	return now & FPU_INEXACT ? TRAP_FPU_INEXACT : TRAP_FPU;
}

/* ---- signal frames ----------------------------------------------------- */

size_t
arch_fpu_size(void)
{
	return x86.fpu_bytes;
}

uint64_t
x86_fpu_features(void)
{
	return x86.xcr0;
}

void *
x86_fpu_buffer(void)
{
	return slab_alloc(fpu_cache);
}

void
x86_fpu_buffer_free(void *buf)
{
	slab_free(fpu_cache, buf);
}

/* Words that XSAVE leaves alone stay as they are, but for the header's, which
 * it makes its own of. */
void
x86_fpu_save(void *buf)
{
	struct arch_fpu *a = buf;
	unsigned long flags;

	if (thread_current()->ctx.fpu == NULL) {
		arch_fpu_initial(buf);
		return;
	}
	if (x86.xsave)
		header_clear(a);
	flags = arch_irq_save();
	save(a);
	arch_irq_restore(flags);
}

void
arch_fpu_export(void *buf)
{
	struct arch_fpu *a = x86_fpu_buffer();

	/* Without memory the program gets an initial state, as it would if
	 * it had not used the unit. */
	if (a == NULL) {
		arch_fpu_initial(buf);
		return;
	}
	memset(a, 0, x86.fpu_bytes);
	x86_fpu_save(a);
	memcpy(buf, a, x86.fpu_bytes);
	x86_fpu_buffer_free(a);
}

/* What XRSTOR would refuse. */
static bool
may_be_loaded(const struct arch_fpu *a)
{
	uint64_t bad = a->mxcsr & ~mxcsr_mask;

	if (x86.xsave) {
		bad |= (a->used & ~x86.xcr0) | a->compact;
		for (unsigned i = 0; i < ARRAY_LEN(a->reserved); i++)
			bad |= a->reserved[i];
	}
	return bad == 0;
}

/* As exported for a thread that has not used the unit. */
static bool
is_initial(const struct arch_fpu *a)
{
	return x86.xsave && a->used == 0 && a->mxcsr == MXCSR_INIT;
}

/* The state goes straight into the thread's own area, which holds nothing
 * while the thread runs, and is looked at there: buf may be memory that
 * programs write meanwhile. */
enum err
arch_fpu_import(const void *buf, size_t len)
{
	struct arch_context *ctx = &thread_current()->ctx;
	unsigned long flags;
	struct arch_fpu *a;
	bool good;

	if (len < LEGACY_BYTES)
		return ERR_INVAL;
	if (ctx->fpu == NULL) {
		if (len >= x86.fpu_bytes && is_initial(buf))
			return OK;
		if (unit_begin() != OK)
			return ERR_NOMEM;
	}
	a = ctx->fpu;
	flags = arch_irq_save();
	memcpy(a, buf, MIN(len, x86.fpu_bytes));
	if (len < x86.fpu_bytes) {
		memset((char *)a + LEGACY_BYTES, 0,
		    x86.fpu_bytes - LEGACY_BYTES);
		a->used = XCR0_LEGACY;
	}
	good = may_be_loaded(a);
	if (LIKELY(good))
		load(a);
	else if (x86.xsave)
		header_clear(a);
	arch_irq_restore(flags);
	return LIKELY(good) ? OK : ERR_INVAL;
}

/*
 * FP and SIMD registers.
 *
 * A thread starts with the unit off for user mode. Its first instruction that
 * needs it traps; the thread then gets an area (struct arch_fpu) and clean
 * registers. From there on a switch away saves them, as the CPU does not tell
 * whether they changed, and a switch back loads them, unless this CPU had
 * nobody else's in between. The kernel does not use them but here, so while a
 * thread runs, its state is in the registers. Invariant: EL0 access is on
 * <=> the running thread has an area.
 *
 * SVE and SME are not offered: their traps stay on (CPACR_EL1), and the
 * identification registers do not show them (id.c).
 *
 * Source: Arm ARM D19.2.31 (CPACR_EL1).
 */
#include <kernel/cpu.h>
#include <kernel/mm.h>
#include <kernel/task.h>

#include <lib/string.h>

#include "arm64.h"

#define CPU_NONE (~0u)

struct arch_fpu {
	uint32_t fpsr, fpcr; /* as in Linux's fpsimd_context */
	unsigned cpu; /* [C] whose registers were loaded or saved last */
	unsigned unused;
	uint8_t v[32 * 16] ALIGNED(16);
};

/* Whose state the registers of each CPU are. May be gone: only compared, and
 * a new area has CPU_NONE. */
static const struct arch_fpu *loaded[CPU_MAX];

#define EACH_PAIR(op) \
	op " q0, q1, [%0]\n" op " q2, q3, [%0, #32]\n" \
	op " q4, q5, [%0, #64]\n" op " q6, q7, [%0, #96]\n" \
	op " q8, q9, [%0, #128]\n" op " q10, q11, [%0, #160]\n" \
	op " q12, q13, [%0, #192]\n" op " q14, q15, [%0, #224]\n" \
	op " q16, q17, [%0, #256]\n" op " q18, q19, [%0, #288]\n" \
	op " q20, q21, [%0, #320]\n" op " q22, q23, [%0, #352]\n" \
	op " q24, q25, [%0, #384]\n" op " q26, q27, [%0, #416]\n" \
	op " q28, q29, [%0, #448]\n" op " q30, q31, [%0, #480]\n"

static ALWAYS_INLINE void
registers_save(uint8_t *v)
{
	__asm__ volatile(".arch_extension fp\n.arch_extension simd\n"
	    EACH_PAIR("stp") : : "r"(v) : "memory");
}

static ALWAYS_INLINE void
registers_load(const uint8_t *v)
{
	__asm__ volatile(".arch_extension fp\n.arch_extension simd\n"
	    EACH_PAIR("ldp") : : "r"(v) : "memory");
}

static void
save(struct arch_fpu *a)
{
	registers_save(a->v);
	a->fpsr = (uint32_t)sysreg_read(fpsr);
	a->fpcr = (uint32_t)sysreg_read(fpcr);
}

/* irqs off. */
static void
load(struct arch_fpu *a)
{
	registers_load(a->v);
	sysreg_write(fpsr, a->fpsr);
	sysreg_write(fpcr, a->fpcr);
	a->cpu = cpu_id();
	loaded[a->cpu] = a;
}

void
fpu_switch(struct arch_context *prev, struct arch_context *next)
{
	struct arch_fpu *a = next->fpu;

	if (prev->fpu != NULL)
		save(prev->fpu);
	if (a != NULL && (a->cpu != cpu_id() || loaded[a->cpu] != a))
		load(a);
	if ((prev->fpu != NULL) != (a != NULL))
		sysreg_write(cpacr_el1, a != NULL ? CPACR_USER : CPACR_KERNEL);
}

bool
fpu_first_use(void)
{
	struct arch_context *ctx = &thread_current()->ctx;
	struct arch_fpu *a = kzalloc(sizeof(*a));
	unsigned long flags;

	if (a == NULL)
		return false;
	a->cpu = CPU_NONE;
	flags = arch_irq_save();
	ctx->fpu = a;
	load(a);
	sysreg_write(cpacr_el1, CPACR_USER);
	arch_irq_restore(flags);
	return true;
}

void
arch_context_free(struct arch_context *c)
{
	kfree(c->fpu, sizeof(*c->fpu));
	c->fpu = NULL;
}

enum err
arch_fpu_fork(struct arch_context *child)
{
	struct arch_fpu *a = thread_current()->ctx.fpu, *copy;
	unsigned long flags;

	child->fpu = NULL;
	if (a == NULL)
		return OK;
	copy = kmalloc(sizeof(*copy));
	if (copy == NULL)
		return ERR_NOMEM;
	flags = arch_irq_save();
	save(a);
	*copy = *a;
	arch_irq_restore(flags);
	copy->cpu = CPU_NONE;
	child->fpu = copy;
	return OK;
}

void
arch_fpu_reset(void)
{
	struct arch_context *ctx = &thread_current()->ctx;
	unsigned long flags = arch_irq_save();
	struct arch_fpu *old = ctx->fpu;

	ctx->fpu = NULL;
	sysreg_write(cpacr_el1, CPACR_KERNEL);
	arch_irq_restore(flags);
	kfree(old, sizeof(*old));
}

/* Linux's struct fpsimd_context without its header. */
struct flat {
	uint32_t fpsr, fpcr;
	uint8_t v[32 * 16];
};

size_t
arch_fpu_size(void)
{
	return sizeof(struct flat);
}

void
arch_fpu_export(void *buf)
{
	struct flat *to = buf;
	unsigned long flags;

	if (thread_current()->ctx.fpu == NULL) {
		memset(to, 0, sizeof(*to));
		return;
	}
	flags = arch_irq_save();
	to->fpsr = (uint32_t)sysreg_read(fpsr);
	to->fpcr = (uint32_t)sysreg_read(fpcr);
	registers_save(to->v);
	arch_irq_restore(flags);
}

static bool
all_zero(const uint64_t *word, size_t count)
{
	uint64_t any = 0;

	for (size_t i = 0; i < count; i++)
		any |= word[i];
	return any == 0;
}

/* Straight into the registers: while a thread runs, its area says nothing. */
enum err
arch_fpu_import(const void *buf, size_t len)
{
	const struct flat *from = buf;
	unsigned long flags;

	if (len < sizeof(*from))
		return ERR_INVAL;
	if (thread_current()->ctx.fpu == NULL) {
		if (all_zero(buf, sizeof(*from) / sizeof(uint64_t)))
			return OK; /* not used so far, and still not */
		if (!fpu_first_use())
			return ERR_NOMEM;
	}
	flags = arch_irq_save();
	sysreg_write(fpsr, from->fpsr);
	sysreg_write(fpcr, from->fpcr);
	registers_load(from->v);
	arch_irq_restore(flags);
	return OK;
}

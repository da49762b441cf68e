/*
 * FPU and vector registers. Here: off until a thread uses them, its area made
 * by the trap of the first use, saved when another thread's are loaded, and
 * cleared before any other program sees them. This port has none.
 */
#include <kernel/arch.h>

void
arch_context_free(struct arch_context *c UNUSED)
{
}

enum err
arch_fpu_fork(struct arch_context *child UNUSED)
{
	return OK;
}

void
arch_fpu_reset(void)
{
}

size_t
arch_fpu_size(void)
{
	return 0;
}

void
arch_fpu_export(void *buf UNUSED)
{
}

enum err
arch_fpu_import(const void *buf UNUSED, size_t len)
{
	return len == 0 ? OK : ERR_INVAL;
}

/*
 * Calls about the registers of x86_64, and clone with its order of arguments.
 * Source: man-pages 6.05, arch_prctl(2), clone(2).
 */
#include "../../call.h"

/* clone(flags, stack, parent tid, child tid, tls) */
enum err
lx_clone_x86(struct thread *t, const struct sysargs *a, long *ret)
{
	const struct sysargs as = {
		{ a->v[0], a->v[1], a->v[2], a->v[4], a->v[3] },
	};

	return lx_clone(t, &as, ret);
}

enum {
	ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS,
	ARCH_GET_CPUID = 0x1011,
};

enum err
lx_arch_prctl(struct thread *t, const struct sysargs *a, long *ret)
{
	uintptr_t arg = a->v[1];

	(void)t;
	*ret = 0;
	switch ((int)a->v[0]) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (arg >= arch_user_end)
			return ERR_PERM;
		if ((int)a->v[0] == ARCH_SET_FS)
			fs_base_write(arg);
		else
			x86_user_gs_base_set(arg);
		return OK;
	case ARCH_GET_FS:
		return user_store64(arg, fs_base_read());
	case ARCH_GET_GS:
		return user_store64(arg, x86_user_gs_base());
	case ARCH_GET_CPUID:
		*ret = 1; /* programs may execute it, always */
		return OK;
	default:
		return ERR_INVAL;
	}
}

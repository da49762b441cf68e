/*
 * The call table as three switches: what to run, how it is called, what its
 * arguments are. Two lines with one number do not compile; a hole answers
 * ERR_NOSYS and is counted by the trap path.
 */
#include "call.h"

#include "lx.h"

enum err
lx_call(struct thread *t, uintptr_t nr, const struct sysargs *a, long *ret)
{
	switch (nr) {
#define SYS(number, name, handler, kinds) \
	case number: \
		return handler(t, a, ret);
#include LX_TABLE
#undef SYS
	default:
		return ERR_NOSYS;
	}
}

const char *
lx_name_of(uintptr_t nr)
{
	switch (nr) {
#define SYS(number, name, handler, kinds) \
	case number: \
		return #name;
#include LX_TABLE
#undef SYS
	default:
		return NULL;
	}
}

const char *
lx_kinds_of(uintptr_t nr)
{
	switch (nr) {
#define SYS(number, name, handler, kinds) \
	case number: \
		return kinds;
#include LX_TABLE
#undef SYS
	default:
		return NULL;
	}
}

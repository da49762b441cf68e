/*
 * The call table as an array and two switches: what to run, how it is called,
 * what its arguments are. Two lines with one number do not compile; a hole
 * answers ERR_NOSYS and is counted by the trap path.
 */
#include "call.h"

#include "lx.h"

HOT_CONST abi_handler *const lx_calls[LX_CALL_LIMIT] = {
#define SYS(number, name, handler, kinds) [number] = handler,
#include LX_TABLE
#undef SYS
};

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

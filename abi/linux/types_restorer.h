/*
 * The kernel's struct sigaction of architectures whose programs may bring the
 * return from a handler. Source: Linux 6.6 include/uapi/asm-generic/signal.h.
 */
#pragma once

#include <stdint.h>

struct lx_sigaction {
	uint64_t handler, flags, restorer, mask;
};
#define lx_restorer_in(user, act) \
	((act)->restorer = (user)->flags & LX_SA_RESTORER ? \
	    (user)->restorer : 0)
#define lx_restorer_out(act, user) \
	((user)->restorer = (act)->restorer, \
	    (user)->flags |= (act)->restorer != 0 ? LX_SA_RESTORER : 0)

/*
 * The structures that x86_64 has in a shape of its own, as all other
 * architectures have them. Source: Linux 6.6 include/uapi/asm-generic.
 */
#pragma once

#include "types.h"

struct lx_stat {
	uint64_t dev, ino;
	uint32_t mode, nlink, uid, gid;
	uint64_t rdev, pad1;
	int64_t size;
	int32_t block_size, pad2;
	int64_t blocks;
	struct lx_timespec atime, mtime, ctime;
	uint32_t unused[2];
};
LX_SIZE(struct lx_stat, 128);

static inline void
lx_stat_pad(struct lx_stat *s)
{
	s->pad1 = 0;
	s->pad2 = 0;
	s->unused[0] = s->unused[1] = 0;
}

/* The kernel's struct sigaction without sa_restorer, as ports have it that
 * return through the vDSO alone. */
#ifndef lx_restorer_in
struct lx_sigaction {
	uint64_t handler, flags, mask;
};
#define lx_restorer_in(user, act)  ((void)0)
#define lx_restorer_out(act, user) ((void)0)
#endif

struct lx_epoll_event {
	uint32_t events, pad;
	uint64_t data;
};
LX_SIZE(struct lx_epoll_event, 16);

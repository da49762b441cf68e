/*
 * Structures that x86_64 has in a shape of its own.
 * Source: Linux 6.6 arch/x86/include/uapi/asm/{stat,signal}.h,
 * include/uapi/linux/eventpoll.h.
 */
#pragma once

#define LX_FRAME_ALIGN 64 /* the FPU's state in it, for XSAVE */

#include "../../types.h"
#include "../../types_restorer.h"

struct lx_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, pad1;
	uint64_t rdev;
	int64_t size, block_size, blocks;
	struct lx_timespec atime, mtime, ctime;
	int64_t unused[3];
};
LX_SIZE(struct lx_stat, 144);

static inline void
lx_stat_pad(struct lx_stat *s)
{
	s->pad1 = 0;
	s->unused[0] = s->unused[1] = s->unused[2] = 0;
}

struct lx_epoll_event {
	uint32_t events;
	uint64_t data;
} __attribute__((packed));
LX_SIZE(struct lx_epoll_event, 12);

/*
 * What the parts of the vDSO share.
 */
#pragma once

#include "../vdso_data.h"

#include <vdso_arch.h>

#define NS_PER_SEC 1000000000ul

struct timespec {
	int64_t sec, nsec;
};
struct timeval {
	int64_t sec, usec;
};
struct timezone {
	int32_t minutes_west, dst;
};

/* Of the wall clock, since 1970. */
__attribute__((visibility("hidden"))) uint64_t vdso_now_wall(void);

/*
 * What aarch64 has of its own: numbers of 32-bit Arm, and a sigaction with a
 * restorer. Source: Linux 6.6 arch/arm64/include/uapi/asm/{fcntl,signal}.h.
 */
#pragma once

#define LX_O_DIRECTORY 040000u
#define LX_O_NOFOLLOW  0100000u
#define LX_O_DIRECT    0200000u
#define LX_O_LARGEFILE 0400000u
#define LX_MINSIGSTKSZ 5120

#include "../../types_restorer.h"
#include "../../types_generic.h"

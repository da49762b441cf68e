/*
 * The native ABI of Carmine.
 *
 * A program asks the kernel by one instruction (ecall, svc, syscall). The
 * call's number goes in a7 (riscv64), x8 (aarch64) or rax (x86_64); up to six
 * arguments in a0-a5, x0-x5 or rdi rsi rdx r10 r8 r9. The result is in a0, x0
 * or rax: zero or more for success, a negative enum cm_error otherwise. On
 * x86_64 rcx and r11 are lost; all other registers are kept.
 *
 * Programs act on objects through handles: small numbers in the task's table,
 * each with rights. native/handle.h describes them; each subject has its own
 * header. The functions cm_NAME() declared there are the calls, one to one,
 * and answer the negative error themselves; errno is POSIX's business.
 *
 * A native program is a static ELF file with a note of owner "Carmine", type
 * CM_NOTE_ABI, whose descriptor is one 32-bit word: the ABI version it was
 * built for. It starts at its entry with the stack pointer at
 *   argc, argv[0..argc-1], NULL, environment strings, NULL, auxiliary pairs
 * (native/task.h, enum cm_aux), 16-byte aligned, all other registers zero.
 *
 * Durations and times are nanoseconds in 64 bits. Sizes are bytes. Structures
 * are the same on every architecture; reserved members must be zero.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "errors.h"

#define CM_ABI_VERSION 1
#define CM_NOTE_OWNER  "Carmine"
#define CM_NOTE_ABI    1

enum cm_call {
#define CALL(number, name, args)                CM_CALL_##name = number,
#define CALLH(number, name, args, kind, rights) CM_CALL_##name = number,
#define CALLD(number, name, args, rights)       CM_CALL_##name = number,
#include "call.def"
#undef CALL
#undef CALLH
#undef CALLD
};

typedef uint32_t cm_handle_t;
typedef uint32_t cm_rights_t;
typedef int32_t cm_pid_t;
typedef uint64_t cm_sigset_t; /* bit n-1 is signal n */

#define CM_HANDLE_NONE UINT32_MAX
/* In place of a directory handle: the working directory. */
#define CM_CWD ((cm_handle_t)-2)
/* As a timeout: wait as long as it takes. */
#define CM_FOREVER INT64_MAX

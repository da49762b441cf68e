/*
 * The C library's glue: POSIX functions on native calls. Nothing here is
 * seen by programs.
 */
#pragma once

#include <native/call.h>
#include <native/event.h>
#include <native/fs.h>
#include <native/handle.h>
#include <native/memory.h>
#include <native/signal.h>
#include <native/stream.h>
#include <native/system.h>
#include <native/task.h>
#include <native/time.h>
#include <native/waitset.h>

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The errno of a native error (positive). */
int __cm_errno(long error);
/* Sets errno and answers -1 for a negative result; else answers it. */
long __cm_result(long result);

/* A task's CPU and wall times in POSIX's shapes. */
#define NS_PER_SEC 1000000000L

struct timespec;
int64_t __cm_ns(const struct timespec *t);
struct timespec __cm_timespec(int64_t ns);

/* A native exit as POSIX's status word. */
struct cm_exit;
int __cm_status(const struct cm_exit *e);

/* The value of an auxiliary pair, 0 when there is none. */
uint64_t __cm_aux(enum cm_aux type);

/* Thread-local storage of a new thread in a block of memory. */
size_t __cm_tls_size(void);
void *__cm_tls_setup(void *block); /* answers the thread register's value */

void __cm_restorer(void);

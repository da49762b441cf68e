/*
 * The kernel log, panics and assertions.
 *
 * Messages go into a ring that programs read (/dev/kmsg, native log call)
 * and, up to the console level, to the console. Any context, any lock. A line
 * of the ring is "<level>[seconds.microseconds] text", the level as syslog has
 * it: 3 error, 4 warning, 6 information, 7 debug.
 */
#pragma once

#include <kernel/attr.h>
#include <stdarg.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* One line; a newline is added. fmt as lib/fmt.h. */
void klog(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Straight to the console, no ring, no lock once a panic runs. */
void log_raw(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Messages of this level and more urgent reach the console. */
void log_set_console_level(enum log_level level);
/* Where the console ends: NULL is arch_putc. */
void log_set_console(void (*write)(const char *s, size_t len));
/* Copies ring bytes from sequence *seq on; advances *seq past lost and read
 * bytes; returns the count (0: nothing newer). */
size_t log_read(uint64_t *seq, char *buf, size_t len);
uint64_t log_end(void); /* sequence of the next byte */
struct waitq *log_waitq(void); /* woken when bytes come */

NORETURN void panic(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Prints the callers of here as "name+offset" lines. */
void backtrace_print(void);
/* The name of the symbol around addr, cut to fit, "?" if there is none;
 * returns how far into it addr is. */
#define SYMBOL_NAME_MAX 64
size_t symbol_name(vaddr_t addr, char name[SYMBOL_NAME_MAX]);

NORETURN void assert_failed(
    const char *what, const char *file, int line);
#define ASSERT(x) \
	(LIKELY(x) ? (void)0 : assert_failed(#x, __FILE__, __LINE__))
#if CARMINE_CHECK
#define DASSERT(x) ASSERT(x)
#else
#define DASSERT(x) ((void)sizeof(x))
#endif

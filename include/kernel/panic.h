/*
 * The panic path's parts, for the trap glue: panic() itself is in log.h.
 */
#pragma once

#include <kernel/attr.h>

/* True once a CPU panics: the others stop at their next IPI. */
bool panic_running(void);
/* Makes this CPU the reporter, stops the others; irqs off afterwards. */
void panic_enter(void);
/* Prints backtrace and traces, powers off with the panic status. */
NORETURN void panic_finish(vaddr_t fp);
/* From now on console output goes past locks and drivers. */
void log_set_console_emergency(void);

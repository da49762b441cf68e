/*
 * The panic path's parts, for the trap glue: panic() itself is in log.h.
 */
#pragma once

#include <kernel/arch.h>

struct unwind;

/* True once a CPU panics: the others stop at their next IPI. */
bool panic_running(void);
/* Makes this CPU the reporter, stops the others; irqs off afterwards. */
void panic_enter(void);
/* Prints backtrace, the other CPUs, log and traces, and ends the machine with
 * the panic status. from NULL: from here. */
NORETURN void panic_finish(const struct unwind *from);
/* What another CPU does once a panic runs: hands in where it is and stops.
 * f: the registers of what the stop interrupted, or NULL. */
NORETURN void panic_stop(const struct arch_frame *f, const char *task, int pid);
/* From now on console output goes past locks and drivers. */
void log_set_console_emergency(void);
/* The last lines of the ring, by log_raw; only while a panic runs. */
void log_dump(unsigned lines);
/* Takes the log's lock and keeps it, for a crash test. irqs off. */
void log_seize(void);

/* Draws this boot's canary. Only frames that never return may be there. */
void canary_init(void);

/* Deliberate faults, to see the report: /proc/carmine/crash, crash=NAME on
 * the command line. ERR_NOENT: no such name; ERR_NOSYS: this machine cannot
 * (one CPU); else it does not come back. */
enum err crash_by_name(const char *name, size_t len);

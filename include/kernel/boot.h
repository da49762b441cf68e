/*
 * Start-up: options of the kernel's command line, and what kernel/init calls
 * once (kernel/core/cmdline.c, kernel/init).
 */
#pragma once

#include <kernel/arch.h>

/* True when the word name, or name=..., stands on the command line. */
bool cmdline_has(const char *name);
/* Copies the value of name=value; false: not there. */
bool cmdline_value(const char *name, char *buf, size_t len);
/* The same of the word that is the nth (from 0) of that name. */
bool cmdline_nth(const char *name, unsigned nth, char *buf, size_t len);
void ktest_run(void); /* the tests that the command line asks for; ends
    the machine */
void ktest_run_some(const char *want); /* those with want in their names */
void chardev_init(void); /* null, zero, random, kmsg ... */

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
void ktest_run(void); /* does not return when tests were asked for */
void chardev_init(void); /* null, zero, random, kmsg ... */

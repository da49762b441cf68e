/*
 * For host tests: a machine made of a process.
 */
#pragma once

#include <kernel/arch.h>

struct host_machine {
	size_t ram_bytes; /* page-aligned */
	unsigned cpus;
	const char *cmdline;
	const void *initrd; /* copied; may be NULL */
	size_t initrd_bytes;
};

/* Boots the kernel in this process; ends with arch_poweroff's status. */
NORETURN void host_boot(const struct host_machine *m);
/* What "user mode" does with a frame; see arch.c. */
extern void (*host_user_mode)(struct arch_frame *f);

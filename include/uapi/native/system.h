/*
 * The system.
 */
#pragma once

#include "call.h"

enum cm_info {
	CM_INFO_NAME,    /* "Carmine" */
	CM_INFO_RELEASE, /* version of the kernel */
	CM_INFO_MACHINE, /* "riscv64", "aarch64", "x86_64" */
	CM_INFO_HOST,    /* the container's host name */
	CM_INFO_OPTIONS, /* kernel command line */
	CM_INFO_MEMORY,  /* struct cm_memory_info */
	CM_INFO_CPUS,    /* uint64_t: CPUs that run */
};

struct cm_memory_info {
	uint64_t page_size;
	uint64_t total_bytes, free_bytes;
	uint64_t uptime_ns;
	uint64_t load[3]; /* run queue, 1, 5, 15 minutes; 16 fraction bits */
	uint64_t tasks;
};

/* Tells about the system; texts have no NUL and are cut to len. Gives: the
 * full length. Errors: CM_EINVAL. */
long cm_system_info(enum cm_info what, void *buf, size_t len);

/* Writes a line to the kernel's log. level: 0 error, 1 warning, 2 note, 3
 * debug. Errors: CM_EPERM, CM_EINVAL len > 1000. */
long cm_system_log(uint32_t level, const char *text, size_t len);

enum cm_power { CM_POWER_OFF, CM_POWER_RESET, CM_POWER_OFF_FAILED };

/* Writes file systems back and ends the machine; OFF_FAILED tells an emulator
 * that the run failed. Errors: CM_EPERM. */
long cm_system_power(enum cm_power how);

/* Fills buf with random bytes. flags: 0. Gives: len. */
long cm_system_random(void *buf, size_t len, uint32_t flags);

/* Sets the container's host name, at most 64 bytes. Errors: CM_EPERM,
 * CM_EINVAL. */
long cm_system_set_name(const char *name, size_t len);

/* Ties a directory to an ABI ("native", "linux", "xv6"): files below it run
 * under that ABI with the directory as their root. For ever. Errors: CM_EPERM,
 * CM_ENOENT, CM_ENOTDIR, CM_EEXISTS the directory is a zone, CM_EINVAL no such
 * ABI. */
long cm_system_zone(const char *dir, const char *abi);

enum cm_trace { CM_TRACE_OFF, CM_TRACE_ON };

/* Switches the tracing of calls for task pid, 0 all. Errors: CM_EPERM,
 * CM_ENOTASK, CM_EINVAL. */
long cm_trace_control(enum cm_trace op, cm_pid_t pid);

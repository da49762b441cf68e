/* What Carmine has of POSIX, on top of newlib's feature macros. */
#ifndef _CARMINE_SYS_FEATURES_H
#define _CARMINE_SYS_FEATURES_H

#include_next <sys/features.h>

/* What read and write answer; newlib's default for some machines is int. */
#ifndef _READ_WRITE_RETURN_TYPE
#define _READ_WRITE_RETURN_TYPE _ssize_t
#endif

#define _POSIX_VERSION                200809L
#define _POSIX2_VERSION               200809L
#define _POSIX_JOB_CONTROL            1
#define _POSIX_SAVED_IDS              1
#define _POSIX_NO_TRUNC               1
#define _POSIX_CHOWN_RESTRICTED       1
#define _POSIX_VDISABLE               '\0'
#define _POSIX_FSYNC                  200809L
#define _POSIX_MAPPED_FILES           200809L
#define _POSIX_MEMORY_PROTECTION      200809L
#define _POSIX_MONOTONIC_CLOCK        200809L
#define _POSIX_CLOCK_SELECTION        200809L
#define _POSIX_CPUTIME                200809L
#define _POSIX_THREAD_CPUTIME         200809L
#define _POSIX_TIMERS                 200809L
#define _POSIX_REALTIME_SIGNALS       200809L
#define _POSIX_SPAWN                  200809L
#define _POSIX_THREADS                200809L
#define _POSIX_THREAD_SAFE_FUNCTIONS  200809L
#define _POSIX_SHELL                  1
#define _POSIX_REGEXP                 1

#define FD_SETSIZE 1024

#endif

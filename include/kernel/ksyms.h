/*
 * The kernel's own symbols, made by tools/ksyms.py after the link: functions
 * sorted by address. Empty (count 0) on arch/host.
 */
#pragma once

#include <stdint.h>

extern const uint32_t ksyms_count;
extern const uintptr_t ksyms_addr[];    /* ascending */
extern const uint32_t ksyms_name_off[]; /* into ksyms_names, NUL-terminated */
extern const char ksyms_names[];

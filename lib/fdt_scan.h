/* A property of a flat device tree's /chosen, without libfdt. */
#pragma once

#include <lib/base.h>

#include <stdint.h>

/* The property's value in the blob, or NULL; *len bytes. The blob's header has
 * to be readable, and what it says are its bytes. */
const void *fdt_scan_chosen(
    const void *blob, const char *name, uint32_t *len);

/* What the kernel asks of a flat device tree without libfdt. */
#pragma once

#include <lib/base.h>

#include <stdint.h>

/* The property's value in the blob, or NULL; *len bytes. The blob's header has
 * to be readable, and what it says are its bytes. */
const void *fdt_scan_chosen(
    const void *blob, const char *name, uint32_t *len);

/* The structure block can be walked: its nodes nest, every length stays within
 * it, and it ends where it says. libfdt 1.6 does not come back from one that
 * steps backwards. Version 17 on. */
bool fdt_scan_whole(const void *blob);

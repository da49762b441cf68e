/*
 * Memory for hash tables, which may be longer than what kmalloc gives.
 */
#pragma once

#include <stddef.h>

/* Zeroed; up to 8 MiB. NULL: memory. */
void *htable_alloc(size_t size);
void htable_free(void *p, size_t size); /* NULL is fine */

/* SPDX-License-Identifier: MIT */
#pragma once

#include <lib/base.h>

/*
 * Sorts count elements of size bytes in place: heap sort, O(n log n) always,
 * no allocation, not stable. cmp as in strcmp; ctx is handed to it.
 */
void sort(void *base, size_t count, size_t size,
    int (*cmp)(const void *a, const void *b, void *ctx), void *ctx);

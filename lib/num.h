/* SPDX-License-Identifier: MIT */
/*
 * Numbers from text. The whole of the len bytes must be the number: no
 * blanks, no trailing text. False leaves *out as it was: empty text, a
 * foreign character, or a value that does not fit.
 */
#pragma once

#include <lib/base.h>

/* base 2..36, or 0: 0x, 0o, 0b prefixes, decimal otherwise. */
MUST_USE bool num_parse_u64(
    const char *s, size_t len, unsigned base, uint64_t *out);
/* With an optional - or + in front. */
MUST_USE bool num_parse_i64(
    const char *s, size_t len, unsigned base, int64_t *out);
/* Decimal (or 0x) with an optional K, M, G or T (powers of 1024). */
MUST_USE bool num_parse_size(const char *s, size_t len, uint64_t *out);

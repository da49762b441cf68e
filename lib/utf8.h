/* SPDX-License-Identifier: MIT */
/* UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, <= U+10FFFF. */
#pragma once

#include <lib/base.h>

#define UTF8_MAX         4      /* bytes of one character, at most */
#define UTF8_REPLACEMENT 0xfffd /* shown in place of what is not UTF-8 */

/*
 * Decodes the character at s. Returns its bytes (1..4) and sets *point;
 * 0: the bytes are wrong (skip one); -1: right so far but cut at len.
 */
int utf8_decode(const char *s, size_t len, uint32_t *point);

/* Writes 1..4 bytes and returns how many; 0: not a character. */
size_t utf8_encode(uint32_t point, char to[UTF8_MAX]);

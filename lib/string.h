/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions.
 *
 * The names that C also has are defined in string.c and mean the same; the
 * rest is in string_ext.c. A host build links the C library's instead of
 * string.c, and string_ext.c as everywhere.
 *
 * Kernel code is compiled freestanding, where the compiler does not know
 * what memcpy() is. The inline bodies below hand calls to its builtins, so
 * that a copy of constant size becomes plain loads and stores.
 */
#pragma once

#include <lib/base.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *p, int byte, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *part);

/*
 * Copies or appends s into a buffer of size bytes, always ending it with
 * NUL (unless size is 0). Returns the length that would have been needed:
 * a result >= size means the text was cut.
 */
size_t strlcpy(char *restrict to, const char *restrict s, size_t size);
size_t strlcat(char *restrict to, const char *restrict s, size_t size);

/* True if the len bytes at p are exactly the text s. */
bool str_is(const char *p, size_t len, const char *s);

/* One page of 4096 bytes; the addresses are page aligned. */
#define STRING_PAGE_BYTES 4096
void page_zero(void *page);
void page_copy(void *restrict to, const void *restrict from);
/* As memcpy, for what may be long: a port may use registers that have to be
 * freed first. */
#define BULK_MIN 512u /* below, a port's bulk copy is slower */
void bulk_copy_long(void *restrict to, const void *restrict from, size_t n);

static inline void
bulk_copy(void *restrict to, const void *restrict from, size_t n)
{
	if (n < BULK_MIN)
		memcpy(to, from, n);
	else
		bulk_copy_long(to, from, n);
}

#ifndef STRING_NO_INLINE
#define STRING_INLINE_ \
	extern inline __attribute__((always_inline, gnu_inline))

STRING_INLINE_ void *
memcpy(void *restrict to, const void *restrict from, size_t n)
{
	return __builtin_memcpy(to, from, n);
}

STRING_INLINE_ void *
memmove(void *to, const void *from, size_t n)
{
	return __builtin_memmove(to, from, n);
}

STRING_INLINE_ void *
memset(void *to, int byte, size_t n)
{
	return __builtin_memset(to, byte, n);
}

STRING_INLINE_ int
memcmp(const void *a, const void *b, size_t n)
{
	return __builtin_memcmp(a, b, n);
}

STRING_INLINE_ size_t
strlen(const char *s)
{
	return __builtin_strlen(s);
}
#endif

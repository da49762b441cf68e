/* SPDX-License-Identifier: MIT */
/*
 * Gives the functions of lib/string.c a prefix, so that a host test can link
 * them beside the C library's: include the C library's headers (unit.h), then
 * this, then the .c file. In the test memcpy() means ours from there on, and
 * c_memcpy() and friends are the C library's. Other files that define names
 * of the C library are tested in the same way (see fmt_test.c).
 */
#pragma once

#include <stddef.h>
#include <string.h>

static void *(*const c_memcpy)(void *, const void *, size_t) = memcpy;
static void *(*const c_memmove)(void *, const void *, size_t) = memmove;
static void *(*const c_memset)(void *, int, size_t) = memset;
static int (*const c_memcmp)(const void *, const void *, size_t) = memcmp;

#define memcpy  lib_memcpy
#define memmove lib_memmove
#define memset  lib_memset
#define memcmp  lib_memcmp
#define memchr  lib_memchr
#define strlen  lib_strlen
#define strnlen lib_strnlen
#define strcmp  lib_strcmp
#define strncmp lib_strncmp
#define strchr  lib_strchr
#define strrchr lib_strrchr
#define strstr  lib_strstr
#define strlcpy lib_strlcpy
#define strlcat lib_strlcat

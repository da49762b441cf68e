/* SPDX-License-Identifier: MIT */
/*
 * Formatted text: %d %i %u %x %X %o %c %s %p %% with flags - + space 0 #,
 * width, precision (both also *), and lengths hh h l ll z j t. No floating
 * point, no %n. An unknown conversion is printed as it stands.
 */
#pragma once

#include <lib/base.h>
#include <stdarg.h>

/* Where text goes. Embed it and reach the rest with container_of(). */
struct fmt_sink {
	void (*write)(struct fmt_sink *sink, const char *text, size_t len);
};

/* Returns the number of characters handed to the sink. */
size_t fmt_vformat(struct fmt_sink *sink, const char *format, va_list args)
    PRINTF_LIKE(2, 0);
size_t fmt_format(struct fmt_sink *sink, const char *format, ...)
    PRINTF_LIKE(2, 3);

/*
 * As in C: at most size bytes with the NUL; returns the full length.
 * Defined in snprintf.c, which a host build leaves to the C library.
 */
int vsnprintf(char *buf, size_t size, const char *format, va_list args)
    PRINTF_LIKE(3, 0);
int snprintf(char *buf, size_t size, const char *format, ...)
    PRINTF_LIKE(3, 4);

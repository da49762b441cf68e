/*
 * Errors. A function that can fail returns enum err and nothing else;
 * results leave through pointers that stay untouched on failure.
 */
#pragma once

#include <kernel/attr.h>

enum [[nodiscard]] err {
	OK,
#define ERR(name, text) ERR_##name,
#include <kernel/err.def>
#undef ERR
	ERR_COUNT
};

/* The text of the error list; never NULL. */
const char *err_text(enum err e);

/* Where an error really cannot matter; the call site says why. */
static inline void
err_ignore(enum err e)
{
	(void)e;
}

/*
 * Between expand.c and param.c: text under expansion, each byte with a mark
 * that tells where it came from.
 */
#pragma once

#include "sh.h"

enum {
	M_PLAIN = '.', /* literal: may be a pattern, is not split */
	M_QUOTED = 'q',
	M_SPLIT = 's', /* from an expansion: split and a pattern */
	M_BREAK = 'b', /* a field ends here, from "$@" */
	M_EMPTY = 'e', /* "" stood here: the field exists */
};

enum { X_QUOTED = 1, X_HERE = 2, X_TILDE = 4, X_ASSIGN = 8, X_WORD = 16 };

struct marked {
	struct buf text, marks;
	bool no_args; /* "$@" was empty */
};

void marked_put(struct marked *x, const char *s, size_t n, int mark);
bool expand_raw(struct marked *x, const char *raw, unsigned mode);
/* raw[*at] is '$'; leaves *at behind the expansion. */
bool expand_dollar(struct marked *x, const char *raw, size_t *at,
    unsigned mode);
bool expand_backquote(struct marked *x, const char *raw, size_t *at,
    unsigned mode);
/* The length of what skip steps over at raw[at]. */
size_t skip_len(const char *raw, size_t at, bool in_quotes,
    bool (*skip)(struct input *in, bool in_quotes));

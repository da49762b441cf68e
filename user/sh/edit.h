/*
 * Between edit.c and edit_help.c: a line being typed.
 */
#pragma once

#include "sh.h"

#ifndef CTRL
#define CTRL(c) ((c) & 0x1f)
#endif

/* Keys that are no byte; -1 is the end of input. */
enum { K_DELETE = 0x100, K_WORD_LEFT, K_WORD_RIGHT, K_KILL_WORD };

enum edit_end { E_LINE, E_END, E_INTERRUPT };

struct edit {
	struct buf line;
	size_t at;     /* the cursor, a byte in line */
	size_t row;    /* of the cursor below the prompt's row */
	const char *prompt;
	size_t prompt_width;
	struct buf screen; /* output not yet written */
	size_t back;   /* how far up in history; 0: what was typed */
	char *typed, *killed;
};

int edit_key(void);
void edit_redraw(struct edit *e);
void show_line(struct buf *screen, const char *s);
void edit_insert(struct edit *e, const char *s, size_t n);
void edit_delete(struct edit *e, size_t from, size_t to);
void edit_replace(struct edit *e, const char *s);
void edit_complete(struct edit *e);
int edit_search(struct edit *e); /* the key that ended the search */

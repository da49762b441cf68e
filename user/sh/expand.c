/*
 * Words to fields: XCU 2.6.
 *
 * expand_raw() walks the raw text of a word once and appends the result to a
 * struct marked, where every byte says whether it was quoted, literal, or
 * came out of an expansion. What the caller needs is then read off: fields
 * (split at IFS, patterns replaced by path names), one string, or a pattern
 * with the quoted characters escaped.
 */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "expand.h"

void
marked_put(struct marked *x, const char *s, size_t n, int mark)
{
	buf_put(&x->text, s, n);
	for (size_t i = 0; i < n; i++)
		buf_putc(&x->marks, mark);
}

static void
marked_free(struct marked *x)
{
	buf_free(&x->text);
	buf_free(&x->marks);
}

static int
literal_mark(unsigned mode)
{
	if (mode & X_QUOTED)
		return M_QUOTED;
	return mode & X_WORD ? M_SPLIT : M_PLAIN;
}

static void
put_mark(struct marked *x, int mark)
{
	char none = ' ';

	marked_put(x, &none, 1, mark);
}

size_t
skip_len(const char *raw, size_t at, bool in_quotes,
    bool (*skip)(struct input *in, bool in_quotes))
{
	struct input in;
	size_t n;

	input_string(&in, raw + at, strlen(raw + at));
	in.no_alias = true;
	if (!skip(&in, in_quotes))
		in.pos = in.len;
	n = in.pos;
	input_free(&in);
	return n;
}

/* Behind an opening double quote; leaves *at behind the closing one. */
static bool
expand_double(struct marked *x, const char *raw, size_t *at)
{
	struct input in;
	size_t n, before = x->text.len;
	bool no_args_before = x->no_args, ok;
	char *inner;

	input_string(&in, raw + *at - 1, strlen(raw + *at - 1));
	in.no_alias = true;
	lex_skip_quoted(&in);
	n = in.pos < 2 ? 0 : in.pos - 2;
	*at += in.pos - 1;
	input_free(&in);
	inner = xstrndup(raw + *at - n - 1, n);
	x->no_args = false;
	ok = expand_raw(x, inner, X_QUOTED);
	free(inner);
	if (x->text.len == before && !x->no_args)
		put_mark(x, M_EMPTY);
	x->no_args = no_args_before;
	return ok;
}

static size_t
expand_tilde(struct marked *x, const char *raw, unsigned mode)
{
	size_t n = strcspn(raw, mode & X_ASSIGN ? "/:" : "/");
	char *name = xstrndup(raw + 1, n - 1);
	const char *home = NULL;

	if (*name == '\0') {
		home = var_get("HOME");
	} else if (strpbrk(name, "$'\"`\\") == NULL) {
		struct passwd *pw = getpwnam(name);

		home = pw == NULL ? NULL : pw->pw_dir;
	}
	free(name);
	if (home == NULL)
		return 0;
	marked_put(x, home, strlen(home), M_QUOTED);
	return n;
}

static void
expand_backslash(struct marked *x, const char *raw, size_t *at,
    unsigned mode)
{
	int next = raw[*at + 1];
	const char *special = mode & X_HERE ? "$`\\\n" : "$`\"\\\n}";

	if (next == '\n') {
		*at += 2;
	} else if (next == '\0' || ((mode & X_QUOTED) &&
	    strchr(special, next) == NULL)) {
		marked_put(x, "\\", 1, M_QUOTED);
		*at += 1;
	} else {
		marked_put(x, raw + *at + 1, 1, M_QUOTED);
		*at += 2;
	}
}

/* raw[*at] is special; returns false after an error. */
static bool
expand_special(struct marked *x, const char *raw, size_t *at, unsigned mode)
{
	size_t n;

	switch (raw[*at]) {
	case '$':
		return expand_dollar(x, raw, at, mode);
	case '`':
		return expand_backquote(x, raw, at, mode);
	case '\\':
		expand_backslash(x, raw, at, mode);
		return true;
	case '"':
		++*at;
		if (mode & X_QUOTED) /* within "${x:-"..."}" */
			return true;
		return expand_double(x, raw, at);
	default:
		++*at;
		n = strcspn(raw + *at, "'");
		marked_put(x, raw + *at, n, M_QUOTED);
		if (n == 0)
			put_mark(x, M_EMPTY);
		*at += n + (raw[*at + n] == '\'');
		return true;
	}
}

static bool
tilde_here(const char *raw, size_t i, unsigned mode)
{
	if (raw[i] != '~' || (mode & X_QUOTED))
		return false;
	if (i == 0)
		return (mode & X_TILDE) != 0;
	return (mode & X_ASSIGN) && (raw[i - 1] == ':' ||
	    (raw[i - 1] == '=' && name_len(raw) == i - 1));
}

bool
expand_raw(struct marked *x, const char *raw, unsigned mode)
{
	const char *specials = mode & X_HERE ? "$`\\" :
	    mode & X_QUOTED ? "$`\\\"" : "$`\\\"'";
	size_t i = 0;

	while (raw[i] != '\0') {
		size_t n = strcspn(raw + i, specials);

		if (mode & (X_TILDE | X_ASSIGN)) {
			if (tilde_here(raw, i, mode))
				i += expand_tilde(x, raw + i, mode);
			n = strcspn(raw + i, specials);
			if ((mode & X_ASSIGN) && n > 1)
				n = 1 + strcspn(raw + i + 1, "~$`\\\"'");
		}
		marked_put(x, raw + i, n, literal_mark(mode));
		i += n;
		if (raw[i] == '\0' || strchr(specials, raw[i]) == NULL)
			continue;
		if (!expand_special(x, raw, &i, mode) ||
		    sh.unwind == U_ERROR)
			return false;
	}
	return true;
}

/* Fields under construction. */
struct field {
	struct buf plain, pattern;
	bool started, after_space;
	struct strs *out;
};

static void
field_add(struct field *f, int c, int mark)
{
	if (mark == M_QUOTED && strchr("*?[]\\-!^", c) != NULL)
		buf_putc(&f->pattern, '\\');
	buf_putc(&f->pattern, c);
	buf_putc(&f->plain, c);
	f->started = true;
	f->after_space = false;
}

static void
field_end(struct field *f)
{
	buf_put(&f->plain, "", 0);
	buf_put(&f->pattern, "", 0);
	if (!sh.opt['f'] && has_glob(f->pattern.s))
		glob_add(f->pattern.s, f->plain.s, f->out);
	else
		strs_add(f->out, xstrdup(f->plain.s));
	f->plain.len = f->pattern.len = 0;
	f->started = false;
}

static void
split(struct field *f, const struct marked *x)
{
	const char *ifs = var_get("IFS");

	if (ifs == NULL)
		ifs = " \t\n";
	for (size_t i = 0; i < x->text.len; i++) {
		int c = (unsigned char)x->text.s[i], mark = x->marks.s[i];

		if (mark == M_BREAK) {
			if (f->started)
				field_end(f);
		} else if (mark == M_EMPTY) {
			f->started = true;
		} else if (mark != M_SPLIT || strchr(ifs, c) == NULL) {
			field_add(f, c, mark);
		} else if (strchr(" \t\n", c) != NULL) {
			if (f->started) {
				field_end(f);
				f->after_space = true;
			}
		} else {
			if (f->started || !f->after_space)
				field_end(f);
			f->after_space = false;
		}
	}
	if (f->started)
		field_end(f);
	buf_free(&f->plain);
	buf_free(&f->pattern);
}

bool
expand_words(const struct word *w, struct strs *out)
{
	for (; w != NULL; w = w->next) {
		struct marked x = { 0 };
		struct field f = { .out = out };
		bool ok;

		if (strpbrk(w->text, "$`\\\"'*?[~") == NULL) {
			strs_add(out, xstrdup(w->text));
			continue;
		}
		ok = expand_raw(&x, w->text, X_TILDE);
		if (ok)
			split(&f, &x);
		marked_free(&x);
		if (!ok)
			return false;
	}
	strs_end(out);
	return true;
}

static char *
one_string(const char *raw, unsigned mode)
{
	struct marked x = { 0 };
	struct buf b = { 0 };
	bool ok = expand_raw(&x, raw, mode);

	for (size_t i = 0; ok && i < x.text.len; i++)
		if (x.marks.s[i] != M_EMPTY)
			buf_putc(&b, x.text.s[i]);
	marked_free(&x);
	if (ok)
		return buf_take(&b);
	buf_free(&b);
	return NULL;
}

char *
expand_string(const char *raw)
{
	return one_string(raw, X_TILDE);
}

char *
expand_assign(const char *raw)
{
	return one_string(raw, X_ASSIGN);
}

char *
expand_here(const char *raw)
{
	return one_string(raw, X_QUOTED | X_HERE);
}

char *
expand_pattern(const char *raw)
{
	struct marked x = { 0 };
	struct field f = { 0 };
	char *pattern = NULL;

	if (expand_raw(&x, raw, X_TILDE)) {
		for (size_t i = 0; i < x.text.len; i++)
			if (x.marks.s[i] != M_EMPTY)
				field_add(&f, (unsigned char)x.text.s[i],
				    x.marks.s[i]);
		pattern = buf_take(&f.pattern);
	}
	buf_free(&f.plain);
	marked_free(&x);
	return pattern;
}

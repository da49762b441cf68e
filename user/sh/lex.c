/*
 * Tokens. A word is a slice of the source with its quotes and expansions
 * still in it; to find its end the lexer has to step over nested
 * constructs, and for $(...) only the grammar knows where that is, so the
 * parser is called for it (lex_skip_dollar). Expansion uses the same
 * functions to cut words apart.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sh.h"

enum { MAX_NESTING = 100 };

static int nesting; /* of lex_skip_*: a bound for the stack */

static bool
skip_command(struct input *in)
{
	struct parser p = { .in = in, .mem = arena_new() };
	bool ok;

	parse_all(&p);
	ok = !p.failed && p.tok == T_RP;
	arena_unref(p.mem);
	return ok;
}

static bool
skip_arith(struct input *in)
{
	int depth = 0, c;

	while ((c = input_peek(in)) >= 0) {
		if (c == '$') {
			if (!lex_skip_dollar(in, true))
				return false;
			continue;
		}
		if (c == '\\' || c == '"' || c == '`') {
			if (!lex_skip_quoted(in))
				return false;
			continue;
		}
		if (c == ')' && depth == 0 && input_peek2(in) == ')') {
			input_get(in);
			input_get(in);
			return true;
		}
		if (c == ')' && depth == 0)
			return false;
		depth += (c == '(') - (c == ')');
		input_get(in);
	}
	return false;
}

bool
lex_skip_braced(struct input *in, bool in_quotes)
{
	int c, before = 0;
	bool literal = in_quotes;

	while ((c = input_peek(in)) >= 0 && c != '}') {
		bool ok = true;

		if ((c == '#' || c == '%') && before != 0)
			literal = false; /* a pattern: quotes count */
		before = c;
		if (c == '$')
			ok = lex_skip_dollar(in, in_quotes);
		else if (c == '\'' && literal)
			input_get(in);
		else if (strchr("'\"`\\", c) != NULL)
			ok = lex_skip_quoted(in);
		else
			input_get(in);
		if (!ok)
			return false;
	}
	return input_get(in) == '}';
}

static bool
skip_dollar(struct input *in, bool in_quotes)
{
	int c;

	input_get(in);
	c = input_peek(in);
	if (c == '{') {
		input_get(in);
		return lex_skip_braced(in, in_quotes);
	}
	if (c == '(' && input_peek2(in) == '(') {
		input_get(in);
		input_get(in);
		return skip_arith(in);
	}
	if (c == '(') {
		input_get(in);
		return skip_command(in);
	}
	if (c > 0 && strchr("#?$!@*-", c) != NULL)
		input_get(in);
	return true;
}

bool
lex_skip_dollar(struct input *in, bool in_quotes)
{
	bool ok;

	if (nesting >= MAX_NESTING)
		return false;
	nesting++;
	ok = skip_dollar(in, in_quotes);
	nesting--;
	return ok;
}

static bool
skip_double(struct input *in)
{
	int c;

	while ((c = input_peek(in)) >= 0 && c != '"') {
		bool ok = true;

		if (c == '$')
			ok = lex_skip_dollar(in, true);
		else if (c == '`' || c == '\\')
			ok = lex_skip_quoted(in);
		else
			input_get(in);
		if (!ok)
			return false;
	}
	return input_get(in) == '"';
}

bool
lex_skip_quoted(struct input *in)
{
	int c, open = input_get(in);

	if (open == '\\') {
		input_get(in);
		return true; /* a final backslash stands for itself */
	}
	if (open == '"')
		return skip_double(in);
	while ((c = input_get(in)) >= 0 && c != open)
		if (c == '\\' && open == '`')
			input_get(in);
	return c == open;
}

static void
skip_blanks(struct input *in)
{
	int c;

	while ((c = input_peek(in)) >= 0) {
		if (c == '\\' && input_peek2(in) == '\n') {
			input_get(in);
			input_get(in);
		} else if (c == '#') {
			while ((c = input_peek(in)) >= 0 && c != '\n')
				input_get(in);
		} else if (c == ' ' || c == '\t' || c == '\r') {
			input_get(in);
		} else {
			return;
		}
	}
}

static bool
accept(struct input *in, int c)
{
	if (input_peek(in) != c)
		return false;
	input_get(in);
	return true;
}

static enum tok
lex_less(struct input *in)
{
	if (accept(in, '<'))
		return accept(in, '-') ? T_DLESSDASH : T_DLESS;
	if (accept(in, '&'))
		return T_LESSAND;
	return accept(in, '>') ? T_LESSGREAT : T_LESS;
}

static enum tok
lex_great(struct input *in)
{
	if (accept(in, '>'))
		return T_DGREAT;
	if (accept(in, '&'))
		return T_GREATAND;
	return accept(in, '|') ? T_CLOBBER : T_GREAT;
}

static bool
is_meta(int c)
{
	return c < 0 || strchr(" \t\r\n;&|<>()", c) != NULL;
}

/* An operator, or T_WORD when none begins here. */
static enum tok
lex_operator(struct input *in)
{
	int c = input_peek(in);

	if (c < 0)
		return T_EOF;
	if (!is_meta(c))
		return T_WORD;
	input_get(in);
	switch (c) {
	case '\n':
		return T_NL;
	case ';':
		return accept(in, ';') ? T_DSEMI : T_SEMI;
	case '&':
		return accept(in, '&') ? T_AND : T_AMP;
	case '|':
		return accept(in, '|') ? T_OR : T_PIPE;
	case '<':
		return lex_less(in);
	case '>':
		return lex_great(in);
	case '(':
		return T_LP;
	default:
		return T_RP;
	}
}

static enum tok
lex_word(struct parser *p)
{
	struct input *in = p->in;
	bool digits = true;
	int c;

	while (!is_meta(c = input_peek(in))) {
		bool ok = true;

		digits = digits && isdigit(c);
		if (c == '$')
			ok = lex_skip_dollar(in, false);
		else if (strchr("'\"`\\", c) != NULL)
			ok = lex_skip_quoted(in);
		else
			input_get(in);
		if (!ok) {
			syntax_error(p, "unterminated %s", c == '$' ?
			    "expansion" : "quoted string");
			break;
		}
	}
	p->text = arena_strndup(p->mem, in->text + p->start,
	    in->pos - p->start);
	return digits && (c == '<' || c == '>') ? T_IONUM : T_WORD;
}

static bool
here_line(struct input *in, struct buf *line)
{
	int c;

	line->len = 0;
	while ((c = input_get(in)) >= 0) {
		buf_putc(line, c);
		if (c == '\n')
			return true;
	}
	return line->len > 0;
}

static void
read_here_doc(struct parser *p, struct redir *r)
{
	struct buf line = { 0 }, body = { 0 };

	while (here_line(p->in, &line)) {
		char *s = line.s;
		size_t n;

		while (r->strip_tabs && *s == '\t')
			s++;
		n = strcspn(s, "\n");
		if (n == strlen(r->delimiter) &&
		    memcmp(s, r->delimiter, n) == 0)
			break;
		buf_puts(&body, s);
	}
	r->target = arena_strndup(p->mem, body.len == 0 ? "" : body.s,
	    body.len);
	buf_free(&line);
	buf_free(&body);
}

enum tok
lex(struct parser *p)
{
	struct input *in = p->in;

	if (p->failed)
		return p->tok = T_EOF;
	skip_blanks(in);
	p->start = in->pos;
	p->tok = lex_operator(in);
	if (p->tok == T_WORD)
		p->tok = lex_word(p);
	p->end = in->pos;
	if (p->tok == T_NL || p->tok == T_EOF) {
		while (p->here_docs != NULL) {
			read_here_doc(p, p->here_docs);
			p->here_docs = p->here_docs->next_here;
		}
	}
	return p->tok;
}

/* Removes quotes and expands nothing: for the end of a here-document. */
char *
unquote(const char *raw, bool *was_quoted)
{
	struct buf b = { 0 };
	int quote = 0;

	*was_quoted = false;
	for (; *raw != '\0'; raw++) {
		if (quote == 0 && (*raw == '\'' || *raw == '"')) {
			quote = *raw;
			*was_quoted = true;
		} else if (quote != 0 && *raw == quote) {
			quote = 0;
		} else if (*raw == '\\' && quote != '\'' && raw[1] != '\0') {
			*was_quoted = true;
			buf_putc(&b, *++raw);
		} else {
			buf_putc(&b, *raw);
		}
	}
	return buf_take(&b);
}

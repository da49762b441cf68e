/*
 * The grammar of POSIX.1-2017, XCU 2.10, by recursive descent.
 *
 * A token is looked at with peek(), or with peek_command() where a command
 * may begin and aliases count; take() consumes it. Reserved words are words
 * whose raw text is the keyword, so a quoted one is none. After an error
 * every token is T_EOF and the recursion unwinds by itself.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sh.h"

enum { MAX_DEPTH = 200 };

static struct node *parse_command(struct parser *p);
static struct node *parse_list(struct parser *p);

void
syntax_error(struct parser *p, const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;

	if (p->failed)
		return;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (!sh.interrupted)
		warn("line %d: syntax error: %s", p->in->line, b.s);
	buf_free(&b);
	p->failed = true;
	p->tok = T_EOF;
}

static enum tok
peek(struct parser *p)
{
	if (!p->ready) {
		lex(p);
		p->ready = true;
	}
	return p->failed ? T_EOF : p->tok;
}

static void
take(struct parser *p)
{
	p->ready = false;
	p->last_end = p->end;
}

/* Puts the text of alias a in place of the token. */
static void
splice(struct parser *p, struct alias *a)
{
	struct input *in = p->in;
	size_t n = strlen(a->value), rest = in->len - in->pos;
	struct buf b = { 0 };

	buf_put(&b, in->text, p->start);
	buf_put(&b, a->value, n);
	buf_put(&b, in->text + in->pos, rest);
	free(in->text);
	in->pos = p->start;
	in->len = b.len;
	in->cap = b.cap;
	in->text = buf_take(&b);
	a->left_at_end = rest;
	a->active = true;
	p->ready = false;
	p->alias_next = p->alias_next || (n > 0 &&
	    isblank((unsigned char)a->value[n - 1]));
}

static enum tok
peek_command(struct parser *p)
{
	while (peek(p) == T_WORD && !p->in->no_alias) {
		struct alias *a = alias_find(p->text);

		if (a == NULL || (a->active &&
		    p->in->len - p->start > a->left_at_end))
			break;
		splice(p, a);
	}
	return peek(p);
}

static bool
at_word(struct parser *p, const char *word)
{
	return peek_command(p) == T_WORD && strcmp(p->text, word) == 0;
}

static const char *
token_text(struct parser *p)
{
	switch (p->tok) {
	case T_EOF:
		return "end of input";
	case T_NL:
		return "newline";
	case T_WORD:
	case T_IONUM:
		return p->text;
	default:
		return arena_strndup(p->mem, p->in->text + p->start,
		    p->end - p->start);
	}
}

static void
unexpected(struct parser *p)
{
	peek(p);
	syntax_error(p, "unexpected %s", token_text(p));
}

static void
expect_word(struct parser *p, const char *word)
{
	if (at_word(p, word))
		take(p);
	else if (!p->failed)
		syntax_error(p, "unexpected %s, expecting %s", token_text(p),
		    word);
}

static void
skip_newlines(struct parser *p)
{
	while (peek_command(p) == T_NL)
		take(p);
}

static struct node *
node_new(struct parser *p, enum node_kind kind)
{
	struct node *n = arena_alloc(p->mem, sizeof(*n));

	n->kind = kind;
	n->line = p->in->line;
	return n;
}

static void
word_add(struct parser *p, struct word ***end)
{
	struct word *w = arena_alloc(p->mem, sizeof(*w));

	w->text = p->text;
	**end = w;
	*end = &w->next;
	take(p);
}

static const struct {
	enum redir_op op;
	int fd;
} redir_ops[] = {
	[T_LESS] = { R_IN, 0 },
	[T_DLESS] = { R_HERE, 0 },
	[T_DLESSDASH] = { R_HERE, 0 },
	[T_LESSAND] = { R_DUPIN, 0 },
	[T_LESSGREAT] = { R_RDWR, 0 },
	[T_GREAT] = { R_OUT, 1 },
	[T_DGREAT] = { R_APPEND, 1 },
	[T_GREATAND] = { R_DUPOUT, 1 },
	[T_CLOBBER] = { R_CLOBBER, 1 },
};

static bool
at_redir(struct parser *p)
{
	return peek(p) == T_IONUM || (p->tok >= T_LESS &&
	    p->tok <= T_CLOBBER);
}

static void
add_here_doc(struct parser *p, struct redir *r)
{
	struct redir **end = &p->here_docs;
	char *delimiter = unquote(p->text, &r->literal);

	r->delimiter = arena_strndup(p->mem, delimiter, strlen(delimiter));
	free(delimiter);
	while (*end != NULL)
		end = &(*end)->next_here;
	*end = r;
}

static void
parse_redir(struct parser *p, struct redir ***end)
{
	struct redir *r = arena_alloc(p->mem, sizeof(*r));
	int fd = -1;

	if (p->tok == T_IONUM) {
		fd = atoi(p->text);
		take(p);
		peek(p);
	}
	r->op = redir_ops[p->tok].op;
	r->fd = fd < 0 ? redir_ops[p->tok].fd : fd;
	r->strip_tabs = p->tok == T_DLESSDASH;
	take(p);
	if (peek(p) != T_WORD) {
		unexpected(p);
		return;
	}
	r->target = p->text;
	if (r->op == R_HERE)
		add_here_doc(p, r);
	take(p);
	**end = r;
	*end = &r->next;
}

static bool
is_assignment(const char *s)
{
	size_t n = name_len(s);

	return n > 0 && s[n] == '=';
}

static struct node *
parse_function(struct parser *p, struct node *n)
{
	const char *name = n->words->text;
	struct node *f = node_new(p, N_FUNC);

	take(p);
	if (peek(p) != T_RP || strpbrk(name, "$'\"`\\/") != NULL) {
		unexpected(p);
		return f;
	}
	take(p);
	skip_newlines(p);
	f->name = n->words->text;
	f->right = parse_command(p);
	return f;
}

static struct node *
parse_simple(struct parser *p)
{
	struct node *n = node_new(p, N_CMD);
	struct word **assigns = &n->assigns, **words = &n->words;
	struct redir **redirs = &n->redirs;

	for (;;) {
		if (n->words == NULL) {
			peek_command(p);
		} else if (p->alias_next) {
			p->alias_next = false;
			peek_command(p);
		}
		if (at_redir(p)) {
			parse_redir(p, &redirs);
		} else if (peek(p) == T_WORD) {
			bool assign = n->words == NULL &&
			    is_assignment(p->text);

			word_add(p, assign ? &assigns : &words);
		} else if (p->tok == T_LP && n->words != NULL &&
		    n->words->next == NULL && n->assigns == NULL &&
		    n->redirs == NULL) {
			return parse_function(p, n);
		} else {
			break;
		}
	}
	p->alias_next = false;
	if (n->words == NULL && n->assigns == NULL && n->redirs == NULL)
		unexpected(p);
	return n;
}

static struct node *
parse_if(struct parser *p)
{
	struct node *n = node_new(p, N_IF);

	take(p);
	n->left = parse_list(p);
	expect_word(p, "then");
	n->right = parse_list(p);
	if (at_word(p, "elif")) {
		n->other = parse_if(p); /* takes the "fi", too */
		return n;
	}
	if (at_word(p, "else")) {
		take(p);
		n->other = parse_list(p);
	}
	expect_word(p, "fi");
	return n;
}

static struct node *
parse_do(struct parser *p)
{
	struct node *body;

	expect_word(p, "do");
	body = parse_list(p);
	expect_word(p, "done");
	return body;
}

static struct node *
parse_while(struct parser *p)
{
	struct node *n = node_new(p, at_word(p, "while") ? N_WHILE : N_UNTIL);

	take(p);
	n->left = parse_list(p);
	n->right = parse_do(p);
	return n;
}

static struct node *
parse_for(struct parser *p)
{
	struct node *n = node_new(p, N_FOR);
	struct word **end = &n->words;

	take(p);
	if (peek(p) != T_WORD || !is_name(p->text, strlen(p->text))) {
		unexpected(p);
		return n;
	}
	n->name = p->text;
	take(p);
	skip_newlines(p);
	if (at_word(p, "in")) {
		n->has_in = true;
		take(p);
		while (peek(p) == T_WORD)
			word_add(p, &end);
		if (p->tok != T_SEMI && p->tok != T_NL) {
			unexpected(p);
			return n;
		}
	}
	if (peek(p) == T_SEMI)
		take(p);
	skip_newlines(p);
	n->right = parse_do(p);
	return n;
}

static struct case_arm *
parse_arm(struct parser *p)
{
	struct case_arm *arm = arena_alloc(p->mem, sizeof(*arm));
	struct word **end = &arm->patterns;

	if (peek(p) == T_LP)
		take(p);
	do {
		if (arm->patterns != NULL)
			take(p);
		if (peek(p) != T_WORD) {
			unexpected(p);
			return arm;
		}
		word_add(p, &end);
	} while (peek(p) == T_PIPE);
	if (p->tok != T_RP) {
		unexpected(p);
		return arm;
	}
	take(p);
	skip_newlines(p);
	if (peek(p) != T_DSEMI && !at_word(p, "esac"))
		arm->body = parse_list(p);
	return arm;
}

static struct node *
parse_case(struct parser *p)
{
	struct node *n = node_new(p, N_CASE);
	struct word **subject = &n->words;
	struct case_arm **end = &n->arms;

	take(p);
	if (peek(p) != T_WORD) {
		unexpected(p);
		return n;
	}
	word_add(p, &subject);
	skip_newlines(p);
	expect_word(p, "in");
	for (;;) {
		skip_newlines(p);
		if (p->failed || at_word(p, "esac"))
			break;
		*end = parse_arm(p);
		end = &(*end)->next;
		if (peek(p) != T_DSEMI)
			break;
		take(p);
	}
	expect_word(p, "esac");
	return n;
}

static struct node *
parse_subshell(struct parser *p)
{
	struct node *n = node_new(p, N_SUBSHELL);

	take(p);
	n->left = parse_list(p);
	if (peek(p) == T_RP)
		take(p);
	else
		unexpected(p);
	return n;
}

static struct node *
parse_group(struct parser *p)
{
	struct node *n = node_new(p, N_GROUP);

	take(p);
	n->left = parse_list(p);
	expect_word(p, "}");
	return n;
}

static struct node *
parse_compound(struct parser *p)
{
	if (peek_command(p) == T_LP)
		return parse_subshell(p);
	if (at_word(p, "if"))
		return parse_if(p);
	if (at_word(p, "while") || at_word(p, "until"))
		return parse_while(p);
	if (at_word(p, "for"))
		return parse_for(p);
	if (at_word(p, "case"))
		return parse_case(p);
	if (at_word(p, "{"))
		return parse_group(p);
	return NULL;
}

/* Words that can only end a list, never begin a command. */
static bool
at_end_word(struct parser *p)
{
	static const char *const words[] = {
		"then", "else", "elif", "fi", "do", "done", "esac", "}",
	};

	if (peek_command(p) != T_WORD)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(p->text, words[i]) == 0)
			return true;
	return false;
}

static struct node *
parse_command(struct parser *p)
{
	struct node *n;
	struct redir **end;

	if (p->depth >= MAX_DEPTH) {
		syntax_error(p, "nested too deeply");
		return NULL;
	}
	if (at_end_word(p)) {
		unexpected(p);
		return NULL;
	}
	p->depth++;
	n = parse_compound(p);
	if (n == NULL) {
		n = parse_simple(p);
	} else {
		end = &n->redirs;
		while (at_redir(p))
			parse_redir(p, &end);
	}
	p->depth--;
	return n;
}

static char *
source_text(struct parser *p, size_t start)
{
	if (!p->in->interactive || p->last_end <= start)
		return NULL;
	return arena_strndup(p->mem, p->in->text + start,
	    p->last_end - start);
}

static struct node *
parse_pipeline(struct parser *p)
{
	struct node *first, *n, *last;
	bool negate = false;
	size_t start;

	while (at_word(p, "!")) {
		take(p);
		negate = !negate;
	}
	peek_command(p);
	start = p->start;
	n = first = last = parse_command(p);
	while (peek(p) == T_PIPE && last != NULL) {
		if (n->kind != N_PIPE || n == first) {
			n = node_new(p, N_PIPE);
			n->left = first;
		}
		take(p);
		skip_newlines(p);
		last->next = parse_command(p);
		last = last->next;
	}
	if (n != NULL && n->text == NULL)
		n->text = source_text(p, start);
	if (negate) {
		struct node *inner = n;

		n = node_new(p, N_NOT);
		n->left = inner;
	}
	return n;
}

static struct node *
parse_and_or(struct parser *p)
{
	struct node *n = parse_pipeline(p);

	while (peek(p) == T_AND || p->tok == T_OR) {
		struct node *left = n;

		n = node_new(p, p->tok == T_AND ? N_AND : N_OR);
		n->left = left;
		take(p);
		skip_newlines(p);
		n->right = parse_pipeline(p);
	}
	return n;
}

/* One and-or list; an '&' behind it is taken, a ';' or newline is not. */
static struct node *
parse_item(struct parser *p)
{
	struct node *n;
	size_t start;

	peek_command(p);
	start = p->start;
	n = parse_and_or(p);
	if (peek(p) == T_AMP) {
		struct node *bg = node_new(p, N_BG);

		bg->text = source_text(p, start);
		bg->left = n;
		take(p);
		n = bg;
	}
	return n;
}

static bool
at_list_end(struct parser *p)
{
	return peek(p) == T_EOF || p->tok == T_RP || p->tok == T_DSEMI ||
	    at_end_word(p);
}

/* A sequence of items; newlines count as ';' when multi_line. */
static struct node *
parse_items(struct parser *p, bool multi_line)
{
	struct node *seq = NULL, *last = NULL, *first;

	first = last = parse_item(p);
	for (;;) {
		bool more = last != NULL && last->kind == N_BG;

		if (peek(p) == T_SEMI) {
			take(p);
			more = true;
		}
		if (multi_line && peek(p) == T_NL) {
			skip_newlines(p);
			more = true;
		}
		if (!more || p->failed || peek(p) == T_NL || at_list_end(p))
			break;
		if (seq == NULL) {
			seq = node_new(p, N_SEQ);
			seq->left = first;
		}
		last->next = parse_item(p);
		last = last->next;
		if (last == NULL)
			break;
	}
	return seq != NULL ? seq : first;
}

static struct node *
parse_list(struct parser *p)
{
	skip_newlines(p);
	return parse_items(p, true);
}

struct node *
parse_line(struct parser *p)
{
	struct node *n = NULL;

	if (peek_command(p) != T_NL && p->tok != T_EOF) {
		n = parse_items(p, false);
		if (peek(p) != T_NL && p->tok != T_EOF)
			unexpected(p);
	}
	take(p);
	return p->failed ? NULL : n;
}

struct node *
parse_all(struct parser *p)
{
	struct node *n = NULL;

	skip_newlines(p);
	if (peek(p) != T_EOF && p->tok != T_RP) {
		n = parse_items(p, true);
		if (peek(p) != T_EOF && p->tok != T_RP)
			unexpected(p);
	}
	return p->failed ? NULL : n;
}

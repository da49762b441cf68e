/*
 * What begins with a dollar sign: parameters with all their operators,
 * arithmetic, and command substitution.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expand.h"

/* ${name op word}, taken apart. */
struct param {
	char *name;
	const char *op; /* in the text between the braces */
	bool colon;
	const char *word;
};

static int
join_char(void)
{
	const char *ifs = var_get("IFS");

	return ifs == NULL ? ' ' : (unsigned char)*ifs;
}

static void
put_value(struct marked *x, const char *s, unsigned mode)
{
	marked_put(x, s, strlen(s), mode & X_QUOTED ? M_QUOTED : M_SPLIT);
}

static void
put_args(struct marked *x, bool star, unsigned mode)
{
	bool quoted_star = star && (mode & X_QUOTED);
	char sep = (char)join_char();

	if (sh.n_args == 0 && !star)
		x->no_args = true;
	for (int i = 0; i < sh.n_args; i++) {
		if (i > 0 && !quoted_star)
			marked_put(x, " ", 1, M_BREAK);
		else if (i > 0 && sep != '\0')
			marked_put(x, &sep, 1, M_QUOTED);
		put_value(x, sh.args[i], mode);
		if ((mode & X_QUOTED) && !star && *sh.args[i] == '\0')
			marked_put(x, " ", 1, M_EMPTY);
	}
}

static char *
joined_args(int sep)
{
	struct buf b = { 0 };

	for (int i = 0; i < sh.n_args; i++) {
		if (i > 0 && sep != '\0')
			buf_putc(&b, sep);
		buf_puts(&b, sh.args[i]);
	}
	return buf_take(&b);
}

static char *
option_letters(void)
{
	struct buf b = { 0 };

	for (int c = 'A'; c <= 'z'; c++)
		if (sh.opt[c])
			buf_putc(&b, c);
	return buf_take(&b);
}

static char *
number_text(long n)
{
	char s[24];

	snprintf(s, sizeof(s), "%ld", n);
	return xstrdup(s);
}

/* The value of a parameter, malloc'd; NULL when it is not set. */
static char *
param_value(const char *name)
{
	const char *s;

	if (isdigit((unsigned char)*name)) {
		long i = strtol(name, NULL, 10);

		if (i == 0)
			return xstrdup(sh.name);
		return i > sh.n_args ? NULL : xstrdup(sh.args[i - 1]);
	}
	switch (*name) {
	case '#':
		return number_text(sh.n_args);
	case '?':
		return number_text(sh.status);
	case '$':
		return number_text(sh.pid);
	case '!':
		return sh.last_bg == 0 ? NULL : number_text(sh.last_bg);
	case '-':
		return option_letters();
	case '@':
	case '*':
		if (sh.n_args == 0)
			return NULL;
		return joined_args(*name == '*' ? join_char() : ' ');
	default:
		s = var_get(name);
		return s == NULL ? NULL : xstrdup(s);
	}
}

static size_t
param_name_len(const char *s)
{
	size_t n = name_len(s);

	if (n > 0)
		return n;
	while (isdigit((unsigned char)s[n]))
		n++;
	if (n == 0 && *s != '\0' && strchr("#?$!@*-", *s) != NULL)
		n = 1;
	return n;
}

static void
put_param(struct marked *x, const char *name, unsigned mode)
{
	char *value;

	if (*name == '@' || *name == '*') {
		put_args(x, *name == '*', mode);
		return;
	}
	value = param_value(name);
	if (value != NULL)
		put_value(x, value, mode);
	else if (sh.opt['u'])
		fail("%s: parameter not set", name);
	free(value);
}

/* Cuts the shortest or longest matching prefix or suffix off. */
static void
put_trimmed(struct marked *x, const struct param *p, char *value,
    unsigned mode)
{
	bool suffix = *p->op == '%', longest = p->op[1] == *p->op;
	size_t len = strlen(value), cut = 0;
	char *pattern = expand_pattern(p->word);

	for (size_t i = 0; pattern != NULL && i <= len; i++) {
		size_t n = longest ? len - i : i;
		char *part = suffix ? xstrdup(value + len - n) :
		    xstrndup(value, n);
		bool hit = match(pattern, part);

		free(part);
		if (hit) {
			cut = n;
			break;
		}
	}
	free(pattern);
	if (suffix)
		value[len - cut] = '\0';
	put_value(x, suffix ? value : value + cut, mode);
}

static bool
assign_default(struct marked *x, const struct param *p, unsigned mode)
{
	char *value;

	if (name_len(p->name) == 0) {
		fail("%s: cannot be assigned to", p->name);
		return false;
	}
	value = expand_string(p->word);
	if (value == NULL)
		return false;
	if (var_set(p->name, value))
		put_value(x, value, mode);
	free(value);
	return sh.unwind != U_ERROR;
}

static void
complain_unset(const struct param *p)
{
	char *text = *p->word == '\0' ? NULL : expand_string(p->word);

	fail("%s: %s", p->name, text == NULL ? "parameter not set" : text);
	free(text);
}

/* value: of the parameter, NULL when it counts as unset. */
static bool
apply_op(struct marked *x, const struct param *p, char *value, unsigned mode)
{
	switch (*p->op) {
	case '+':
		if (value == NULL)
			return true;
		return expand_raw(x, p->word, mode | X_WORD | X_TILDE);
	case '-':
		if (value == NULL)
			return expand_raw(x, p->word,
			    mode | X_WORD | X_TILDE);
		break;
	case '=':
		if (value == NULL)
			return assign_default(x, p, mode);
		break;
	case '?':
		if (value == NULL) {
			complain_unset(p);
			return false;
		}
		break;
	default:
		if (value == NULL && sh.opt['u']) {
			complain_unset(p);
			return false;
		}
		if (value != NULL)
			put_trimmed(x, p, value, mode);
		return true;
	}
	put_param(x, p->name, mode);
	return true;
}

static bool
put_length(struct marked *x, const char *name, unsigned mode)
{
	char *value = param_value(name), *text;

	if (value == NULL && sh.opt['u']) {
		fail("%s: parameter not set", name);
		return false;
	}
	if (*name == '@' || *name == '*')
		text = number_text(sh.n_args);
	else
		text = number_text(value == NULL ? 0 : (long)strlen(value));
	put_value(x, text, mode);
	free(text);
	free(value);
	return true;
}

static bool
bad_substitution(const char *body)
{
	fail("${%s}: bad substitution", body);
	return false;
}

/* body: what stood between "${" and "}". */
static bool
expand_braced(struct marked *x, const char *body, unsigned mode)
{
	struct param p = { 0 };
	size_t n = param_name_len(body);
	char *value;
	bool ok;

	if (*body == '#' && body[1] != '\0') {
		n = param_name_len(body + 1);
		if (n > 0 && body[1 + n] == '\0')
			return put_length(x, body + 1, mode);
		n = 1;
	}
	if (n == 0)
		return bad_substitution(body);
	p.colon = body[n] == ':';
	p.op = body + n + p.colon;
	if (body[n] != '\0' && (*p.op == '\0' ||
	    strchr(p.colon ? "-=?+" : "-=?+#%", *p.op) == NULL))
		return bad_substitution(body);
	p.name = xstrndup(body, n);
	if (body[n] == '\0') {
		put_param(x, p.name, mode);
		free(p.name);
		return sh.unwind != U_ERROR;
	}
	p.word = p.op + 1;
	if ((*p.op == '#' || *p.op == '%') && *p.word == *p.op)
		p.word++;
	value = param_value(p.name);
	if (p.colon && value != NULL && *value == '\0') {
		free(value);
		value = NULL;
	}
	ok = apply_op(x, &p, value, mode);
	free(value);
	free(p.name);
	return ok;
}

static bool
expand_arith(struct marked *x, const char *body, unsigned mode)
{
	struct marked inner = { 0 };
	struct buf expr = { 0 };
	long long v = 0;
	bool ok = expand_raw(&inner, body, X_QUOTED);
	char *text;

	if (ok) {
		buf_put(&expr, "", 0);
		buf_put(&expr, inner.text.len == 0 ? "" : inner.text.s,
		    inner.text.len);
		ok = arith(expr.s, &v);
	}
	if (ok) {
		char number[32];

		snprintf(number, sizeof(number), "%lld", v);
		text = number;
		put_value(x, text, mode);
	}
	buf_free(&expr);
	buf_free(&inner.text);
	buf_free(&inner.marks);
	return ok;
}

static bool
put_output(struct marked *x, const char *source, unsigned mode)
{
	char *text = capture(source, strlen(source));

	if (text == NULL)
		return false;
	put_value(x, text, mode);
	free(text);
	return true;
}

/* "${...}", "$((...))" or "$(...)" at raw[*at]. */
static bool
expand_bracketed(struct marked *x, const char *raw, size_t *at,
    unsigned mode)
{
	size_t n = skip_len(raw, *at, (mode & X_QUOTED) != 0,
	    lex_skip_dollar);
	const char *s = raw + *at;
	bool arithmetic = s[1] == '(' && s[2] == '(';
	size_t open = arithmetic ? 3 : 2, close = arithmetic ? 2 : 1;
	char *body;
	bool ok;

	*at += n;
	if (n < open + close) {
		fail("bad substitution");
		return false;
	}
	body = xstrndup(s + open, n - open - close);
	if (s[1] == '{')
		ok = expand_braced(x, body, mode & ~(X_TILDE | X_ASSIGN));
	else if (arithmetic)
		ok = expand_arith(x, body, mode);
	else
		ok = put_output(x, body, mode);
	free(body);
	return ok;
}

bool
expand_dollar(struct marked *x, const char *raw, size_t *at, unsigned mode)
{
	const char *s = raw + *at + 1;
	size_t n;
	char *name;

	if (*s == '{' || *s == '(')
		return expand_bracketed(x, raw, at, mode);
	n = isdigit((unsigned char)*s) ? 1 : param_name_len(s);
	if (n == 0) {
		marked_put(x, "$", 1, mode & X_QUOTED ? M_QUOTED : M_PLAIN);
		*at += 1;
		return true;
	}
	name = xstrndup(s, n);
	put_param(x, name, mode);
	free(name);
	*at += 1 + n;
	return sh.unwind != U_ERROR;
}

bool
expand_backquote(struct marked *x, const char *raw, size_t *at,
    unsigned mode)
{
	struct buf body = { 0 };
	size_t i = *at + 1;
	bool ok;

	for (; raw[i] != '\0' && raw[i] != '`'; i++) {
		if (raw[i] == '\\' && (strchr("$`\\", raw[i + 1]) != NULL ||
		    ((mode & X_QUOTED) && raw[i + 1] == '"')) &&
		    raw[i + 1] != '\0')
			i++;
		buf_putc(&body, raw[i]);
	}
	*at = i + (raw[i] == '`');
	buf_put(&body, "", 0);
	ok = put_output(x, body.s, mode);
	buf_free(&body);
	return ok;
}

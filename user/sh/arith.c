/*
 * Arithmetic: $((...)) of XCU 2.6.4, with signed long long. Precedence
 * climbing over a table of binary operators; && || ?: evaluate both sides
 * but let only the chosen one assign or complain.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sh.h"

struct arith {
	const char *at;
	bool failed;
	int silent; /* > 0: in a branch that is not taken */
	int depth;
};

enum { MAX_ARITH_DEPTH = 100 };

static long long comma(struct arith *a);
static long long assignment(struct arith *a);

static void
complain(struct arith *a, const char *why)
{
	if (!a->failed)
		fail("arithmetic: %s near '%s'", why, a->at);
	a->failed = true;
	a->at = "";
}

static void
blanks(struct arith *a)
{
	while (isspace((unsigned char)*a->at))
		a->at++;
}

static bool
eat(struct arith *a, const char *op)
{
	size_t n = strlen(op);

	blanks(a);
	if (strncmp(a->at, op, n) != 0)
		return false;
	a->at += n;
	return true;
}

static long long
value_of(struct arith *a, const char *name)
{
	const char *s = var_get(name);
	long long v;
	char *end;

	if (s == NULL && sh.opt['u'] && a->silent == 0)
		complain(a, "variable not set");
	if (s == NULL || *s == '\0')
		return 0;
	v = strtoll(s, &end, 0);
	while (isspace((unsigned char)*end))
		end++;
	if (*end == '\0')
		return v;
	if (a->depth >= MAX_ARITH_DEPTH) {
		complain(a, "too deep");
		return 0;
	}
	{
		struct arith inner = { .at = s, .depth = a->depth + 1,
			.silent = a->silent };

		v = comma(&inner);
		if (!inner.failed && *inner.at != '\0')
			complain(&inner, "bad number");
		a->failed |= inner.failed;
	}
	return v;
}

/* 1: x += 1 and the like; the operator is what precedes '='. */
static const char *
assign_op(struct arith *a)
{
	static const char *const ops[] = {
		"<<=", ">>=", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|=",
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (eat(a, ops[i]))
			return ops[i];
	blanks(a);
	if (a->at[0] == '=' && a->at[1] != '=') {
		a->at++;
		return "=";
	}
	return NULL;
}

static long long
compute(struct arith *a, const char *op, long long x, long long y)
{
	unsigned long long ux = (unsigned long long)x;
	unsigned long long uy = (unsigned long long)y;

	switch (op[0]) {
	case '+':
		return (long long)(ux + uy);
	case '-':
		return (long long)(ux - uy);
	case '*':
		return (long long)(ux * uy);
	case '/':
	case '%':
		if (y == 0) {
			if (a->silent == 0)
				complain(a, "division by zero");
			return 0;
		}
		if (y == -1)
			return op[0] == '/' ? (long long)(0 - ux) : 0;
		return op[0] == '/' ? x / y : x % y;
	case '<':
		if (op[1] == '<')
			return (long long)(ux << (uy & 63));
		return op[1] == '=' ? x <= y : x < y;
	case '>':
		if (op[1] == '>')
			return x >> (uy & 63);
		return op[1] == '=' ? x >= y : x > y;
	case '=':
		return x == y;
	case '!':
		return x != y;
	case '&':
		return x & y;
	case '^':
		return x ^ y;
	default:
		return x | y;
	}
}

static long long
variable(struct arith *a)
{
	size_t n = name_len(a->at);
	char *name = xstrndup(a->at, n), number[32];
	const char *op;
	long long v;

	a->at += n;
	op = assign_op(a);
	if (op == NULL) {
		v = value_of(a, name);
	} else {
		v = assignment(a);
		if (op[0] != '=')
			v = compute(a, op, value_of(a, name), v);
		snprintf(number, sizeof(number), "%lld", v);
		if (!a->failed && a->silent == 0 && !var_set(name, number))
			a->failed = true;
	}
	free(name);
	return v;
}

static long long
primary(struct arith *a)
{
	long long v;
	char *end;

	blanks(a);
	if (eat(a, "(")) {
		v = comma(a);
		if (!eat(a, ")"))
			complain(a, "missing )");
		return v;
	}
	if (name_len(a->at) > 0)
		return variable(a);
	if (!isdigit((unsigned char)*a->at)) {
		complain(a, "number expected");
		return 0;
	}
	v = (long long)strtoull(a->at, &end, 0);
	a->at = end;
	if (isalnum((unsigned char)*a->at))
		complain(a, "bad number");
	return v;
}

static long long
unary(struct arith *a)
{
	long long v;

	if (a->failed || a->depth >= MAX_ARITH_DEPTH) {
		complain(a, "too deep");
		return 0;
	}
	a->depth++;
	if (eat(a, "!"))
		v = !unary(a);
	else if (eat(a, "~"))
		v = ~unary(a);
	else if (eat(a, "-"))
		v = (long long)(0 - (unsigned long long)unary(a));
	else if (eat(a, "+"))
		v = unary(a);
	else
		v = primary(a);
	a->depth--;
	return v;
}

static const struct {
	char op[3];
	int level;
} binary_ops[] = {
	{ "||", 1 }, { "&&", 2 }, { "==", 6 }, { "!=", 6 }, { "<<", 8 },
	{ ">>", 8 }, { "<=", 7 }, { ">=", 7 }, { "<", 7 }, { ">", 7 },
	{ "|", 3 }, { "^", 4 }, { "&", 5 }, { "+", 9 }, { "-", 9 },
	{ "*", 10 }, { "/", 10 }, { "%", 10 },
};

/* Takes an operator that binds at least as tightly as level. */
static const char *
binary_op(struct arith *a, int level, int *found)
{
	blanks(a);
	for (size_t i = 0; i < sizeof(binary_ops) / sizeof(*binary_ops); i++) {
		const char *op = binary_ops[i].op;

		if (strncmp(a->at, op, strlen(op)) != 0)
			continue;
		if (binary_ops[i].level < level)
			return NULL;
		*found = binary_ops[i].level;
		a->at += strlen(op);
		return op;
	}
	return NULL;
}

static long long
binary(struct arith *a, int level)
{
	long long x = unary(a);
	const char *op;
	int found;

	while (!a->failed && (op = binary_op(a, level, &found)) != NULL) {
		bool both = found > 2;
		bool skip = !both && (x != 0) == (op[0] == '|');
		long long y;

		a->silent += skip;
		y = binary(a, found + 1);
		a->silent -= skip;
		if (both)
			x = compute(a, op, x, y);
		else
			x = skip ? x != 0 : y != 0;
	}
	return x;
}

static long long
assignment(struct arith *a)
{
	long long c = binary(a, 1), x, y;

	if (!eat(a, "?"))
		return c;
	a->silent += c == 0;
	x = comma(a);
	a->silent -= c == 0;
	if (!eat(a, ":"))
		complain(a, "missing :");
	a->silent += c != 0;
	y = assignment(a);
	a->silent -= c != 0;
	return c != 0 ? x : y;
}

static long long
comma(struct arith *a)
{
	long long v = assignment(a);

	while (!a->failed && eat(a, ","))
		v = assignment(a);
	return v;
}

bool
arith(const char *expr, long long *out)
{
	struct arith a = { .at = expr };
	long long v;

	blanks(&a);
	v = *a.at == '\0' ? 0 : comma(&a);
	blanks(&a);
	if (!a.failed && *a.at != '\0')
		complain(&a, "unexpected text");
	if (a.failed)
		return false;
	*out = v;
	return true;
}

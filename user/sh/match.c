/*
 * Patterns of XCU 2.13: ? * [...] and \x. One star is remembered at a time,
 * so the cost is at most length times length.
 */
#include <ctype.h>
#include <string.h>

#include "sh.h"

static bool
in_class(const char *name, size_t n, int c)
{
	static const struct {
		const char *name;
		int (*test)(int);
	} classes[] = {
		{ "alpha", isalpha }, { "digit", isdigit },
		{ "alnum", isalnum }, { "upper", isupper },
		{ "lower", islower }, { "space", isspace },
		{ "blank", isblank }, { "punct", ispunct },
		{ "print", isprint }, { "graph", isgraph },
		{ "cntrl", iscntrl }, { "xdigit", isxdigit },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strlen(classes[i].name) == n &&
		    memcmp(classes[i].name, name, n) == 0)
			return classes[i].test(c) != 0;
	return false;
}

static int
set_char(const char **p)
{
	if (**p == '\\' && (*p)[1] != '\0')
		(*p)++;
	return (unsigned char)*(*p)++;
}

/* p is behind '['. Returns what follows ']', or NULL: not a set at all. */
static const char *
match_set(const char *p, int c, bool *hit)
{
	bool negate = *p == '!' || *p == '^';
	const char *first;

	*hit = false;
	p += negate;
	first = p;
	while (*p != ']' || p == first) {
		int low, high;

		if (*p == '\0')
			return NULL;
		if (p[0] == '[' && p[1] == ':') {
			const char *end = strstr(p + 2, ":]");

			if (end != NULL) {
				*hit |= in_class(p + 2, (size_t)(end - p - 2),
				    c);
				p = end + 2;
				continue;
			}
		}
		low = high = set_char(&p);
		if (p[0] == '-' && p[1] != ']' && p[1] != '\0') {
			p++;
			high = set_char(&p);
		}
		*hit |= low <= c && c <= high;
	}
	*hit ^= negate;
	return p + 1;
}

/* Matches one character; returns the rest of the pattern, NULL: no match. */
static const char *
match_one(const char *p, int c)
{
	const char *rest;
	bool hit;

	if (*p == '?')
		return p + 1;
	if (*p == '[' && (rest = match_set(p + 1, c, &hit)) != NULL)
		return hit ? rest : NULL;
	if (*p == '\\' && p[1] != '\0')
		p++;
	return (unsigned char)*p == c ? p + 1 : NULL;
}

bool
match(const char *p, const char *s)
{
	const char *star = NULL, *star_s = NULL, *rest;

	for (;;) {
		if (*p == '*') {
			star = ++p;
			star_s = s;
		} else if (*s == '\0') {
			return *p == '\0';
		} else if (*p != '\0' &&
		    (rest = match_one(p, (unsigned char)*s)) != NULL) {
			p = rest;
			s++;
		} else if (star != NULL) {
			p = star;
			s = ++star_s;
		} else {
			return false;
		}
	}
}

bool
has_glob(const char *p)
{
	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '*' || *p == '?')
			return true;
		else if (*p == '[' && strchr(p + 1, ']') != NULL)
			return true;
	}
	return false;
}

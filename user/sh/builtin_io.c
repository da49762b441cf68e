/*
 * echo, printf, read.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

static int
octal(const char **s, int most)
{
	int v = 0;

	for (int i = 0; i < most && **s >= '0' && **s <= '7'; i++)
		v = v * 8 + *(*s)++ - '0';
	return v;
}

/* s is behind a backslash. Returns false at \c: no more output. */
static bool
put_escape(const char **s, bool zero_first)
{
	static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
	const char *at = **s == '\0' ? NULL : strchr(from, **s);
	char c;

	if (at != NULL) {
		out_put(&to[at - from], 1);
		++*s;
		return true;
	}
	if (**s == 'c')
		return false;
	if (**s == 'e') {
		out_put("\033", 1);
		++*s;
	} else if (**s == '0' || (!zero_first && **s >= '1' && **s <= '7')) {
		c = (char)octal(s, **s == '0' ? 4 : 3);
		out_put(&c, 1);
	} else {
		out_put("\\", 1);
	}
	return true;
}

/* Text with echo's escapes. */
static bool
put_escaped(const char *s)
{
	while (*s != '\0') {
		size_t n = strcspn(s, "\\");

		out_put(s, n);
		s += n;
		if (*s == '\\') {
			s++;
			if (!put_escape(&s, true))
				return false;
		}
	}
	return true;
}

/* -n: no newline, -e: escapes count. */
int
builtin_echo(int argc, char **argv)
{
	bool newline = true, escapes = false;
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0' &&
	    argv[i][1 + strspn(argv[i] + 1, "neE")] == '\0'; i++) {
		newline = newline && strchr(argv[i], 'n') == NULL;
		escapes = escapes || strchr(argv[i], 'e') != NULL;
	}
	for (int first = i; i < argc; i++) {
		if (i > first)
			out_put(" ", 1);
		if (!escapes)
			out_puts(argv[i]);
		else if (!put_escaped(argv[i]))
			return 0;
	}
	if (newline)
		out_put("\n", 1);
	return 0;
}

struct format {
	char **args;
	int left;
	int status;
	bool stop;
};

static const char *
next_arg(struct format *f)
{
	if (f->left == 0)
		return NULL;
	f->left--;
	return *f->args++;
}

static long long
number(struct format *f, const char *s)
{
	char *end;
	long long v;

	if (s == NULL)
		return 0;
	if (*s == '\'' || *s == '"')
		return (unsigned char)s[1];
	errno = 0;
	v = strtoll(s, &end, 0);
	if (errno == ERANGE)
		v = (long long)strtoull(s, &end, 0);
	if (*end != '\0' || end == s) {
		warn("printf: %s: bad number", s);
		f->status = 1;
	}
	return v;
}

static void
put_text(const char *spec, int width, int precision, const char *s)
{
	size_t n = strlen(s), w = (size_t)abs(width);
	bool left = strchr(spec, '-') != NULL || width < 0;

	if (precision >= 0 && n > (size_t)precision)
		n = (size_t)precision;
	for (size_t i = n; !left && i < w; i++)
		out_put(" ", 1);
	out_put(s, n);
	for (size_t i = n; left && i < w; i++)
		out_put(" ", 1);
}

/* Digits or '*' at *s. */
static int
width_at(struct format *f, const char **s)
{
	int v = 0;

	if (**s == '*') {
		++*s;
		return (int)number(f, next_arg(f));
	}
	while (isdigit((unsigned char)**s))
		v = v * 10 + *(*s)++ - '0';
	return v;
}

static void
put_number(struct format *f, const char *flags, int width, int precision,
    int how)
{
	struct buf spec = { 0 };

	buf_printf(&spec, "%%%s", flags);
	if (width != 0)
		buf_printf(&spec, "%d", width);
	if (precision >= 0)
		buf_printf(&spec, ".%d", precision);
	buf_printf(&spec, "ll%c", how);
	/* The format is made of checked parts right here. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	out_printf(spec.s, number(f, next_arg(f)));
#pragma GCC diagnostic pop
	buf_free(&spec);
}

/* One conversion; *s is behind '%'. */
static void
convert(struct format *f, const char **s)
{
	char flags[8];
	size_t n = strspn(*s, "-+ #0");
	int width, precision = -1;
	const char *arg;

	if (n >= sizeof(flags))
		n = sizeof(flags) - 1;
	memcpy(flags, *s, n);
	flags[n] = '\0';
	*s += n;
	width = width_at(f, s);
	if (**s == '.') {
		++*s;
		precision = width_at(f, s);
	}
	switch (**s) {
	case '%':
		out_put("%", 1);
		break;
	case 'c':
	case 's':
		arg = next_arg(f);
		put_text(flags, width, **s == 'c' ? 1 : precision,
		    arg == NULL ? "" : arg);
		break;
	case 'b':
		arg = next_arg(f);
		f->stop = arg != NULL && !put_escaped(arg);
		break;
	case 'd':
	case 'i':
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		put_number(f, flags, width, precision, **s);
		break;
	default:
		warn("printf: %%%c: bad conversion", **s);
		f->status = 1;
		f->stop = true;
		return;
	}
	++*s;
}

static void
format_once(struct format *f, const char *s)
{
	while (*s != '\0' && !f->stop) {
		size_t n = strcspn(s, "%\\");

		out_put(s, n);
		s += n;
		if (*s == '\\') {
			s++;
			f->stop = !put_escape(&s, false);
		} else if (*s == '%') {
			s++;
			convert(f, &s);
		}
	}
}

int
builtin_printf(int argc, char **argv)
{
	struct format f;
	int before;

	if (argc > 1 && strcmp(argv[1], "--") == 0) {
		argc--;
		argv++;
	}
	if (argc < 2) {
		warn("usage: printf format [arg ...]");
		return 2;
	}
	f = (struct format){ .args = argv + 2, .left = argc - 2 };
	do {
		before = f.left;
		format_once(&f, argv[1]);
	} while (f.left > 0 && f.left < before && !f.stop);
	return f.status;
}

/* Reads a line; escaped[i] tells that text[i] had a backslash. */
static int
read_line(bool raw, struct buf *text, struct buf *escaped)
{
	char c;

	for (;;) {
		ssize_t n = read(0, &c, 1);

		if (n < 0 && errno == EINTR && !sh.interrupted &&
		    !sh.trap_pending)
			continue;
		if (n <= 0)
			return 1;
		if (c == '\n')
			return 0;
		if (c == '\\' && !raw) {
			if (read(0, &c, 1) != 1)
				return 1;
			if (c == '\n')
				continue;
			buf_putc(text, c);
			buf_putc(escaped, 'e');
		} else if (c != '\0') {
			buf_putc(text, c);
			buf_putc(escaped, '.');
		}
	}
}

struct splitter {
	const char *s, *escaped, *ifs;
	size_t i;
};

static bool
at_ifs(const struct splitter *p, size_t i, bool white)
{
	int c = (unsigned char)p->s[i];

	if (c == '\0' || p->escaped[i] == 'e' || strchr(p->ifs, c) == NULL)
		return false;
	return isspace(c) != 0 || !white;
}

static void
skip_white(struct splitter *p)
{
	while (at_ifs(p, p->i, true))
		p->i++;
}

/* The next field, or all the rest for the last name. */
static char *
next_field(struct splitter *p, bool last)
{
	size_t start, end;

	skip_white(p);
	start = p->i;
	while (p->s[p->i] != '\0' && !at_ifs(p, p->i, false))
		p->i++;
	end = p->i;
	skip_white(p);
	if (p->s[p->i] != '\0' && at_ifs(p, p->i, false))
		p->i++;
	skip_white(p);
	if (last && p->s[p->i] != '\0') {
		end = strlen(p->s);
		while (end > start && at_ifs(p, end - 1, true))
			end--;
		p->i = strlen(p->s);
	}
	return xstrndup(p->s + start, end - start);
}

int
builtin_read(int argc, char **argv)
{
	struct buf text = { 0 }, escaped = { 0 };
	struct splitter p = { .ifs = var_get("IFS") };
	bool raw = false;
	int i = 1, status;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "-p") == 0 && i + 1 < argc) {
			i++;
			write_all(2, argv[i], strlen(argv[i]));
		} else if (argv[i][1] == 'r') {
			raw = true;
		}
	}
	if (i >= argc) {
		warn("usage: read [-r] [-p prompt] name ...");
		return 2;
	}
	status = read_line(raw, &text, &escaped);
	buf_put(&text, "", 0);
	buf_put(&escaped, "", 0);
	p.s = text.s;
	p.escaped = escaped.s;
	p.ifs = p.ifs == NULL ? " \t\n" : p.ifs;
	for (; i < argc; i++) {
		char *field = next_field(&p, i + 1 == argc);
		bool ok = is_name(argv[i], strlen(argv[i])) &&
		    var_set(argv[i], field);

		free(field);
		if (!ok) {
			warn("read: %s: bad variable name", argv[i]);
			status = 2;
		}
	}
	buf_free(&text);
	buf_free(&escaped);
	return status;
}

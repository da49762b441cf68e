/* tr [-cds] set [set]: ranges, \n \t \\, [:class:]. */
#include "tool.h"

#include <ctype.h>

struct set {
	unsigned char c[512];
	int n;
};

static void
add(struct set *s, int c)
{
	if (s->n < (int)sizeof(s->c))
		s->c[s->n++] = (unsigned char)c;
}

static int
next_char(const char **at)
{
	static const char names[] = "nrtabfv\\", values[] = "\n\r\t\a\b\f\v\\";
	int c = (unsigned char)*(*at)++, v = 0;
	const char *name;

	if (c != '\\' || **at == '\0')
		return c;
	if (**at >= '0' && **at <= '7') {
		for (int i = 0; i < 3 && **at >= '0' && **at <= '7'; i++)
			v = v * 8 + *(*at)++ - '0';
		return v & 255;
	}
	name = strchr(names, **at);
	c = name == NULL ? (unsigned char)**at : values[name - names];
	++*at;
	return c;
}

static bool
add_class(struct set *s, const char **at)
{
	static const struct {
		const char *name;
		int (*test)(int);
	} classes[] = {
		{ "[:alpha:]", isalpha }, { "[:digit:]", isdigit },
		{ "[:alnum:]", isalnum }, { "[:upper:]", isupper },
		{ "[:lower:]", islower }, { "[:space:]", isspace },
		{ "[:blank:]", isblank }, { "[:punct:]", ispunct },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		size_t n = strlen(classes[i].name);

		if (strncmp(*at, classes[i].name, n) != 0)
			continue;
		for (int c = 0; c < 256; c++)
			if (classes[i].test(c))
				add(s, c);
		*at += n;
		return true;
	}
	return false;
}

static void
parse_set(struct set *s, const char *at)
{
	while (*at != '\0') {
		int from, to;

		if (add_class(s, &at))
			continue;
		from = to = next_char(&at);
		if (at[0] == '-' && at[1] != '\0') {
			at++;
			to = next_char(&at);
		}
		for (int c = from; c <= to; c++)
			add(s, c);
	}
}

static void
complement(struct set *s)
{
	struct set all = { .n = 0 };

	for (int c = 0; c < 256; c++)
		if (memchr(s->c, c, (size_t)s->n) == NULL)
			add(&all, c);
	*s = all;
}

int
main(int argc, char **argv)
{
	static struct set from, to;
	bool delete = false, squeeze = false, invert = false;
	int map[256], c, last = -1;

	tool_start(argv);
	tool_streams();
	while ((c = getopt(argc, argv, "cCds")) != -1) {
		invert = invert || c == 'c' || c == 'C';
		delete = delete || c == 'd';
		squeeze = squeeze || c == 's';
		if (c == '?')
			return usage("[-cds] set [set]");
	}
	if (optind >= argc || (!delete && !squeeze && optind + 2 != argc))
		return usage("[-cds] set [set]");
	parse_set(&from, argv[optind]);
	if (invert)
		complement(&from);
	if (optind + 1 < argc)
		parse_set(&to, argv[optind + 1]);
	for (int i = 0; i < 256; i++)
		map[i] = i;
	for (int i = 0; i < from.n && !delete && to.n > 0; i++)
		map[from.c[i]] = to.c[i < to.n ? i : to.n - 1];
	while ((c = getchar_unlocked()) != EOF) {
		const struct set *s = to.n > 0 ? &to : &from;
		bool in = memchr(from.c, c, (size_t)from.n) != NULL;

		if (delete && in)
			continue;
		c = map[c];
		if (squeeze && c == last &&
		    memchr(s->c, c, (size_t)s->n) != NULL)
			continue;
		last = c;
		putchar_unlocked(c);
	}
	return finish();
}

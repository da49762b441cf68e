/* grep [-EFcilnqvhox] [-e] pattern [file ...] */
#include "tool.h"

#include <ctype.h>
#include <regex.h>

static struct {
	regex_t re;
	const char *text; /* -F */
	bool fixed, count, list, number, quiet, invert, fold, whole, names,
	    only;
} g;
static bool any;

static bool
has_text(const char *line)
{
	size_t n = strlen(g.text);

	if (g.whole)
		return (g.fold ? strcasecmp(line, g.text) :
		    strcmp(line, g.text)) == 0;
	for (;; line++) {
		if ((g.fold ? strncasecmp(line, g.text, n) :
		    strncmp(line, g.text, n)) == 0)
			return true;
		if (*line == '\0')
			return false;
	}
}

static bool
matches(const char *line)
{
	regmatch_t m;
	bool hit;

	if (g.fixed) {
		hit = has_text(line);
	} else {
		hit = regexec(&g.re, line, 1, &m, 0) == 0;
		if (hit && g.whole)
			hit = m.rm_so == 0 &&
			    (size_t)m.rm_eo == strlen(line);
	}
	return hit != g.invert;
}

static void
show_parts(const char *line, const char *path)
{
	regmatch_t m;
	int flags = 0;

	while (*line != '\0' && regexec(&g.re, line, 1, &m, flags) == 0) {
		if (m.rm_eo > m.rm_so) {
			if (g.names)
				printf("%s:", path);
			printf("%.*s\n", (int)(m.rm_eo - m.rm_so),
			    line + m.rm_so);
		}
		line += m.rm_eo > m.rm_so ? m.rm_eo : m.rm_eo + 1;
		flags = REG_NOTBOL;
	}
}

static void
show(const char *line, const char *path, unsigned long number)
{
	if (g.only && !g.fixed) {
		show_parts(line, path);
		return;
	}
	if (g.names)
		printf("%s:", path);
	if (g.number)
		printf("%lu:", number);
	puts(line);
}

static void
search(FILE *f, const char *path)
{
	unsigned long number = 0, hits = 0;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = next_line(&line, &cap, f)) > 0) {
		number++;
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (!matches(line))
			continue;
		hits++;
		if (g.quiet || g.list)
			break;
		if (!g.count)
			show(line, path, number);
	}
	any = any || hits > 0;
	if (g.list && hits > 0)
		puts(path);
	if (g.count && !g.quiet) {
		if (g.names)
			printf("%s:", path);
		printf("%lu\n", hits);
	}
	free(line);
}

static int
compile(const char *pattern, bool extended)
{
	char why[100];
	int e;

	g.text = pattern;
	if (g.fixed)
		return 0;
	e = regcomp(&g.re, pattern, (extended ? REG_EXTENDED : 0) |
	    (g.fold ? REG_ICASE : 0));
	if (e == 0)
		return 0;
	regerror(e, &g.re, why, sizeof(why));
	complain("%s: %s", pattern, why);
	return 2;
}

int
main(int argc, char **argv)
{
	const char *pattern = NULL;
	bool extended = false, no_names = false;
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "EFGce:hHilnoqsvx")) != -1) {
		switch (c) {
		case 'E':
			extended = true;
			break;
		case 'F':
			g.fixed = true;
			break;
		case 'e':
			pattern = optarg;
			break;
		case 'h':
			no_names = true;
			break;
		case 'c':
			g.count = true;
			break;
		case 'i':
			g.fold = true;
			break;
		case 'l':
			g.list = true;
			break;
		case 'n':
			g.number = true;
			break;
		case 'o':
			g.only = true;
			break;
		case 'q':
			g.quiet = true;
			break;
		case 'v':
			g.invert = true;
			break;
		case 'x':
			g.whole = true;
			break;
		case '?':
			return usage("[-EFchilnoqvx] pattern [file ...]");
		default:
			break;
		}
	}
	if (pattern == NULL && optind < argc)
		pattern = argv[optind++];
	if (pattern == NULL)
		return usage("[-EFchilnoqvx] pattern [file ...]");
	if (compile(pattern, extended) != 0)
		return 2;
	g.names = argc - optind > 1 && !no_names;
	each_file(argv + optind, search);
	if (finish() != 0)
		return 2;
	return any ? 0 : 1;
}

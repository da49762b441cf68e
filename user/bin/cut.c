/* cut -b list | -c list | -f list [-d char] [-s] [file ...] */
#include "tool.h"

#include <limits.h>

enum { RANGES = 64 };

static struct {
	long from, to;
} range[RANGES];
static int ranges;
static char separator = '\t';
static bool fields, only_separated;

static bool
wanted(long n)
{
	for (int i = 0; i < ranges; i++)
		if (n >= range[i].from && n <= range[i].to)
			return true;
	return false;
}

/* "1,3-5,7-": false when it is none of that. */
static bool
parse_list(const char *s)
{
	while (*s != '\0') {
		char *end;

		if (ranges == RANGES)
			return false;
		range[ranges].from = *s == '-' ? 1 : strtol(s, &end, 10);
		if (*s == '-')
			end = (char *)s;
		range[ranges].to = range[ranges].from;
		if (*end == '-') {
			s = end + 1;
			range[ranges].to = strtol(s, &end, 10);
			if (end == s)
				range[ranges].to = LONG_MAX;
		} else if (end == s) {
			return false;
		}
		if (range[ranges].from < 1)
			return false;
		ranges++;
		s = end + (*end == ',');
		if (*end != '\0' && *end != ',')
			return false;
	}
	return ranges > 0;
}

static void
cut_fields(char *line)
{
	bool first = true;
	long n = 1;

	if (strchr(line, separator) == NULL) {
		if (!only_separated)
			puts(line);
		return;
	}
	for (char *s = line; s != NULL; n++) {
		char *next = strchr(s, separator);

		if (next != NULL)
			*next++ = '\0';
		if (wanted(n)) {
			if (!first)
				putchar_unlocked(separator);
			fputs(s, stdout);
			first = false;
		}
		s = next;
	}
	putchar_unlocked('\n');
}

static void
cut(FILE *f, const char *path)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	(void)path;
	while ((n = next_line(&line, &cap, f)) > 0) {
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		if (fields) {
			cut_fields(line);
			continue;
		}
		for (long i = 1; i <= n; i++)
			if (wanted(i))
				putchar_unlocked(line[i - 1]);
		putchar_unlocked('\n');
	}
	free(line);
}

int
main(int argc, char **argv)
{
	static const char text[] = "-b list | -f list [-d char] [-s] "
	    "[file ...]";
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "b:c:f:d:s")) != -1) {
		if (c == 'd') {
			separator = *optarg;
		} else if (c == 's') {
			only_separated = true;
		} else if (c == '?' || !parse_list(optarg)) {
			return usage(text);
		} else {
			fields = c == 'f';
		}
	}
	if (ranges == 0)
		return usage(text);
	each_file(argv + optind, cut);
	return finish();
}

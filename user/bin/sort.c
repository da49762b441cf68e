/* sort [-nru] [-t char] [-k field] [file ...] */
#include "tool.h"

static struct {
	char **line;
	size_t n, cap;
} all;
static bool numeric, reverse, unique;
static char separator;
static long field = 0; /* 0: the whole line */

static const char *
key_of(const char *s)
{
	for (long i = 1; i < field && *s != '\0'; i++) {
		if (separator != '\0') {
			const char *next = strchr(s, separator);

			s = next == NULL ? s + strlen(s) : next + 1;
		} else {
			s += strspn(s, " \t");
			s += strcspn(s, " \t");
		}
	}
	return s;
}

static int
compare(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int c = 0;

	if (numeric) {
		double p = strtod(key_of(x), NULL);
		double q = strtod(key_of(y), NULL);

		c = (p > q) - (p < q);
	} else if (field > 0) {
		c = strcmp(key_of(x), key_of(y));
	}
	if (c == 0 && !(unique && numeric))
		c = strcmp(x, y);
	return reverse ? -c : c;
}

static void
collect(FILE *f, const char *path)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	(void)path;
	while ((n = next_line(&line, &cap, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (all.n == all.cap) {
			all.cap = all.cap * 2 + 64;
			all.line = realloc(all.line,
			    all.cap * sizeof(*all.line));
		}
		if (all.line == NULL ||
		    (all.line[all.n] = strdup(line)) == NULL) {
			complain("out of memory");
			exit(2);
		}
		all.n++;
	}
	free(line);
}

int
main(int argc, char **argv)
{
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "nrut:k:")) != -1) {
		switch (c) {
		case 'n':
			numeric = true;
			break;
		case 'r':
			reverse = true;
			break;
		case 'u':
			unique = true;
			break;
		case 't':
			separator = *optarg;
			break;
		case 'k':
			field = strtol(optarg, NULL, 10);
			break;
		default:
			return usage("[-nru] [-t char] [-k field] "
			    "[file ...]");
		}
	}
	each_file(argv + optind, collect);
	if (all.n > 0)
		qsort(all.line, all.n, sizeof(*all.line), compare);
	for (size_t i = 0; i < all.n; i++)
		if (!unique || i == 0 ||
		    compare(&all.line[i - 1], &all.line[i]) != 0)
			puts(all.line[i]);
	return finish();
}

/*
 * tail [-f] [-n lines | -c bytes] [file ...]: the last lines. +n begins with
 * line n. The lines kept are a ring, so that any input can be read.
 */
#include "tool.h"

static long count = 10;
static bool by_bytes, from_start, follow;

static void
show_from(FILE *f, long start)
{
	long at = 1;
	int c;

	while ((c = getc_unlocked(f)) != EOF) {
		if (at >= start)
			putchar_unlocked(c);
		at += by_bytes || c == '\n';
	}
}

static void
show_last_bytes(FILE *f)
{
	char *ring = malloc((size_t)count + 1);
	long n = 0;
	int c;

	if (ring == NULL) {
		complain("out of memory");
		return;
	}
	while ((c = getc_unlocked(f)) != EOF && count > 0)
		ring[n++ % count] = (char)c;
	for (long i = n > count ? n - count : 0; i < n; i++)
		putchar_unlocked(ring[i % count]);
	free(ring);
}

static void
show_last_lines(FILE *f)
{
	char **ring = calloc((size_t)count + 1, sizeof(*ring));
	size_t *cap = calloc((size_t)count + 1, sizeof(*cap));
	long n = 0;

	while (ring != NULL && cap != NULL && count > 0 &&
	    next_line(&ring[n % count], &cap[n % count], f) > 0)
		n++;
	for (long i = n > count ? n - count : 0; i < n; i++)
		fputs(ring[i % count], stdout);
	for (long i = 0; ring != NULL && i < count; i++)
		free(ring[i]);
	free(ring);
	free(cap);
}

static void
tail(FILE *f, const char *path)
{
	int c;

	(void)path;
	if (from_start)
		show_from(f, count);
	else if (by_bytes)
		show_last_bytes(f);
	else
		show_last_lines(f);
	while (follow) {
		fflush(stdout);
		usleep(200000);
		clearerr(f);
		while ((c = getc_unlocked(f)) != EOF)
			putchar_unlocked(c);
	}
}

int
main(int argc, char **argv)
{
	int c;

	tool_start(argv);
	if (argc > 1 && argv[1][0] == '-' && argv[1][1] >= '0' &&
	    argv[1][1] <= '9') {
		count = number_arg(argv[1] + 1);
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	while ((c = getopt(argc, argv, "fn:c:")) != -1) {
		if (c == 'f') {
			follow = true;
			continue;
		}
		if (c != 'n' && c != 'c')
			return usage("[-f] [-n lines | -c bytes] [file ...]");
		by_bytes = c == 'c';
		from_start = *optarg == '+';
		count = labs(number_arg(optarg));
	}
	each_file(argv + optind, tail);
	return finish();
}

/* uniq [-cdu] [file]: joins equal neighbours. */
#include "tool.h"

static bool counts, doubles_only, singles_only;

static void
show(const char *line, unsigned long n)
{
	if ((doubles_only && n == 1) || (singles_only && n > 1))
		return;
	if (counts)
		printf("%7lu ", n);
	puts(line);
}

static void
join(FILE *f, const char *path)
{
	char *line = NULL, *last = NULL;
	unsigned long run = 0;
	size_t cap = 0;
	ssize_t n;

	(void)path;
	while ((n = next_line(&line, &cap, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (last != NULL && strcmp(last, line) == 0) {
			run++;
			continue;
		}
		if (last != NULL)
			show(last, run);
		free(last);
		last = strdup(line);
		run = 1;
	}
	if (last != NULL)
		show(last, run);
	free(last);
	free(line);
}

int
main(int argc, char **argv)
{
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "cdu")) != -1) {
		counts = counts || c == 'c';
		doubles_only = doubles_only || c == 'd';
		singles_only = singles_only || c == 'u';
		if (c == '?')
			return usage("[-cdu] [file]");
	}
	each_file(argv + optind, join);
	return finish();
}

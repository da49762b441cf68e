/* wc [-lwc] [file ...]: lines, words, bytes. */
#include "tool.h"

#include <ctype.h>

enum { LINES, WORDS, BYTES, KINDS };

static bool want[KINDS];
static unsigned long total[KINDS];

static void
report(const unsigned long count[KINDS], const char *name)
{
	bool many = want[0] + want[1] + want[2] > 1;
	const char *sep = "";

	for (int i = 0; i < KINDS; i++) {
		if (!want[i])
			continue;
		printf(many ? "%s%7lu" : "%s%lu", sep, count[i]);
		sep = " ";
	}
	if (strcmp(name, "-") != 0)
		printf(" %s", name);
	putchar_unlocked('\n');
}

static void
count_file(FILE *f, const char *path)
{
	unsigned long n[KINDS] = { 0 };
	bool in_word = false;
	int c;

	while ((c = getc_unlocked(f)) != EOF) {
		bool space = isspace(c) != 0;

		n[LINES] += c == '\n';
		n[WORDS] += !space && !in_word;
		n[BYTES]++;
		in_word = !space;
	}
	report(n, path);
	for (int i = 0; i < KINDS; i++)
		total[i] += n[i];
}

int
main(int argc, char **argv)
{
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "lwc")) != -1) {
		if (c == '?')
			return usage("[-lwc] [file ...]");
		want[c == 'l' ? LINES : c == 'w' ? WORDS : BYTES] = true;
	}
	if (!want[LINES] && !want[WORDS] && !want[BYTES])
		want[LINES] = want[WORDS] = want[BYTES] = true;
	each_file(argv + optind, count_file);
	if (argc - optind > 1)
		report(total, "total");
	return finish();
}

/* hexdump [-n bytes] [-s skip] [file]: offset, 16 bytes, their characters. */
#include "tool.h"

#include <ctype.h>

static long limit = -1, skip;

static void
show(const unsigned char *s, size_t n, unsigned long at)
{
	printf("%08lx ", at);
	for (size_t i = 0; i < 16; i++) {
		if (i % 8 == 0)
			putchar_unlocked(' ');
		if (i < n)
			printf("%02x ", s[i]);
		else
			fputs("   ", stdout);
	}
	fputs(" |", stdout);
	for (size_t i = 0; i < n; i++)
		putchar_unlocked(isprint(s[i]) ? s[i] : '.');
	puts("|");
}

static void
dump(FILE *f, const char *path)
{
	unsigned char row[16];
	unsigned long at = 0;
	size_t n;

	(void)path;
	while (at < (unsigned long)skip && getc_unlocked(f) != EOF)
		at++;
	for (;;) {
		size_t want = 16;

		if (limit >= 0 && (unsigned long)limit < want)
			want = (size_t)limit;
		n = fread(row, 1, want, f);
		if (n == 0)
			break;
		show(row, n, at);
		at += n;
		limit -= limit >= 0 ? (long)n : 0;
	}
	printf("%08lx\n", at);
}

int
main(int argc, char **argv)
{
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "Cn:s:")) != -1) {
		if (c == 'n')
			limit = number_arg(optarg);
		else if (c == 's')
			skip = number_arg(optarg);
		else if (c != 'C')
			return usage("[-n bytes] [-s skip] [file]");
	}
	each_file(argv + optind, dump);
	return finish();
}

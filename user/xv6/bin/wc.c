/* wc [-l] [-w] [-c] [file ...]: lines, words, bytes. */
#include "user.h"

static char buf[4096];
static bool want_lines, want_words, want_bytes;

static void
report(const unsigned long count[3], const char *name)
{
	const bool want[3] = { want_lines, want_words, want_bytes };
	const char *sep = "";

	for (int i = 0; i < 3; i++) {
		if (!want[i])
			continue;
		printf("%s%lu", sep, count[i]);
		sep = " ";
	}
	printf(*name == '\0' ? "%s\n" : " %s\n", name);
}

static int
count(int fd, const char *name)
{
	unsigned long c[3] = { 0 };
	bool in_word = false;
	int n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (int i = 0; i < n; i++) {
			bool space = strchr(" \t\r\n\v", buf[i]) != NULL;

			c[0] += buf[i] == '\n';
			c[1] += !space && !in_word;
			c[2]++;
			in_word = !space;
		}
	}
	if (n < 0) {
		fprintf(2, "wc: cannot read %s\n", name);
		return 1;
	}
	report(c, name);
	return 0;
}

int
main(int argc, char **argv)
{
	int i = 1, status = 0;

	for (; i < argc && argv[i][0] == '-'; i++) {
		want_lines |= strchr(argv[i], 'l') != NULL;
		want_words |= strchr(argv[i], 'w') != NULL;
		want_bytes |= strchr(argv[i], 'c') != NULL;
	}
	if (!want_lines && !want_words && !want_bytes)
		want_lines = want_words = want_bytes = true;
	if (i == argc)
		return count(0, "");
	for (; i < argc; i++) {
		int fd = open(argv[i], XV6_O_RDONLY);

		if (fd < 0) {
			fprintf(2, "wc: cannot open %s\n", argv[i]);
			status = 1;
			continue;
		}
		status |= count(fd, argv[i]);
		close(fd);
	}
	return status;
}

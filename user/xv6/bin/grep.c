/* grep pattern [file ...]: lines that match; in a pattern ^ . * $ count. */
#include "user.h"

static char buf[4096];
static bool found;

static bool match_here(const char *re, const char *s);

static bool
match_star(char c, const char *re, const char *s)
{
	do {
		if (match_here(re, s))
			return true;
	} while (*s != '\0' && (*s++ == c || c == '.'));
	return false;
}

static bool
match_here(const char *re, const char *s)
{
	for (; *re != '\0'; re++, s++) {
		if (re[1] == '*')
			return match_star(re[0], re + 2, s);
		if (re[0] == '$' && re[1] == '\0')
			return *s == '\0';
		if (*s == '\0' || (*re != '.' && *re != *s))
			return false;
	}
	return true;
}

static bool
match(const char *re, const char *s)
{
	if (*re == '^')
		return match_here(re + 1, s);
	do {
		if (match_here(re, s))
			return true;
	} while (*s++ != '\0');
	return false;
}

static void
try_line(const char *re, char *line, int len)
{
	line[len] = '\0';
	if (!match(re, line))
		return;
	found = true;
	line[len] = '\n';
	write(1, line, len + 1);
}

/* The complete lines in buf[0..n); returns how much was used. */
static int
lines_in_buf(const char *re, int n)
{
	int start = 0;

	for (int i = 0; i < n; i++) {
		if (buf[i] != '\n')
			continue;
		try_line(re, buf + start, i - start);
		start = i + 1;
	}
	return start;
}

/* A line longer than the buffer is looked at in pieces. */
static void
grep(const char *re, int fd)
{
	int kept = 0, n;

	while ((n = read(fd, buf + kept,
	    (int)sizeof(buf) - 1 - kept)) > 0) {
		int used;

		kept += n;
		used = lines_in_buf(re, kept);
		if (used == 0 && kept == (int)sizeof(buf) - 1) {
			try_line(re, buf, kept);
			used = kept;
		}
		kept -= used;
		memmove(buf, buf + used, (size_t)kept);
	}
	if (kept > 0)
		try_line(re, buf, kept);
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(2, "usage: grep pattern [file ...]\n");
		return 2;
	}
	if (argc == 2)
		grep(argv[1], 0);
	for (int i = 2; i < argc; i++) {
		int fd = open(argv[i], XV6_O_RDONLY);

		if (fd < 0) {
			fprintf(2, "grep: cannot open %s\n", argv[i]);
			return 2;
		}
		grep(argv[1], fd);
		close(fd);
	}
	return !found;
}

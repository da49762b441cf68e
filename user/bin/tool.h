/*
 * What the small programs share: messages, the walk over files named on the
 * command line, modes as text. Each source has its own copy.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

static const char *tool_name UNUSED = "?";
static int tool_status UNUSED; /* exit status, raised by complain() */

static inline void
tool_start(char **argv)
{
	const char *slash;

	if (argv[0] == NULL)
		return;
	slash = strrchr(argv[0], '/');
	tool_name = slash == NULL ? argv[0] : slash + 1;
}

/* A message about what went wrong; the program goes on and ends with 1. */
static inline void __attribute__((format(printf, 1, 2)))
complain(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s: ", tool_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	tool_status = 1;
}

/* About a file, with the reason in errno. */
static inline void
complain_file(const char *path)
{
	complain("%s: %s", path, strerror(errno));
}

static inline int
usage(const char *text)
{
	fprintf(stderr, "usage: %s %s\n", tool_name, text);
	return 2;
}

/* The program's end: what was printed must have arrived. */
static inline int
finish(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		complain("write error");
	return tool_status;
}

static inline bool
write_all(int fd, const void *data, size_t n)
{
	const char *s = data;

	while (n > 0) {
		ssize_t done = write(fd, s, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		s += done;
		n -= (size_t)done;
	}
	return true;
}

/*
 * Before the first getc_unlocked() or putchar_unlocked(): newlib's standard
 * streams begin as constants, and these two do not look first.
 */
static inline void
tool_streams(void)
{
	clearerr(stdin);
}

/* Calls fn for each file, "-" and no file at all being the input. */
static inline void
each_file(char **paths, void (*fn)(FILE *f, const char *path))
{
	static char input[] = "-";
	char *just_input[] = { input, NULL };

	tool_streams();
	for (paths = *paths == NULL ? just_input : paths; *paths != NULL;
	    paths++) {
		bool is_input = strcmp(*paths, "-") == 0;
		FILE *f = is_input ? stdin : fopen(*paths, "r");

		if (f == NULL) {
			complain_file(*paths);
			continue;
		}
		fn(f, *paths);
		if (ferror(f))
			complain_file(*paths);
		if (!is_input)
			fclose(f);
	}
}

/* dir/name, malloc'd; ends the program without memory. */
static inline char *
path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir), len = n + strlen(name) + 2;
	char *path = malloc(len);

	if (path == NULL) {
		complain("out of memory");
		exit(1);
	}
	snprintf(path, len, "%s%s%s", dir,
	    n > 0 && dir[n - 1] == '/' ? "" : "/", name);
	return path;
}

/* The last name of a path, its trailing slashes cut off. */
static inline const char *
path_last(char *path)
{
	size_t n = strlen(path);
	const char *slash;

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	slash = strrchr(path, '/');
	return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

/* The next line with its newline, as getline(); -1 at the end. */
static inline ssize_t
next_line(char **line, size_t *cap, FILE *f)
{
	size_t n = 0;
	int c = 0;

	while (c != '\n' && (c = getc_unlocked(f)) != EOF) {
		if (n + 2 > *cap) {
			char *more = realloc(*line, *cap * 2 + 128);

			if (more == NULL) {
				complain("out of memory");
				exit(1);
			}
			*line = more;
			*cap = *cap * 2 + 128;
		}
		(*line)[n++] = (char)c;
	}
	if (n == 0)
		return -1;
	(*line)[n] = '\0';
	return (ssize_t)n;
}

/* A mode as `ls -l` has it, in text. */
enum { MODE_TEXT = 11 };

static inline const char *
mode_text(mode_t m, char text[MODE_TEXT])
{
	static const char rwx[] = "rwxrwxrwx";

	text[0] = S_ISDIR(m) ? 'd' : S_ISLNK(m) ? 'l' : S_ISCHR(m) ? 'c' :
	    S_ISBLK(m) ? 'b' : S_ISFIFO(m) ? 'p' : S_ISSOCK(m) ? 's' : '-';
	for (int i = 0; i < 9; i++)
		text[1 + i] = (m & (0400u >> i)) ? rwx[i] : '-';
	if (m & S_ISUID)
		text[3] = text[3] == 'x' ? 's' : 'S';
	if (m & S_ISGID)
		text[6] = text[6] == 'x' ? 's' : 'S';
	if (m & S_ISVTX)
		text[9] = text[9] == 'x' ? 't' : 'T';
	text[10] = '\0';
	return text;
}

/* A decimal number; ends the program when it is none. */
static inline long
number_arg(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end == s || *end != '\0') {
		complain("%s: bad number", s);
		exit(2);
	}
	return n;
}

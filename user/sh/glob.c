/*
 * Path name expansion: the pattern is cut at its slashes; parts without
 * special characters are taken as they are, the others are compared with
 * the entries of the directory reached so far.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sh.h"

static void glob_part(struct buf *path, const char *rest, struct strs *out);

/* Copies a pattern part without its backslashes. */
static void
put_plain(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\' && i + 1 < n)
			i++;
		buf_putc(b, s[i]);
	}
}

static void
glob_dir(struct buf *path, const char *part, const char *rest,
    struct strs *out)
{
	DIR *d = opendir(path->len == 0 ? "." : path->s);
	size_t len = path->len;
	struct dirent *e;
	bool hidden = part[0] == '.' || (part[0] == '\\' && part[1] == '.');

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' && !hidden)
			continue;
		if (!match(part, e->d_name))
			continue;
		buf_puts(path, e->d_name);
		glob_part(path, rest, out);
		path->len = len;
		if (path->s != NULL)
			path->s[len] = '\0';
	}
	if (d != NULL)
		closedir(d);
}

/* rest begins at the end of the pattern or at a slash. */
static void
glob_part(struct buf *path, const char *rest, struct strs *out)
{
	size_t len = path->len, n;
	struct stat st;
	char *part;

	while (*rest == '/')
		buf_putc(path, *rest++);
	if (*rest == '\0') {
		if (path->len > 0 && lstat(path->s, &st) == 0)
			strs_add(out, xstrdup(path->s));
		return;
	}
	n = strcspn(rest, "/");
	part = xstrndup(rest, n);
	if (has_glob(part)) {
		glob_dir(path, part, rest + n, out);
	} else {
		put_plain(path, rest, n);
		glob_part(path, rest + n, out);
	}
	free(part);
	path->len = len;
}

void
glob_add(const char *pattern, const char *plain, struct strs *out)
{
	struct buf path = { 0 };
	size_t before = out->n;

	glob_part(&path, pattern, out);
	if (out->n == before)
		strs_add(out, xstrdup(plain));
	else
		strs_sort(out, before);
	buf_free(&path);
}

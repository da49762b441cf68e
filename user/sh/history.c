/*
 * History: the last lines typed, kept in ~/.sh_history. A line is appended
 * to the file when it is entered, so that several shells can share it; the
 * file is shortened when it has grown to twice what is kept.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

enum { KEPT = 500 };

static struct {
	char *line[KEPT]; /* a ring; count lines were ever added */
	size_t count;
	char *path;
} history;

static void
remember(const char *line, size_t n)
{
	char **slot = &history.line[history.count % KEPT];

	free(*slot);
	*slot = xstrndup(line, n);
	history.count++;
}

const char *
history_get(size_t back)
{
	if (back == 0 || back > history.count || back > KEPT)
		return NULL;
	return history.line[(history.count - back) % KEPT];
}

/* Writes the lines kept as the whole file. */
static void
rewrite(void)
{
	int fd = open(history.path, O_WRONLY | O_TRUNC, 0600);
	struct buf b = { 0 };

	if (fd < 0)
		return;
	for (size_t back = KEPT; back > 0; back--)
		if (history_get(back) != NULL)
			buf_printf(&b, "%s\n", history_get(back));
	write_all(fd, b.s, b.len);
	close(fd);
	buf_free(&b);
}

static size_t
read_lines(int fd)
{
	char block[1024];
	struct buf line = { 0 };
	size_t lines = 0;
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (block[i] != '\n') {
				buf_putc(&line, block[i]);
				continue;
			}
			if (line.len > 0)
				remember(line.s, line.len);
			line.len = 0;
			lines++;
		}
	}
	buf_free(&line);
	return lines;
}

void
history_load(void)
{
	const char *home = var_get("HOME");
	struct buf b = { 0 };
	int fd;

	if (home == NULL)
		return;
	buf_printf(&b, "%s/.sh_history", home);
	history.path = buf_take(&b);
	fd = open(history.path, O_RDONLY);
	if (fd < 0)
		return;
	if (read_lines(fd) > 2 * KEPT)
		rewrite();
	close(fd);
}

void
history_add(const char *line)
{
	const char *last = history_get(1);
	size_t n = strcspn(line, "\n");
	int fd;

	if (n == strspn(line, " \t") || (last != NULL &&
	    strlen(last) == n && memcmp(last, line, n) == 0))
		return;
	remember(line, n);
	if (history.path == NULL)
		return;
	fd = open(history.path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0) {
		free(history.path);
		history.path = NULL; /* not writable: do not try again */
		return;
	}
	write_all(fd, line, n);
	write_all(fd, "\n", 1);
	close(fd);
}

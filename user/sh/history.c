/*
 * History: the last commands typed, kept in ~/.sh_history. A line is appended
 * to the file when it is entered, so that several shells can share it; lines
 * that continue a command join it. The file is shortened when it has grown to
 * twice what is kept.
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
	off_t end; /* of the file, after what was written last */
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

/* Entries of several lines have CR between them in the file, where LF ends
 * one. */
static void
write_entry(int fd, const char *entry, size_t n)
{
	char *text = xstrndup(entry, n + 1);

	for (size_t i = 0; i < n; i++)
		if (text[i] == '\n')
			text[i] = '\r';
	text[n] = '\n';
	write_all(fd, text, n + 1);
	free(text);
}

/* Writes the lines kept as the whole file. */
static void
rewrite(void)
{
	int fd = open(history.path, O_WRONLY | O_TRUNC, 0600);

	if (fd < 0)
		return;
	for (size_t back = KEPT; back > 0; back--)
		if (history_get(back) != NULL)
			write_entry(fd, history_get(back),
			    strlen(history_get(back)));
	close(fd);
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
				buf_putc(&line, block[i] == '\r' ? '\n' :
				    block[i]);
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

/* joins: line goes on with what was written last, if that still is the end of
 * the file, to which other shells write, too. */
static void
write_line(const char *line, size_t n, bool joins)
{
	int fd;

	if (history.path == NULL)
		return;
	fd = open(history.path, O_RDWR | O_CREAT | (joins ? 0 : O_APPEND),
	    0600);
	if (fd < 0) {
		free(history.path);
		history.path = NULL; /* not writable: do not try again */
		return;
	}
	if (joins && lseek(fd, 0, SEEK_END) == history.end &&
	    lseek(fd, -1, SEEK_END) >= 0)
		write_all(fd, "\r", 1);
	write_entry(fd, line, n);
	history.end = lseek(fd, 0, SEEK_CUR);
	close(fd);
}

static void
join_last(const char *line, size_t n)
{
	char **last = &history.line[(history.count - 1) % KEPT];
	struct buf b = { 0 };

	buf_printf(&b, "%s\n", *last);
	buf_put(&b, line, n);
	free(*last);
	*last = buf_take(&b);
}

void
history_add(const char *line, bool goes_on)
{
	const char *last = history_get(1);
	size_t n = strlen(line);

	n -= n > 0 && line[n - 1] == '\n';
	if (goes_on && last != NULL) {
		join_last(line, n);
	} else {
		if (n == strspn(line, " \t") || (last != NULL &&
		    strlen(last) == n && memcmp(last, line, n) == 0))
			return;
		remember(line, n);
	}
	write_line(line, n, goes_on && last != NULL);
}

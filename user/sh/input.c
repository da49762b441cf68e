/*
 * Source text: a growing buffer and a function that adds the next line.
 *
 * Text that was read stays in the buffer while a command is being parsed, so
 * that a token is a slice of it and an alias can be spliced in; between
 * commands the parsed part is dropped (input_forget).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

void
input_append(struct input *in, const char *s, size_t n)
{
	if (in->len + n + 1 > in->cap) {
		in->cap = (in->len + n + 1) * 2;
		in->text = xrealloc(in->text, in->cap);
	}
	memcpy(in->text + in->len, s, n);
	in->len += n;
	in->text[in->len] = '\0';
	alias_calm(in);
}

static bool
no_more(struct input *in)
{
	(void)in;
	return false;
}

void
input_string(struct input *in, const char *s, size_t n)
{
	*in = (struct input){ .more = no_more, .fd = -1, .line = 1 };
	input_append(in, s, n);
}

/* Standard input is shared with the commands: not a byte too many. */
static bool
line_bytewise(struct input *in)
{
	struct buf line = { 0 };
	char c = 0;
	bool got;

	while (c != '\n') {
		ssize_t n = read(in->fd, &c, 1);

		if (n < 0 && errno == EINTR && !sh.interrupted)
			continue;
		if (n <= 0)
			break;
		if (c != '\0')
			buf_putc(&line, c);
	}
	got = line.len > 0;
	if (got)
		input_append(in, line.s, line.len);
	buf_free(&line);
	return got;
}

static bool
block_of_file(struct input *in)
{
	char block[2048];
	ssize_t n;

	do {
		n = read(in->fd, block, sizeof(block));
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	input_append(in, block, (size_t)n);
	return true;
}

void
input_fd(struct input *in, int fd)
{
	*in = (struct input){ .fd = fd, .line = 1 };
	in->more = fd == 0 ? line_bytewise : block_of_file;
}

static bool
line_from_person(struct input *in)
{
	const char *ps = var_get(in->continued ? "PS2" : "PS1");
	char *prompt = prompt_text(ps == NULL ? "" : ps);
	char *line = NULL;
	bool got;

	if (sh.tty >= 0) {
		line = edit_line(prompt);
		got = line != NULL;
		if (got) {
			history_add(line, in->continued);
			input_append(in, line, strlen(line));
		}
		free(line);
	} else {
		write_all(2, prompt, strlen(prompt));
		got = line_bytewise(in);
	}
	in->continued = true;
	free(prompt);
	return got;
}

void
input_terminal(struct input *in)
{
	*in = (struct input){ .more = line_from_person, .line = 1 };
	in->interactive = true;
}

void
input_forget(struct input *in)
{
	in->continued = false;
	if (in->pos < in->len / 2 || in->len == 0)
		return;
	in->len -= in->pos;
	memmove(in->text, in->text + in->pos, in->len + 1);
	in->pos = 0;
}

void
input_drop_line(struct input *in)
{
	in->pos = in->len;
}

void
input_free(struct input *in)
{
	free(in->text);
	in->text = NULL;
}

int
input_peek(struct input *in)
{
	while (in->pos >= in->len)
		if (sh.interrupted || !in->more(in))
			return -1;
	return (unsigned char)in->text[in->pos];
}

int
input_get(struct input *in)
{
	int c = input_peek(in);

	if (c >= 0)
		in->pos++;
	if (c == '\n')
		in->line++;
	return c;
}

/* The character behind the next one, on the same line. */
int
input_peek2(struct input *in)
{
	if (input_peek(in) == '\n')
		return -1;
	while (in->pos + 1 >= in->len)
		if (!in->more(in))
			return -1;
	return (unsigned char)in->text[in->pos + 1];
}

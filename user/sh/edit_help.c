/*
 * The editor's two helpers that talk to the person: completion with its
 * list of candidates, and the search through history.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"

enum { LIST_WIDTH = 78, LIST_MOST = 200 };

static const char *
last_part(const char *s)
{
	size_t n = strlen(s);

	while (n > 1 && s[n - 2] != '/')
		n--;
	return n == 0 ? s : s + n - 1;
}

static void
show_list(struct edit *e, const struct strs *l)
{
	size_t wide = 0, per_row;
	struct buf b = { 0 };

	for (size_t i = 0; i < l->n; i++)
		if (strlen(last_part(l->v[i])) > wide)
			wide = strlen(last_part(l->v[i]));
	per_row = LIST_WIDTH / (wide + 2);
	if (per_row == 0)
		per_row = 1;
	for (size_t i = 0; i < l->n && i < LIST_MOST; i++) {
		if (i % per_row == 0)
			buf_puts(&b, "\r\n");
		buf_printf(&b, "%-*s", (int)wide + 2, last_part(l->v[i]));
	}
	if (l->n > LIST_MOST)
		buf_printf(&b, "\r\n(%zu more)", l->n - LIST_MOST);
	buf_puts(&b, "\r\n");
	write_all(sh.tty, b.s, b.len);
	buf_free(&b);
	e->row = 0;
	edit_redraw(e);
}

static size_t
common_prefix(const struct strs *l)
{
	size_t n = strlen(l->v[0]);

	for (size_t i = 1; i < l->n; i++) {
		size_t same = 0;

		while (same < n && l->v[i][same] == l->v[0][same])
			same++;
		n = same;
	}
	return n;
}

/* Text from a name, with a backslash before what the shell would see. */
static void
insert_escaped(struct edit *e, const char *s, size_t n, char quote)
{
	const char *seen = quote == '\'' ? "" : quote == '"' ? "$`\"\\" :
	    " \t*?[]&;|<>()'\"\\$`#!~{}";
	struct buf b = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\'' && quote == '\'')
			buf_puts(&b, "'\\'"); /* and the quote itself */
		else if (strchr(seen, s[i]) != NULL)
			buf_putc(&b, '\\');
		buf_putc(&b, s[i]);
	}
	edit_insert(e, b.s, b.len);
	buf_free(&b);
}

void
edit_complete(struct edit *e)
{
	struct strs found = { 0 };
	size_t typed, n;
	char open;

	typed = complete(e->line.s, e->at, &open, &found);
	if (found.n == 0) {
		write_all(sh.tty, "\a", 1);
		return;
	}
	n = common_prefix(&found);
	if (n > typed)
		insert_escaped(e, found.v[0] + typed, n - typed, open);
	else if (found.n > 1)
		show_list(e, &found);
	if (found.n == 1 && n > 0 && found.v[0][n - 1] != '/') {
		if (open != '\0')
			edit_insert(e, &open, 1);
		if (open != '}')
			edit_insert(e, " ", 1);
	}
	strs_free(&found);
}

static size_t
find_back(const char *text, size_t back)
{
	const char *line;

	for (; (line = history_get(back)) != NULL; back++)
		if (strstr(line, text) != NULL)
			return back;
	return 0;
}

static void
show_search(const char *text, const char *line)
{
	struct buf b = { 0 };

	buf_printf(&b, "\r\033[J(search) '%s': ", text);
	show_line(&b, line);
	write_all(sh.tty, b.s, b.len);
	buf_free(&b);
}

/* Ctrl-R: the newest line that contains what is typed; again: older. */
int
edit_search(struct edit *e)
{
	struct buf text = { 0 };
	size_t back = 0, hit;
	int c;

	buf_put(&text, "", 0);
	for (;;) {
		const char *line = history_get(back);

		show_search(text.s, line == NULL ? e->line.s : line);
		c = edit_key();
		if (c == CTRL('R')) {
			hit = find_back(text.s, back + 1);
		} else if ((c == CTRL('H') || c == 0x7f) && text.len > 0) {
			text.s[--text.len] = '\0';
			hit = find_back(text.s, 1);
		} else if (c >= ' ' && c != 0x7f) {
			buf_putc(&text, c);
			hit = find_back(text.s, back == 0 ? 1 : back);
		} else {
			break;
		}
		back = hit != 0 ? hit : back;
	}
	if (c != CTRL('C') && c != CTRL('G') && history_get(back) != NULL) {
		e->back = back;
		e->line.len = 0;
		buf_puts(&e->line, history_get(back));
		e->at = e->line.len;
	}
	buf_free(&text);
	edit_redraw(e);
	return c;
}

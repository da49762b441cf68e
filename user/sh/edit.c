/*
 * The line editor. The terminal is in raw mode only while a line is typed;
 * what is shown is always redrawn from the line's text, except for the most
 * frequent key, a character at the end, which is just written.
 *
 * Bytes are read one at a time, so that what was typed ahead for a program
 * is still there for it. UTF-8 sequences move and vanish as one character of
 * width one.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "edit.h"

static struct termios cooked;
static bool have_cooked;

void
edit_restore(void)
{
	if (have_cooked)
		tcsetattr(sh.tty, TCSADRAIN, &cooked);
}

static bool
make_raw(void)
{
	struct termios raw;

	if (tcgetattr(sh.tty, &cooked) != 0)
		return false;
	have_cooked = true;
	raw = cooked;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return tcsetattr(sh.tty, TCSADRAIN, &raw) == 0;
}

static size_t
columns(void)
{
	struct winsize ws = { 0 };

	if (ioctl(sh.tty, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 1)
		return ws.ws_col;
	return 80;
}

/* Cells that n bytes take; escape sequences take none. */
static size_t
width(const char *s, size_t n)
{
	size_t w = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\033' && i + 1 < n && s[i + 1] == '[') {
			i += 2;
			while (i < n && !isalpha((unsigned char)s[i]))
				i++;
		} else if (((unsigned char)s[i] & 0xc0) != 0x80) {
			w++;
		}
	}
	return w;
}

static void
show(struct edit *e, const char *s)
{
	buf_puts(&e->screen, s);
}

static void
flush(struct edit *e)
{
	if (e->screen.len > 0)
		write_all(sh.tty, e->screen.s, e->screen.len);
	e->screen.len = 0;
}

static void
cursor_up(struct edit *e, size_t rows)
{
	if (rows > 0)
		buf_printf(&e->screen, "\033[%zuA", rows);
}

/* A line of history may be several: their ends are shown. */
void
show_line(struct buf *screen, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '\n')
			buf_puts(screen, "\u21b5");
		else
			buf_putc(screen, *s);
}

/* Draws prompt and line from the first row on and places the cursor. */
void
edit_redraw(struct edit *e)
{
	size_t cols = columns(), before, total;

	before = e->prompt_width + width(e->line.s, e->at);
	total = e->prompt_width + width(e->line.s, e->line.len);
	cursor_up(e, e->row);
	show(e, "\r\033[J");
	show(e, e->prompt);
	show_line(&e->screen, e->line.s);
	if (total > 0 && total % cols == 0)
		show(e, "\r\n"); /* the terminal has not wrapped yet */
	cursor_up(e, total / cols - before / cols);
	show(e, "\r");
	if (before % cols > 0)
		buf_printf(&e->screen, "\033[%zuC", before % cols);
	e->row = before / cols;
	flush(e);
}

void
edit_insert(struct edit *e, const char *s, size_t n)
{
	size_t cols = columns(), end;
	bool at_end = e->at == e->line.len;

	buf_put(&e->line, s, n);
	memmove(e->line.s + e->at + n, e->line.s + e->at,
	    e->line.len - n - e->at);
	memcpy(e->line.s + e->at, s, n);
	e->at += n;
	end = e->prompt_width + width(e->line.s, e->line.len);
	if (at_end && end / cols == e->row && end % cols != 0) {
		buf_put(&e->screen, s, n);
		flush(e);
	} else {
		edit_redraw(e);
	}
}

void
edit_delete(struct edit *e, size_t from, size_t to)
{
	memmove(e->line.s + from, e->line.s + to, e->line.len - to + 1);
	e->line.len -= to - from;
	e->at = from;
	edit_redraw(e);
}

void
edit_replace(struct edit *e, const char *s)
{
	e->line.len = 0;
	buf_puts(&e->line, s);
	e->at = e->line.len;
	edit_redraw(e);
}

static size_t
char_before(const struct edit *e)
{
	size_t i = e->at;

	while (i > 0 && ((unsigned char)e->line.s[--i] & 0xc0) == 0x80)
		;
	return i;
}

static size_t
char_behind(const struct edit *e)
{
	size_t i = e->at;

	if (i < e->line.len)
		i++;
	while (i < e->line.len &&
	    ((unsigned char)e->line.s[i] & 0xc0) == 0x80)
		i++;
	return i;
}

static size_t
word_before(const struct edit *e)
{
	size_t i = e->at;

	while (i > 0 && isspace((unsigned char)e->line.s[i - 1]))
		i--;
	while (i > 0 && !isspace((unsigned char)e->line.s[i - 1]))
		i--;
	return i;
}

static size_t
word_behind(const struct edit *e)
{
	size_t i = e->at;

	while (i < e->line.len && isspace((unsigned char)e->line.s[i]))
		i++;
	while (i < e->line.len && !isspace((unsigned char)e->line.s[i]))
		i++;
	return i;
}

static void
move_to(struct edit *e, size_t at)
{
	e->at = at;
	edit_redraw(e);
}

/* -1 at the end of input or on an interrupt from outside. */
int
edit_key(void)
{
	unsigned char c;
	ssize_t n;

	do {
		n = read(sh.tty, &c, 1);
	} while (n < 0 && errno == EINTR && !sh.interrupted);
	return n == 1 ? c : -1;
}

/* Behind ESC: CSI or SS3 sequences become one of the control keys. */
static int
escape_key(void)
{
	static const char from[] = "ABCDHF", to[] = { CTRL('P'), CTRL('N'),
		CTRL('F'), CTRL('B'), CTRL('A'), CTRL('E') };
	int c = edit_key(), number = 0, modifier = 0;
	const char *at;

	if (c == 'b')
		return K_WORD_LEFT;
	if (c == 'f')
		return K_WORD_RIGHT;
	if (c == 'd')
		return K_KILL_WORD;
	if (c == 0x7f || c == CTRL('H'))
		return CTRL('W');
	if (c != '[' && c != 'O')
		return 0;
	while (isdigit(c = edit_key()) || c == ';') {
		if (c == ';') {
			modifier = number;
			number = 0;
		} else {
			number = number * 10 + c - '0';
		}
	}
	if (c == '~' && modifier == 0)
		return number == 3 ? K_DELETE : number == 1 || number == 7 ?
		    CTRL('A') : number == 4 || number == 8 ? CTRL('E') : 0;
	if (modifier != 0 && (c == 'C' || c == 'D'))
		return c == 'C' ? K_WORD_RIGHT : K_WORD_LEFT;
	at = c <= 0 ? NULL : strchr(from, c);
	return at == NULL ? 0 : to[at - from];
}

static void
walk_history(struct edit *e, int step)
{
	size_t back = e->back + (size_t)step;
	const char *line = history_get(back);

	if (step < 0 && e->back == 0)
		return;
	if (back > 0 && line == NULL)
		return;
	if (e->back == 0) {
		free(e->typed);
		e->typed = xstrndup(e->line.s, e->line.len);
	}
	e->back = back;
	edit_replace(e, back == 0 ? e->typed : line);
}

static void
kill_text(struct edit *e, size_t from, size_t to)
{
	if (from == to)
		return;
	free(e->killed);
	e->killed = xstrndup(e->line.s + from, to - from);
	edit_delete(e, from, to);
}

static void
edit_motion(struct edit *e, int c)
{
	switch (c) {
	case CTRL('A'):
		move_to(e, 0);
		break;
	case CTRL('E'):
		move_to(e, e->line.len);
		break;
	case CTRL('B'):
		move_to(e, char_before(e));
		break;
	case CTRL('F'):
		move_to(e, char_behind(e));
		break;
	case K_WORD_LEFT:
		move_to(e, word_before(e));
		break;
	case K_WORD_RIGHT:
		move_to(e, word_behind(e));
		break;
	case CTRL('P'):
		walk_history(e, 1);
		break;
	case CTRL('N'):
		walk_history(e, -1);
		break;
	default:
		break;
	}
}

static void
edit_change(struct edit *e, int c)
{
	char ch = (char)c;

	switch (c) {
	case CTRL('H'):
	case 0x7f:
		edit_delete(e, char_before(e), e->at);
		break;
	case CTRL('D'):
	case K_DELETE: {
		size_t at = e->at;

		edit_delete(e, at, char_behind(e));
		break;
	}
	case CTRL('K'):
		kill_text(e, e->at, e->line.len);
		break;
	case CTRL('U'):
		kill_text(e, 0, e->at);
		break;
	case CTRL('W'):
		kill_text(e, word_before(e), e->at);
		break;
	case CTRL('Y'):
		if (e->killed != NULL)
			edit_insert(e, e->killed, strlen(e->killed));
		break;
	case K_KILL_WORD:
		kill_text(e, e->at, word_behind(e));
		break;
	case '\t':
		edit_complete(e);
		break;
	case CTRL('L'):
		show(e, "\033[H\033[2J");
		e->row = 0;
		edit_redraw(e);
		break;
	default:
		if (c >= ' ' && c < K_DELETE)
			edit_insert(e, &ch, 1);
		else
			edit_motion(e, c);
		break;
	}
}

/* Moves below the line, so that output does not run into it. */
static void
leave_line(struct edit *e, const char *mark)
{
	if (e->at != e->line.len) {
		e->at = e->line.len;
		edit_redraw(e);
	}
	show(e, mark);
	show(e, "\r\n");
	flush(e);
}

static enum edit_end
edit_loop(struct edit *e)
{
	for (;;) {
		int c = edit_key();

		if (c == CTRL('R'))
			c = edit_search(e);
		if (c == '\033')
			c = escape_key();
		if (c == '\r' || c == '\n') {
			leave_line(e, "");
			return E_LINE;
		}
		if (c == CTRL('C') || (c < 0 && sh.interrupted)) {
			leave_line(e, "^C");
			return E_INTERRUPT;
		}
		if (c < 0 || (c == CTRL('D') && e->line.len == 0))
			return E_END;
		edit_change(e, c);
	}
}

static char *
finish(struct edit *e, enum edit_end end)
{
	char *line = NULL;

	if (end == E_INTERRUPT)
		sh.interrupted = 1;
	if (end == E_END)
		write_all(sh.tty, "\r\n", 2);
	if (end == E_LINE) {
		buf_putc(&e->line, '\n');
		line = buf_take(&e->line);
	}
	buf_free(&e->line);
	buf_free(&e->screen);
	free(e->typed);
	free(e->killed);
	return line;
}

/* A terminal without raw mode: the system's own line editing. */
static char *
plain_line(const char *prompt)
{
	struct buf line = { 0 };
	int c = 0;

	write_all(sh.tty, prompt, strlen(prompt));
	while (c != '\n' && (c = edit_key()) >= 0)
		buf_putc(&line, c);
	return line.len == 0 ? NULL : buf_take(&line);
}

char *
edit_line(const char *prompt)
{
	struct edit e = { 0 };
	const char *last_row = strrchr(prompt, '\n');
	enum edit_end end;

	if (!make_raw())
		return plain_line(prompt);
	last_row = last_row == NULL ? prompt : last_row + 1;
	write_all(sh.tty, prompt, (size_t)(last_row - prompt));
	e.prompt = last_row;
	e.prompt_width = width(last_row, strlen(last_row));
	buf_put(&e.line, "", 0);
	write_all(sh.tty, e.prompt, strlen(e.prompt));
	end = edit_loop(&e);
	edit_restore();
	return finish(&e, end);
}

/*
 * more [file ...]: a page at a time. Space: a page, return: a line, q: the
 * end. Not on a terminal it is cat.
 */
#include "tool.h"

#include <sys/ioctl.h>
#include <termios.h>

static int tty = -1;
static struct termios cooked;
static size_t rows = 24, cols = 80, left;

static void
be_raw(bool raw)
{
	struct termios t = cooked;

	if (raw) {
		t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		t.c_cc[VMIN] = 1;
		t.c_cc[VTIME] = 0;
	}
	tcsetattr(tty, TCSADRAIN, &t);
}

/* Waits at the bottom of a page; false: no more. */
static bool
ask(void)
{
	char c = 'q';

	fputs("\033[7m--More--\033[0m", stdout);
	fflush(stdout);
	be_raw(true);
	while (read(tty, &c, 1) == 1 && strchr(" \rq\n\003", c) == NULL)
		continue;
	be_raw(false);
	fputs("\r\033[K", stdout);
	left = c == ' ' ? rows - 1 : 1;
	return c == ' ' || c == '\r' || c == '\n';
}

static void
show(FILE *f, const char *path)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	(void)path;
	while ((n = next_line(&line, &cap, f)) > 0) {
		size_t needs = 1 + (size_t)(n - 1) / cols;

		if (tty >= 0 && left < needs && !ask()) {
			fflush(stdout);
			exit(0);
		}
		left -= needs < left ? needs : left;
		fputs(line, stdout);
	}
	free(line);
}

int
main(int argc, char **argv)
{
	struct winsize ws = { 0 };

	tool_start(argv);
	if (argc == 1 && isatty(0))
		return usage("file ...");
	if (isatty(1))
		tty = open("/dev/tty", O_RDONLY);
	if (tty >= 0 && tcgetattr(tty, &cooked) != 0)
		tty = -1;
	if (tty >= 0 && ioctl(tty, TIOCGWINSZ, &ws) == 0 && ws.ws_row > 1) {
		rows = ws.ws_row;
		cols = ws.ws_col > 0 ? ws.ws_col : 80;
	}
	left = rows - 1;
	each_file(argv + 1, show);
	return finish();
}

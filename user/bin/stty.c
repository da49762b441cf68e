/* stty [-a] [[-]flag | sane | raw | rows n | cols n | size] ... */
#include "tool.h"

#include <sys/ioctl.h>
#include <termios.h>

static const struct {
	const char *name;
	char field;
	tcflag_t bit;
} flags[] = {
	{ "icrnl", 'i', ICRNL }, { "inlcr", 'i', INLCR },
	{ "igncr", 'i', IGNCR }, { "istrip", 'i', ISTRIP },
	{ "ixon", 'i', IXON }, { "ixoff", 'i', IXOFF },
	{ "brkint", 'i', BRKINT }, { "opost", 'o', OPOST },
	{ "onlcr", 'o', ONLCR }, { "isig", 'l', ISIG },
	{ "icanon", 'l', ICANON }, { "iexten", 'l', IEXTEN },
	{ "echo", 'l', ECHO }, { "echoe", 'l', ECHOE },
	{ "echok", 'l', ECHOK }, { "echonl", 'l', ECHONL },
	{ "noflsh", 'l', NOFLSH }, { "tostop", 'l', TOSTOP },
};

enum { FLAGS = sizeof(flags) / sizeof(flags[0]) };

static tcflag_t *
field_of(struct termios *t, char field)
{
	return field == 'i' ? &t->c_iflag : field == 'o' ? &t->c_oflag :
	    &t->c_lflag;
}

static void
show(struct termios *t)
{
	struct winsize ws = { 0 };

	ioctl(0, TIOCGWINSZ, &ws);
	printf("rows %u; columns %u; intr = ^%c; erase = ^%c; eof = ^%c\n",
	    ws.ws_row, ws.ws_col, t->c_cc[VINTR] ^ 64, t->c_cc[VERASE] ^ 64,
	    t->c_cc[VEOF] ^ 64);
	for (int i = 0; i < FLAGS; i++)
		printf("%s%s%s", i == 0 ? "" : " ",
		    *field_of(t, flags[i].field) & flags[i].bit ? "" : "-",
		    flags[i].name);
	putchar('\n');
}

static void
make_sane(struct termios *t, bool sane)
{
	if (sane) {
		t->c_iflag |= ICRNL | IXON | BRKINT;
		t->c_oflag |= OPOST | ONLCR;
		t->c_lflag |= ICANON | ISIG | IEXTEN | ECHO | ECHOE | ECHOK;
		return;
	}
	t->c_iflag = 0;
	t->c_oflag &= ~(tcflag_t)OPOST;
	t->c_lflag &= ~(tcflag_t)(ICANON | ISIG | IEXTEN);
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
}

static bool
set_flag(struct termios *t, const char *word)
{
	bool on = *word != '-';

	for (int i = 0; i < FLAGS; i++) {
		tcflag_t *f = field_of(t, flags[i].field);

		if (strcmp(flags[i].name, word + !on) != 0)
			continue;
		*f = on ? *f | flags[i].bit : *f & ~flags[i].bit;
		return true;
	}
	return false;
}

static void
set_size(const char *word, const char *value)
{
	struct winsize ws = { 0 };

	ioctl(0, TIOCGWINSZ, &ws);
	if (*word == 'r')
		ws.ws_row = (unsigned short)number_arg(value);
	else
		ws.ws_col = (unsigned short)number_arg(value);
	if (ioctl(0, TIOCSWINSZ, &ws) != 0)
		complain("%s: %s", word, strerror(errno));
}

int
main(int argc, char **argv)
{
	struct termios t;

	tool_start(argv);
	if (tcgetattr(0, &t) != 0) {
		complain("%s", strerror(errno));
		return 1;
	}
	if (argc == 1 || strcmp(argv[1], "-a") == 0) {
		show(&t);
		return finish();
	}
	for (int i = 1; i < argc; i++) {
		struct winsize ws = { 0 };

		if (strcmp(argv[i], "size") == 0) {
			ioctl(0, TIOCGWINSZ, &ws);
			printf("%u %u\n", ws.ws_row, ws.ws_col);
		} else if (strcmp(argv[i], "sane") == 0 ||
		    strcmp(argv[i], "-raw") == 0) {
			make_sane(&t, true);
		} else if (strcmp(argv[i], "raw") == 0) {
			make_sane(&t, false);
		} else if (i + 1 < argc && (strcmp(argv[i], "rows") == 0 ||
		    strncmp(argv[i], "col", 3) == 0)) {
			set_size(argv[i], argv[i + 1]);
			i++;
		} else if (!set_flag(&t, argv[i])) {
			complain("%s: no such mode", argv[i]);
			return 2;
		}
	}
	if (tcsetattr(0, TCSADRAIN, &t) != 0)
		complain("%s", strerror(errno));
	return finish();
}

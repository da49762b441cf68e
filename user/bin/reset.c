/* reset: the terminal and its line discipline as they should be. */
#include "tool.h"

#include <termios.h>

int
main(int argc, char **argv)
{
	static const char text[] = "\033c\033[!p\033[0m\033[?25h";
	struct termios t;

	(void)argc;
	tool_start(argv);
	if (tcgetattr(0, &t) != 0) {
		complain("%s", strerror(errno));
		return 1;
	}
	t.c_iflag = (t.c_iflag & ~(tcflag_t)(IGNCR | INLCR | ISTRIP)) |
	    ICRNL | IXON;
	t.c_oflag |= OPOST | ONLCR;
	t.c_lflag |= ICANON | ECHO | ECHOE | ECHOK | ISIG | IEXTEN;
	t.c_cc[VINTR] = 3;
	t.c_cc[VQUIT] = 28;
	t.c_cc[VERASE] = 127;
	t.c_cc[VKILL] = 21;
	t.c_cc[VEOF] = 4;
	t.c_cc[VSUSP] = 26;
	if (tcsetattr(0, TCSANOW, &t) != 0)
		complain("%s", strerror(errno));
	return write_all(1, text, sizeof(text) - 1) ? tool_status : 1;
}

/* date [-u] [+format] */
#include "tool.h"

#include <time.h>

int
main(int argc, char **argv)
{
	const char *format = "%a %b %e %H:%M:%S %Z %Y";
	time_t now = time(NULL);
	struct tm *tm;
	char text[512];
	int i = 1;

	tool_start(argv);
	if (i < argc && strcmp(argv[i], "-u") == 0) {
		setenv("TZ", "UTC", 1);
		i++;
	}
	if (i < argc && argv[i][0] == '+')
		format = argv[i++] + 1;
	if (i < argc)
		return usage("[-u] [+format]");
	tm = localtime(&now);
	if (tm == NULL)
		return 1;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strftime(text, sizeof(text), format, tm) == 0 && *format != '\0') {
		complain("%s: too long", format);
		return 1;
	}
#pragma GCC diagnostic pop
	puts(*format == '\0' ? "" : text);
	return finish();
}

/* echo [-n] [word ...] */
#include "tool.h"

int
main(int argc, char **argv)
{
	bool newline = true;
	int i = 1;

	tool_start(argv);
	if (argc > 1 && strcmp(argv[1], "-n") == 0) {
		newline = false;
		i++;
	}
	for (int first = i; i < argc; i++)
		printf("%s%s", i > first ? " " : "", argv[i]);
	if (newline)
		putchar('\n');
	return finish();
}

/* env [-i] [name=value ...] [command [arg ...]] */
#include "tool.h"

extern char **environ;

int
main(int argc, char **argv)
{
	static char *none[] = { NULL };
	int i = 1;

	tool_start(argv);
	if (i < argc && (strcmp(argv[i], "-i") == 0 ||
	    strcmp(argv[i], "-") == 0)) {
		environ = none;
		i++;
	}
	for (; i < argc && strchr(argv[i], '=') != NULL; i++) {
		char *eq = strchr(argv[i], '=');

		*eq = '\0';
		if (setenv(argv[i], eq + 1, 1) != 0) {
			complain_file(argv[i]);
			return 125;
		}
	}
	if (i < argc) {
		execvp(argv[i], argv + i);
		complain_file(argv[i]);
		return errno == ENOENT ? 127 : 126;
	}
	for (char **e = environ; *e != NULL; e++)
		puts(*e);
	return finish();
}

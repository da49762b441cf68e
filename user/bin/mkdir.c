/* mkdir [-p] [-m mode] directory ... */
#include "tool.h"

#include <sys/stat.h>

static mode_t mode = 0777;

static void
make_parents(char *path)
{
	for (char *s = path + 1; *s != '\0'; s++) {
		if (*s != '/')
			continue;
		*s = '\0';
		mkdir(path, 0777); /* the last mkdir tells what is wrong */
		*s = '/';
	}
}

int
main(int argc, char **argv)
{
	bool parents = false;
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "pm:")) != -1) {
		if (c == 'p')
			parents = true;
		else if (c == 'm')
			mode = (mode_t)strtoul(optarg, NULL, 8);
		else
			return usage("[-p] [-m mode] directory ...");
	}
	if (optind == argc)
		return usage("[-p] [-m mode] directory ...");
	for (int i = optind; i < argc; i++) {
		struct stat st;

		if (parents)
			make_parents(argv[i]);
		if (mkdir(argv[i], mode) == 0)
			continue;
		if (parents && errno == EEXIST && stat(argv[i], &st) == 0 &&
		    S_ISDIR(st.st_mode))
			continue;
		complain_file(argv[i]);
	}
	return tool_status;
}

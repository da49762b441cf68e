/* ln [-sf] target [name]: the name is the target's last one, or in the
 * directory given. */
#include "tool.h"

#include <sys/stat.h>

int
main(int argc, char **argv)
{
	bool symbolic = false, force = false;
	char *target, *name, *copy;
	struct stat st;
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "sfn")) != -1) {
		symbolic = symbolic || c == 's';
		force = force || c == 'f';
		if (c == '?')
			return usage("[-sf] target [name]");
	}
	if (argc - optind < 1 || argc - optind > 2)
		return usage("[-sf] target [name]");
	target = argv[optind];
	copy = strdup(target);
	name = argc - optind == 2 ? argv[optind + 1] : (char *)".";
	if (copy != NULL && stat(name, &st) == 0 && S_ISDIR(st.st_mode))
		name = path_join(name, path_last(copy));
	if (force)
		unlink(name); /* the link below tells what is wrong */
	if ((symbolic ? symlink(target, name) : link(target, name)) != 0)
		complain_file(name);
	return tool_status;
}

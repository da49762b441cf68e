/* rm [-rf] file ... */
#include "tool.h"

#include <dirent.h>
#include <sys/stat.h>

static bool recursive, force;

static void remove_tree(const char *path);

static void
remove_entries(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (d == NULL) {
		complain_file(path);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		char *inner;

		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		inner = path_join(path, e->d_name);
		remove_tree(inner);
		free(inner);
	}
	closedir(d);
}

static void
remove_tree(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0) {
		if (!force || errno != ENOENT)
			complain_file(path);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (unlink(path) != 0)
			complain_file(path);
		return;
	}
	if (!recursive) {
		complain("%s: is a directory", path);
		return;
	}
	remove_entries(path);
	if (rmdir(path) != 0)
		complain_file(path);
}

int
main(int argc, char **argv)
{
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "rRf")) != -1) {
		recursive = recursive || c == 'r' || c == 'R';
		force = force || c == 'f';
		if (c == '?')
			return usage("[-rf] file ...");
	}
	if (optind == argc && !force)
		return usage("[-rf] file ...");
	for (int i = optind; i < argc; i++) {
		char *copy = strdup(argv[i]);
		const char *last = copy == NULL ? "" : path_last(copy);

		if (strcmp(last, ".") == 0 || strcmp(last, "..") == 0 ||
		    strcmp(last, "/") == 0)
			complain("%s: refused", argv[i]);
		else
			remove_tree(argv[i]);
		free(copy);
	}
	return tool_status;
}

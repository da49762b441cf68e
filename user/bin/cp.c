/* cp [-rp] source ... target */
#include "tool.h"

#include <dirent.h>
#include <sys/stat.h>

static bool recursive, keep;
static char buf[65536];

static void copy_any(const char *from, const char *to);

static void
keep_attributes(const char *to, const struct stat *st)
{
	struct timespec t[2] = { st->st_atim, st->st_mtim };

	if (!keep)
		return;
	if (chmod(to, st->st_mode & 07777) != 0 ||
	    utimensat(AT_FDCWD, to, t, 0) != 0 ||
	    (chown(to, st->st_uid, st->st_gid) != 0 && geteuid() == 0))
		complain_file(to);
}

static void
copy_file(const char *from, const char *to, const struct stat *st)
{
	int in = open(from, O_RDONLY), out = -1;
	ssize_t n = 0;

	if (in < 0) {
		complain_file(from);
		return;
	}
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC, st->st_mode & 0777);
	if (out < 0)
		complain_file(to);
	while (out >= 0 && (n = read(in, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || !write_all(out, buf, (size_t)n)) {
			complain_file(n < 0 ? from : to);
			break;
		}
	}
	close(in);
	if (out >= 0) {
		close(out);
		keep_attributes(to, st);
	}
}

static void
copy_dir(const char *from, const char *to, const struct stat *st)
{
	DIR *d = opendir(from);
	struct dirent *e;

	if (d == NULL || (mkdir(to, 0777) != 0 && errno != EEXIST)) {
		complain_file(d == NULL ? from : to);
		if (d != NULL)
			closedir(d);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		char *a, *b;

		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		a = path_join(from, e->d_name);
		b = path_join(to, e->d_name);
		copy_any(a, b);
		free(a);
		free(b);
	}
	closedir(d);
	keep_attributes(to, st);
}

static void
copy_link(const char *from, const char *to)
{
	char target[1024];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n >= 0) {
		target[n] = '\0';
		unlink(to); /* symlink tells what is wrong */
	}
	if (n < 0 || symlink(target, to) != 0)
		complain_file(n < 0 ? from : to);
}

static void
copy_any(const char *from, const char *to)
{
	struct stat st, there;
	int e = recursive ? lstat(from, &st) : stat(from, &st);

	if (e != 0) {
		complain_file(from);
		return;
	}
	if (stat(to, &there) == 0 && there.st_dev == st.st_dev &&
	    there.st_ino == st.st_ino) {
		complain("%s and %s are the same file", from, to);
		return;
	}
	if (S_ISLNK(st.st_mode))
		copy_link(from, to);
	else if (!S_ISDIR(st.st_mode))
		copy_file(from, to, &st);
	else if (recursive)
		copy_dir(from, to, &st);
	else
		complain("%s: is a directory", from);
}

int
main(int argc, char **argv)
{
	struct stat st;
	bool into;
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "rRpa")) != -1) {
		recursive = recursive || c == 'r' || c == 'R' || c == 'a';
		keep = keep || c == 'p' || c == 'a';
		if (c == '?')
			return usage("[-rp] source ... target");
	}
	if (argc - optind < 2)
		return usage("[-rp] source ... target");
	into = stat(argv[argc - 1], &st) == 0 && S_ISDIR(st.st_mode);
	if (argc - optind > 2 && !into) {
		complain("%s: not a directory", argv[argc - 1]);
		return 1;
	}
	for (int i = optind; i < argc - 1; i++) {
		char *to = into ? path_join(argv[argc - 1],
		    path_last(argv[i])) : strdup(argv[argc - 1]);

		if (to != NULL)
			copy_any(argv[i], to);
		free(to);
	}
	return tool_status;
}

/* ls [file ...]: name, type, number, size; a directory's entries. */
#include "user.h"

static char path[512];

static void
show(const char *name, const struct xv6_stat *st)
{
	size_t n = strlen(name);

	printf("%s", name);
	for (; n < XV6_NAME_LEN; n++)
		printf(" ");
	printf(" %d %u %lu\n", st->type, st->ino, (unsigned long)st->size);
}

static int
show_dir(int fd, const char *dir)
{
	struct xv6_dirent de;
	size_t n = strlen(dir);
	struct xv6_stat st;
	int got, status = 0;

	if (n + 1 + XV6_NAME_LEN + 1 > sizeof(path)) {
		fprintf(2, "ls: path too long\n");
		return 1;
	}
	strcpy(path, dir);
	path[n++] = '/';
	while ((got = read(fd, &de, sizeof(de))) == sizeof(de)) {
		if (de.inum == 0)
			continue;
		memcpy(path + n, de.name, XV6_NAME_LEN);
		path[n + XV6_NAME_LEN] = '\0';
		if (stat(path, &st) < 0) {
			fprintf(2, "ls: cannot stat %s\n", path);
			status = 1;
			continue;
		}
		show(path + n, &st);
	}
	return got < 0 ? 1 : status;
}

static int
list(const char *name)
{
	int fd = open(name, XV6_O_RDONLY), status = 0;
	struct xv6_stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		fprintf(2, "ls: cannot open %s\n", name);
		if (fd >= 0)
			close(fd);
		return 1;
	}
	if (st.type == XV6_T_DIR)
		status = show_dir(fd, name);
	else
		show(name, &st);
	close(fd);
	return status;
}

int
main(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		return list(".");
	for (int i = 1; i < argc; i++)
		status |= list(argv[i]);
	return status;
}

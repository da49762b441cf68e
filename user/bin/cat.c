/* cat [-nbs] [file ...]: copies files, or its input, to its output. */
#include "tool.h"

static char buf[65536];
static bool number_all, number_full, squeeze;

static void
copy(int fd, const char *path)
{
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			complain_file(path);
			return;
		}
		if (!write_all(1, buf, (size_t)n)) {
			complain("write error");
			exit(1);
		}
	}
}

/* Lines go on from file to file, and so do their numbers. */
static void
copy_lines(FILE *f, const char *path)
{
	static bool in_line;
	static unsigned long number;
	static unsigned empty;
	int c;

	(void)path;
	while ((c = getc_unlocked(f)) != EOF) {
		if (!in_line) {
			empty = c == '\n' ? empty + 1 : 0;
			if (squeeze && empty > 1)
				continue;
			if (number_full ? c != '\n' : number_all)
				printf("%6lu\t", ++number);
		}
		putchar_unlocked(c);
		in_line = c != '\n';
	}
}

static void
copy_file(const char *path)
{
	bool is_input = strcmp(path, "-") == 0;
	int fd = is_input ? 0 : open(path, O_RDONLY);

	if (fd < 0) {
		complain_file(path);
		return;
	}
	copy(fd, path);
	if (!is_input)
		close(fd);
}

int
main(int argc, char **argv)
{
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "nbsu")) != -1) {
		if (c == '?')
			return usage("[-nbs] [file ...]");
		number_all |= c == 'n';
		number_full |= c == 'b';
		squeeze |= c == 's';
	}
	if (number_all || number_full || squeeze) {
		each_file(argv + optind, copy_lines);
		return finish();
	}
	if (optind == argc)
		copy_file("-");
	for (int i = optind; i < argc; i++)
		copy_file(argv[i]);
	return tool_status;
}

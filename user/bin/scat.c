/* scat [file ...]: copies files, or its input, to its output. */
#include "tool.h"

static char buf[65536];

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

int
main(int argc, char **argv)
{
	tool_start(argv);
	if (argc == 1)
		copy(0, "input");
	for (int i = 1; i < argc; i++) {
		bool is_input = strcmp(argv[i], "-") == 0;
		int fd = is_input ? 0 : open(argv[i], O_RDONLY);

		if (fd < 0) {
			complain_file(argv[i]);
			continue;
		}
		copy(fd, argv[i]);
		if (!is_input)
			close(fd);
	}
	return tool_status;
}

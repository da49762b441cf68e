/* tee [-a] [file ...]: copies its input to its output and to files. */
#include "tool.h"

int
main(int argc, char **argv)
{
	static char buf[16384];
	int flags = O_WRONLY | O_CREAT, fds[64], n = 1, c;
	ssize_t got;

	tool_start(argv);
	flags |= O_TRUNC;
	while ((c = getopt(argc, argv, "a")) != -1) {
		if (c != 'a')
			return usage("[-a] [file ...]");
		flags = (flags & ~O_TRUNC) | O_APPEND;
	}
	fds[0] = 1;
	for (int i = optind; i < argc && n < 64; i++) {
		fds[n] = open(argv[i], flags, 0666);
		if (fds[n] < 0)
			complain_file(argv[i]);
		else
			n++;
	}
	while ((got = read(0, buf, sizeof(buf))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		for (int i = 0; i < n; i++)
			if (!write_all(fds[i], buf, (size_t)got))
				complain("write error");
	}
	return tool_status;
}

/* cat [file ...]: copies files, or its input, to its output. */
#include "user.h"

static char buf[4096];

static int
copy(int fd, const char *name)
{
	int n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (write(1, buf, n) != n) {
			fprintf(2, "cat: write error\n");
			return 1;
		}
	}
	if (n < 0)
		fprintf(2, "cat: cannot read %s\n", name);
	return n < 0;
}

int
main(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		return copy(0, "input");
	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], XV6_O_RDONLY);

		if (fd < 0) {
			fprintf(2, "cat: cannot open %s\n", argv[i]);
			status = 1;
			continue;
		}
		status |= copy(fd, argv[i]);
		close(fd);
	}
	return status;
}

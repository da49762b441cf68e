/* touch [-c] file ...: sets the times to now, makes what is not there. */
#include "tool.h"

#include <sys/stat.h>

int
main(int argc, char **argv)
{
	bool create = true;
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "c")) != -1) {
		if (c != 'c')
			return usage("[-c] file ...");
		create = false;
	}
	if (optind == argc)
		return usage("[-c] file ...");
	for (int i = optind; i < argc; i++) {
		int fd;

		if (utimensat(AT_FDCWD, argv[i], NULL, 0) == 0)
			continue;
		if (errno == ENOENT && !create)
			continue;
		fd = errno != ENOENT ? -1 :
		    open(argv[i], O_WRONLY | O_CREAT, 0666);
		if (fd < 0)
			complain_file(argv[i]);
		else
			close(fd);
	}
	return tool_status;
}

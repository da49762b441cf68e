/* umount [-l] target ... */
#include "tool.h"

#include <native/fs.h>

int
main(int argc, char **argv)
{
	uint32_t flags = 0;
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "l")) != -1) {
		if (c != 'l')
			return usage("[-l] target ...");
		flags |= CM_UNMOUNT_DETACH;
	}
	if (optind == argc)
		return usage("[-l] target ...");
	for (int i = optind; i < argc; i++) {
		long e = cm_fs_unmount(argv[i], flags);

		if (e < 0)
			complain("%s: %s", argv[i], cm_error_text(e));
	}
	return tool_status;
}

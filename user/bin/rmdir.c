/* rmdir directory ... */
#include "tool.h"

int
main(int argc, char **argv)
{
	tool_start(argv);
	if (argc < 2)
		return usage("directory ...");
	for (int i = 1; i < argc; i++)
		if (rmdir(argv[i]) != 0)
			complain_file(argv[i]);
	return tool_status;
}

// uses: tests/host/play.c
/*
 * The in-kernel tests of tests/kernel, on the host port.
 */
#include "play.h"

int
main(int argc, char **argv)
{
	static char line[128] = "quiet ktest=all";
	struct host_machine m = {
		.ram_bytes = MIB(64),
		.cpus = 2,
		.cmdline = line,
	};

	if (argc > 1)
		__builtin_snprintf(
		    line, sizeof(line), "quiet ktest=%s", argv[1]);
	host_boot(&m);
}

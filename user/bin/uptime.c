/* uptime: how long the system is up, and its load. */
#include "tool.h"

#include <native/system.h>

int
main(int argc, char **argv)
{
	struct cm_memory_info info = { 0 };
	unsigned long s;
	long e;

	(void)argc;
	tool_start(argv);
	e = cm_system_info(CM_INFO_MEMORY, &info, sizeof(info));
	if (e < 0) {
		complain("%s", cm_error_text(e));
		return 1;
	}
	s = (unsigned long)(info.uptime_ns / 1000000000);
	printf("up ");
	if (s >= 86400)
		printf("%lu days, ", s / 86400);
	printf("%02lu:%02lu:%02lu, %llu tasks, load:", s / 3600 % 24,
	    s / 60 % 60, s % 60, (unsigned long long)info.tasks);
	for (int i = 0; i < 3; i++)
		printf(" %llu.%02llu", (unsigned long long)info.load[i] >> 16,
		    ((unsigned long long)info.load[i] & 0xffff) * 100 >> 16);
	putchar('\n');
	return finish();
}

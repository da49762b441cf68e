/* reboot: writes everything back and ends the machine's run. */
#include "tool.h"

#include <native/system.h>

int
main(int argc, char **argv)
{
	long e;

	(void)argc;
	tool_start(argv);
	sync();
	e = cm_system_power(CM_POWER_RESET);
	complain("%s", cm_error_text(e));
	return 1;
}

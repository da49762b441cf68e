/*
 * $(exit-with N): ends make with status N.
 *
 * A failing recipe ends make with 2, whatever its own status was. `make run
 * CMD=...` promises the command's, so the Makefile loads this into make.
 */
#include <gnumake.h>
#include <stdlib.h>

int plugin_is_GPL_compatible;

static char *
exit_with(const char *name, unsigned argc, char **argv)
{
	(void)name;
	(void)argc;
	exit(atoi(argv[0]));
}

int
make_exit_gmk_setup(void)
{
	gmk_add_function("exit-with", exit_with, 1, 1, GMK_FUNC_DEFAULT);
	return 1;
}

/* zombie: leaves a child for init to wait for. */
#include "user.h"

int
main(void)
{
	if (fork() > 0)
		sleep(5); /* the child ends first */
	return 0;
}

/* sync: writes everything back. */
#include <unistd.h>

int
main(void)
{
	sync();
	return 0;
}

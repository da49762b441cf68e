/* sync: writes everything back. */
#include <unistd.h>

int
main(int, char **)
{
	sync();
	return 0;
}

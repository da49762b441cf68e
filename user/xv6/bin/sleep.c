/* sleep ticks: a tick is a tenth of a second. */
#include "user.h"

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(2, "usage: sleep ticks\n");
		return 1;
	}
	return sleep(atoi(argv[1])) < 0;
}

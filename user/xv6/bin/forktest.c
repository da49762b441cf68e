/* forktest: forks until it is refused, then every child can be waited for
 * and forking works again. */
#include "user.h"

enum { MOST = 1000 };

static int
fail(const char *what)
{
	printf("forktest: %s\n", what);
	return 1;
}

int
main(void)
{
	int n = 0, pid;

	while (n < MOST && (pid = fork()) >= 0) {
		if (pid == 0)
			exit(n & 127);
		n++;
	}
	if (n == 0 || n == MOST)
		return fail("the table is never full");
	for (int i = 0; i < n; i++)
		if (wait(0) < 0)
			return fail("a child was lost");
	if (wait(0) != -1)
		return fail("one child too many");
	pid = fork();
	if (pid == 0)
		exit(7);
	if (pid < 0 || wait(&n) != pid || n != 7)
		return fail("no fork after the flood");
	printf("forktest: OK\n");
	return 0;
}

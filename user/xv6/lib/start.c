/* Where a program begins; argc and argv are in the argument registers. */
#include "user.h"

int main(int argc, char **argv);
void start(int argc, char **argv) __attribute__((noreturn));

void
start(int argc, char **argv)
{
	exit(main(argc, argv));
}

char *
sbrk(int n)
{
	return sys_sbrk(n, 1);
}

int
stat(const char *path, struct xv6_stat *st)
{
	int fd = open(path, XV6_O_RDONLY), r;

	if (fd < 0)
		return -1;
	r = fstat(fd, st);
	close(fd);
	return r;
}

char *
gets(char *buf, int size)
{
	int i = 0;
	char c;

	while (i + 1 < size && read(0, &c, 1) == 1) {
		buf[i++] = c;
		if (c == '\n' || c == '\r')
			break;
	}
	buf[i] = '\0';
	return buf;
}

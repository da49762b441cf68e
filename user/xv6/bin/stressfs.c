/* stressfs [processes]: several processes write and read files at once. */
#include "user.h"

enum { ROUNDS = 20, SIZE = 512 };

static int
check(const char *path, char mark)
{
	char data[SIZE];
	int fd = open(path, XV6_O_RDONLY), n = 0, got;

	if (fd < 0)
		return 1;
	while ((got = read(fd, data, sizeof(data))) > 0) {
		for (int i = 0; i < got; i++)
			if (data[i] != mark)
				n = -1;
		if (n < 0)
			break;
		n += got;
	}
	close(fd);
	return n != ROUNDS * SIZE;
}

static int
work(int id)
{
	char path[] = "stressfs0", data[SIZE];
	char mark = (char)('a' + id);
	int fd;

	path[8] = (char)('0' + id);
	memset(data, mark, sizeof(data));
	fd = open(path, XV6_O_CREATE | XV6_O_RDWR | XV6_O_TRUNC);
	if (fd < 0)
		return 1;
	for (int i = 0; i < ROUNDS; i++)
		if (write(fd, data, sizeof(data)) != (int)sizeof(data))
			return 1;
	close(fd);
	fd = check(path, mark);
	return unlink(path) < 0 ? 1 : fd;
}

int
main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 5, status, bad = 0;

	if (n < 1 || n > 10)
		n = 10;
	for (int i = 0; i < n; i++)
		if (fork() == 0)
			exit(work(i));
	for (int i = 0; i < n; i++)
		if (wait(&status) < 0 || status != 0)
			bad++;
	printf("stressfs: %s\n", bad == 0 ? "OK" : "FAILED");
	return bad != 0;
}

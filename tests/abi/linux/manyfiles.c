/* Directories with many entries, read in pieces, changed meanwhile. */
#include "check.h"

#include <dirent.h>
#include <sys/syscall.h>

#define N 1000

static unsigned char seen[N];

static int
list(int fd, size_t size, int *dots, bool removes)
{
	char buf[4096];
	int total = 0;
	long n;

	*dots = 0;
	memset(seen, 0, sizeof(seen));
	while ((n = syscall(SYS_getdents64, fd, buf, size)) > 0) {
		for (long at = 0; at < n;) {
			struct dirent64 *d = (struct dirent64 *)(buf + at);
			int k;

			if (d->d_name[0] == '.')
				++*dots;
			else if (sscanf(d->d_name, "file%d", &k) == 1) {
				total++;
				if (k >= 0 && k < N)
					seen[k]++;
				if (removes && d->d_type == DT_REG)
					unlinkat(fd, d->d_name, 0);
			}
			at += d->d_reclen;
		}
	}
	if (n < 0)
		printf("getdents64: %s\n", strerrorname_np(errno));
	return total;
}

static bool
once_each(void)
{
	for (int i = 0; i < N; i++)
		if (seen[i] != 1)
			return false;
	return true;
}

int
main(void)
{
	char name[32];
	int fd, dots;
	off_t mark;
	DIR *d;

	enter();
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		put(name, "");
	}
	OKAY(fd = open(".", O_RDONLY | O_DIRECTORY));
	SHOW(list(fd, 4096, &dots, false));
	SHOW(dots);
	IS(once_each());
	SHOW(list(fd, 4096, &dots, false));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(list(fd, 100, &dots, false));
	IS(once_each());
	lseek(fd, 0, SEEK_SET);
	SHOW(syscall(SYS_getdents64, fd, name, 8));
	SHOW(syscall(SYS_getdents64, fd, nowhere, 1000));
	SHOW(syscall(SYS_getdents64, 0x7fff, name, 8));

	d = opendir(".");
	for (int i = 0; i < 10; i++)
		readdir(d);
	mark = telldir(d);
	strcpy(name, readdir(d)->d_name);
	for (int i = 0; i < 50; i++)
		readdir(d);
	seekdir(d, mark);
	IS(strcmp(readdir(d)->d_name, name) == 0);
	rewinddir(d);
	IS(readdir(d) != NULL);
	closedir(d);

	lseek(fd, 0, SEEK_SET);
	SHOW(list(fd, 500, &dots, true));
	IS(once_each());
	lseek(fd, 0, SEEK_SET);
	SHOW(list(fd, 4096, &dots, false));
	SHOW(dots);
	close(fd);
	leave();
	return 0;
}

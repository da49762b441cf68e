/* Opening, reading, writing, seeking, truncating. */
#include "check.h"

/* Devices without places: their offset stays where it is. */
static void
device(const char *name)
{
	char buf[64] = "", path[40];
	int fd, info;

	OKAY(fd = open(name, O_RDWR));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	SHOW(read(fd, buf, 10) >= 0);
	SHOW(write(fd, buf, 3));
	SHOW(lseek(fd, 0, SEEK_CUR));
	OKAY(info = open(path, O_RDONLY));
	SHOW(pread(info, buf, 6, 0));
	printf("%s %.6s\n", name, buf);
	close(info);
	close(fd);
}

/* What cp asks of a file before it copies. */
static void
holes(void)
{
	int fd = open("holes", O_RDWR | O_CREAT, 0600);

	ftruncate(fd, 1 << 20);
	SHOW(lseek(fd, 0, SEEK_DATA));
	SHOW(lseek(fd, 0, SEEK_HOLE));
	SHOW(lseek(fd, 1 << 20, SEEK_HOLE));
	SHOW(lseek(fd, -1, SEEK_DATA));
	SHOW(pwrite(fd, "x", 1, 1 << 19));
	SHOW(lseek(fd, 100, SEEK_DATA));
	SHOW(lseek(fd, 1 << 19, SEEK_HOLE) < 1 << 20);
	SHOW(lseek(fd, (1 << 20) - 1, SEEK_DATA));
	SHOW(lseek(fd, (1 << 20) - 1, SEEK_HOLE));
	close(fd);
	unlink("holes");
}

int
main(void)
{
	char buf[64] = "";
	int fd, fd2;

	enter();
	holes();
	SHOW(open("none", O_RDONLY));
	OKAY(fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0600));
	SHOW(open("a", O_RDWR | O_CREAT | O_EXCL, 0600));
	SHOW(write(fd, "hello world", 11));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(lseek(fd, -5, SEEK_END));
	SHOW(read(fd, buf, sizeof(buf)));
	printf("%s\n", buf);
	SHOW(lseek(fd, -1, SEEK_SET));
	SHOW(lseek(fd, 0, 99));
	SHOW(pread(fd, buf, 5, 0));
	SHOW(pwrite(fd, "HELLO", 5, 0));
	SHOW(pread(fd, buf, 64, 100));
	SHOW(pread(fd, buf, 1, -1));
	cat("a");
	SHOW(ftruncate(fd, 5));
	cat("a");
	SHOW(ftruncate(fd, -1));
	SHOW(lseek(fd, 100, SEEK_SET));
	SHOW(write(fd, "x", 1));
	SHOW(lseek(fd, 0, SEEK_END));
	memset(buf, 'z', sizeof(buf));
	SHOW(pread(fd, buf, 10, 3));
	IS(buf[0] == 'L' && buf[1] == 'O' && buf[2] == 0 && buf[9] == 0);
	SHOW(truncate("a", 3));
	cat("a");
	SHOW(truncate("none", 3));
	SHOW(truncate(".", 3));

	OKAY(fd2 = open("a", O_WRONLY | O_APPEND));
	SHOW(lseek(fd2, 0, SEEK_SET));
	SHOW(write(fd2, "+++", 3));
	SHOW(lseek(fd2, 0, SEEK_CUR));
	SHOW(read(fd2, buf, 1));
	cat("a");
	close(fd2);
	OKAY(fd2 = open("a", O_RDONLY));
	SHOW(write(fd2, "x", 1));
	SHOW(ftruncate(fd2, 0));
	SHOW(read(fd2, nowhere, 10));
	SHOW(read(fd2, buf, 0));
	close(fd2);
	OKAY(fd2 = open("a", O_RDWR | O_TRUNC));
	cat("a");
	close(fd2);
	SHOW(close(fd2));
	SHOW(read(fd2, buf, 1));
	SHOW(write(999, buf, 1));
	SHOW(open(".", O_WRONLY));
	SHOW(open("a/b", O_RDONLY));
	SHOW(open("a/", O_RDONLY));
	SHOW(open("a", O_RDONLY | O_DIRECTORY));
	SHOW(open("", O_RDONLY));
	OKAY(fd2 = open(".", O_RDONLY | O_DIRECTORY));
	SHOW(read(fd2, buf, 1));
	close(fd2);

	/* What O_PATH allows. */
	OKAY(fd2 = open("a", O_PATH));
	SHOW(read(fd2, buf, 1));
	SHOW(fchmod(fd2, 0600));
	SHOW((fcntl(fd2, F_GETFL) & O_PATH) != 0);
	close(fd2);
	OKAY(fd2 = open(".", O_RDWR | O_TMPFILE, 0600));
	SHOW(write(fd2, "hidden", 6));
	SHOW(pread(fd2, buf, 6, 0));
	close(fd2);
	close(fd);
	SHOW(unlink("a"));
	device("/dev/null");
	device("/dev/zero");
	device("/dev/full");
	leave();
	return 0;
}

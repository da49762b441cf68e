/* Advisory locks: by process, by description, whole files. */
#include "check.h"

#include <sys/file.h>

static int
lk(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock l = { .l_type = (short)type, .l_start = start,
		.l_len = len };

	return fcntl(fd, cmd, &l);
}

static void
who(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock l = { .l_type = (short)type, .l_start = start,
		.l_len = len };

	if (fcntl(fd, cmd, &l) != 0)
		printf("getlk: %s\n", strerrorname_np(errno));
	else if (l.l_type == F_UNLCK)
		printf("getlk: free\n");
	else
		printf("getlk: %s from %ld of %ld by %s\n",
		    l.l_type == F_WRLCK ? "write" : "read", (long)l.l_start,
		    (long)l.l_len, l.l_pid == getppid() ? "parent" :
		    l.l_pid == -1 ? "a description" : "somebody");
}

int
main(void)
{
	int fd, fd2, status, p[2];
	char c;

	enter();
	OKAY(fd = open("f", O_CREAT | O_RDWR, 0600));
	write(fd, "0123456789", 10);
	SHOW(lk(fd, F_SETLK, F_WRLCK, 0, 5));
	SHOW(lk(fd, F_SETLK, F_WRLCK, 3, 5));
	SHOW(lk(fd, F_SETLK, F_RDLCK, 2, 2));
	if (fork() == 0) {
		who(fd, F_GETLK, F_WRLCK, 0, 1);
		who(fd, F_GETLK, F_RDLCK, 2, 1);
		who(fd, F_GETLK, F_WRLCK, 2, 1);
		who(fd, F_GETLK, F_WRLCK, 8, 0);
		SHOW(lk(fd, F_SETLK, F_WRLCK, 4, 1));
		SHOW(lk(fd, F_SETLK, F_RDLCK, 2, 2));
		SHOW(lk(fd, F_SETLK, F_WRLCK, 8, 0));
		_exit(0);
	}
	wait(NULL);
	SHOW(lk(fd, F_SETLK, F_UNLCK, 0, 0));
	SHOW(lk(fd, F_SETLK, 9, 0, 0));
	SHOW(lk(fd, F_SETLK, F_WRLCK, -1, 0));

	/* Closing any descriptor of the file drops the process's locks. */
	SHOW(lk(fd, F_SETLK, F_WRLCK, 0, 0));
	close(open("f", O_RDONLY));
	if (fork() == 0) {
		who(fd, F_GETLK, F_WRLCK, 0, 0);
		_exit(0);
	}
	wait(NULL);

	/* Waiting for one. */
	pipe(p);
	if (fork() == 0) {
		lk(fd, F_SETLK, F_WRLCK, 0, 0);
		write(p[1], "x", 1);
		nap_ms(60);
		_exit(0);
	}
	read(p[0], &c, 1);
	SHOW(lk(fd, F_SETLK, F_WRLCK, 0, 0));
	SHOW(lk(fd, F_SETLKW, F_WRLCK, 0, 0));
	wait(&status);
	lk(fd, F_SETLK, F_UNLCK, 0, 0);

	/* Of a description: shared by copies, apart from other opens. */
	OKAY(fd2 = open("f", O_RDWR));
	SHOW(lk(fd, F_OFD_SETLK, F_WRLCK, 0, 0));
	SHOW(lk(fd2, F_OFD_SETLK, F_WRLCK, 0, 0));
	who(fd2, F_OFD_GETLK, F_WRLCK, 0, 0);
	if (fork() == 0)
		_exit(lk(fd, F_OFD_SETLK, F_WRLCK, 0, 0) == 0 ? 0 : 1);
	wait(&status);
	fate("same description", status);
	close(fd);
	SHOW(lk(fd2, F_OFD_SETLK, F_WRLCK, 0, 0));
	SHOW(lk(fd2, F_OFD_SETLK, F_UNLCK, 0, 0));

	OKAY(fd = open("f", O_RDONLY));
	SHOW(lk(fd, F_SETLK, F_WRLCK, 0, 0));
	SHOW(flock(fd, LOCK_EX));
	SHOW(flock(fd2, LOCK_SH | LOCK_NB));
	SHOW(flock(fd, LOCK_SH));
	SHOW(flock(fd2, LOCK_SH | LOCK_NB));
	SHOW(flock(fd2, LOCK_EX | LOCK_NB));
	SHOW(flock(fd, LOCK_UN));
	SHOW(flock(fd2, LOCK_EX | LOCK_NB));
	SHOW(flock(fd, 0));
	close(fd);
	close(fd2);
	unlink("f");
	leave();
	return 0;
}

/* Pipes and FIFOs: ends, sizes, blocking, signals. */
#include "check.h"

#include <sys/ioctl.h>

static volatile int pipe_signals;

static void
on_pipe(int n)
{
	(void)n;
	pipe_signals++;
}

int
main(void)
{
	static char big[200000];
	int p[2], n = 0, status;
	char buf[64] = "";
	ssize_t got;
	long total = 0;

	enter();
	SHOW(pipe(p));
	SHOW(write(p[1], "abc", 3));
	SHOW(ioctl(p[0], FIONREAD, &n));
	printf("%d waiting\n", n);
	SHOW(read(p[0], buf, 2));
	SHOW(read(p[0], buf, 64));
	SHOW(lseek(p[0], 0, SEEK_SET));
	SHOW(read(p[1], buf, 1));
	SHOW(write(p[0], buf, 1));
	SHOW(pread(p[0], buf, 1, 0));
	SHOW(fcntl(p[0], F_SETFL, O_NONBLOCK));
	SHOW(read(p[0], buf, 1));
	SHOW(fcntl(p[1], F_SETFL, O_NONBLOCK));
	SHOW(write(p[1], big, sizeof(big)));
	SHOW(write(p[1], big, 1));
	SHOW(fcntl(p[0], F_GETPIPE_SZ));
	while ((got = read(p[0], big, sizeof(big))) > 0)
		total += got;
	printf("%ld read, then %s\n", total, strerrorname_np(errno));
	SHOW(fcntl(p[0], F_SETPIPE_SZ, 8192));
	SHOW(fcntl(p[0], F_GETPIPE_SZ));
	SHOW(close(p[1]));
	SHOW(read(p[0], buf, 1));
	SHOW(close(p[0]));

	signal(SIGPIPE, on_pipe);
	SHOW(pipe(p));
	close(p[0]);
	SHOW(write(p[1], "x", 1));
	SHOW(pipe_signals);
	signal(SIGPIPE, SIG_IGN);
	SHOW(write(p[1], "x", 1));
	close(p[1]);

	/* A writer that fills it, and a reader that drains. */
	SHOW(pipe(p));
	if (fork() == 0) {
		close(p[0]);
		memset(big, 'q', sizeof(big));
		_exit(write(p[1], big, sizeof(big)) == sizeof(big) ? 0 : 1);
	}
	close(p[1]);
	total = 0;
	while ((got = read(p[0], big, 777)) > 0)
		total += got;
	printf("%ld through\n", total);
	wait(&status);
	fate("writer", status);
	close(p[0]);

	SHOW(mkfifo("f", 0600));
	SHOW(mkfifo("f", 0600));
	SHOW(open("f", O_WRONLY | O_NONBLOCK));
	OKAY(n = open("f", O_RDONLY | O_NONBLOCK));
	SHOW(read(n, buf, 1));
	close(n);
	if (fork() == 0) {
		int w = open("f", O_WRONLY);

		_exit(write(w, "fifo", 4) == 4 ? 7 : 1);
	}
	OKAY(n = open("f", O_RDONLY));
	SHOW(read(n, buf, 64));
	SHOW(read(n, buf, 64));
	close(n);
	wait(&status);
	fate("writer", status);
	SHOW(pipe2(p, 0x80000000));
	SHOW(pipe(nowhere));
	SHOW(unlink("f"));
	leave();
	return 0;
}

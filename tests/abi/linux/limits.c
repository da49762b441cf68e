/* Limits, and descriptors at their edge. */
#include "check.h"

#include <sys/resource.h>
#include <sys/syscall.h>

int
main(void)
{
	struct rlimit r, old;
	struct rusage ru;
	int fd, n = 0, status;

	enter();
	SHOW(getrlimit(RLIMIT_NOFILE, &old));
	r.rlim_cur = 20;
	r.rlim_max = old.rlim_max;
	SHOW(setrlimit(RLIMIT_NOFILE, &r));
	while ((fd = dup(0)) >= 0)
		n++;
	printf("%s\n", strerrorname_np(errno));
	IS(n > 10 && n < 20);
	SHOW(open("f", O_CREAT | O_WRONLY, 0600));
	SHOW(access("f", F_OK));
	SHOW(fcntl(0, F_DUPFD, 20));
	SHOW(fcntl(0, F_DUPFD, 19) == -1 ? -1 : 0);
	SHOW(dup2(0, 20));
	SHOW(dup2(0, 19));
	SHOW(dup2(0, -1));
	SHOW(dup2(99, 5));
	SHOW(dup3(0, 0, 0));
	SHOW(syscall(SYS_close_range, 3, ~0u, 0));
	SHOW(fcntl(3, F_GETFD));
	SHOW(fcntl(0, F_DUPFD, 7));
	SHOW(fcntl(0, F_DUPFD_CLOEXEC, 7));
	SHOW(fcntl(8, F_GETFD));
	SHOW(fcntl(7, F_SETFD, FD_CLOEXEC));
	SHOW(fcntl(7, F_GETFD));
	SHOW(syscall(SYS_close_range, 7, 7, 0));
	SHOW(fcntl(7, F_GETFD));
	SHOW(syscall(SYS_close_range, 9, 7, 0));
	SHOW(syscall(SYS_close_range, 3, 7, 0x10));
	SHOW(setrlimit(RLIMIT_NOFILE, &old));
	r.rlim_cur = 30;
	r.rlim_max = 20;
	SHOW(setrlimit(RLIMIT_NOFILE, &r));
	SHOW(getrlimit(99, &r));

	/* A file that grows beyond its limit. */
	if (fork() == 0) {
		r.rlim_cur = r.rlim_max = 10;
		SHOW(setrlimit(RLIMIT_FSIZE, &r));
		signal(SIGXFSZ, SIG_IGN);
		OKAY(fd = open("g", O_CREAT | O_RDWR, 0600));
		SHOW(write(fd, "0123456789abc", 13));
		SHOW(write(fd, "x", 1));
		SHOW(ftruncate(fd, 11));
		SHOW(ftruncate(fd, 4));
		signal(SIGXFSZ, SIG_DFL);
		lseek(fd, 10, SEEK_SET);
		write(fd, "y", 1);
		_exit(0);
	}
	wait(&status);
	fate("writer", status & ~0x80);
	SHOW(getrusage(RUSAGE_SELF, &ru));
	SHOW(getrusage(RUSAGE_CHILDREN, &ru));
	SHOW(getrusage(77, &ru));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(setpriority(PRIO_PROCESS, 0, 5));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(getpriority(PRIO_PROCESS, 1234567));
	SHOW(getpriority(9, 0));
	unlink("g");
	unlink("f");
	leave();
	return 0;
}

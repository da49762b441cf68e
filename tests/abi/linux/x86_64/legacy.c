/* Calls that only x86_64 has, by number, past the C library. */
#include "../check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <utime.h>

static void
files(void)
{
	struct stat st;
	char buf[8] = "";
	int p[2];

	SHOW(syscall(SYS_mkdir, "d", 0755));
	SHOW(syscall(SYS_creat, "f", 0600) > 2);
	SHOW(syscall(SYS_open, "f", O_RDWR) > 2);
	SHOW(syscall(SYS_open, "none", O_RDONLY));
	SHOW(syscall(SYS_access, "f", R_OK | W_OK));
	SHOW(syscall(SYS_access, "none", F_OK));
	SHOW(syscall(SYS_chmod, "f", 0640));
	SHOW(syscall(SYS_stat, "f", &st));
	SHOW(st.st_mode);
	SHOW(st.st_nlink);
	SHOW(syscall(SYS_link, "f", "g"));
	SHOW(syscall(SYS_stat, "g", &st));
	SHOW(st.st_nlink);
	SHOW(syscall(SYS_symlink, "f", "s"));
	SHOW(syscall(SYS_readlink, "s", buf, sizeof(buf)));
	SHOW(syscall(SYS_lstat, "s", &st));
	IS(S_ISLNK(st.st_mode));
	SHOW(syscall(SYS_lchown, "s", getuid(), getgid()));
	SHOW(syscall(SYS_chown, "s", getuid(), getgid()));
	SHOW(syscall(SYS_rename, "g", "h"));
	SHOW(syscall(SYS_mknod, "fifo", S_IFIFO | 0600, 0));
	SHOW(syscall(SYS_unlink, "fifo"));
	SHOW(syscall(SYS_rmdir, "f"));
	SHOW(syscall(SYS_pipe, p));
	SHOW(syscall(SYS_dup2, p[0], 99));
	SHOW(syscall(SYS_dup2, p[0], p[0]) == p[0]);
	SHOW(syscall(SYS_dup2, 77, 77));
	close(99);
	close(p[0]);
	close(p[1]);
	for (int fd = 3; fd < 20; fd++)
		close(fd);
}

static void
times_of_files(void)
{
	struct utimbuf ub = { 1000, 2000 };
	struct timeval tv[2] = { { 3000, 5 }, { 4000, 6 } };
	struct stat st;

	SHOW(syscall(SYS_utime, "f", &ub));
	stat("f", &st);
	SHOW(st.st_atime);
	SHOW(st.st_mtime);
	SHOW(syscall(SYS_utimes, "f", tv));
	stat("f", &st);
	SHOW(st.st_mtim.tv_sec);
	SHOW(st.st_mtim.tv_nsec);
	SHOW(syscall(SYS_futimesat, AT_FDCWD, "f", NULL));
	stat("f", &st);
	IS(st.st_mtime > 1000000000);
	tv[0].tv_usec = 1000000;
	SHOW(syscall(SYS_utimes, "f", tv));
}

/* struct linux_dirent: the type lies behind the name. */
static void
old_dents(void)
{
	static char buf[4096];
	int fd = open(".", O_RDONLY | O_DIRECTORY);
	long n = syscall(SYS_getdents, fd, buf, sizeof(buf));
	unsigned seen = 0;

	for (long at = 0; at < n;) {
		unsigned short len = *(unsigned short *)(buf + at + 16);
		const char *name = buf + at + 18;
		char type = buf[at + len - 1];

		seen += strcmp(name, "d") == 0 && type == 4;
		seen += strcmp(name, "f") == 0 && type == 8;
		seen += strcmp(name, "s") == 0 && type == 10;
		at += len;
	}
	SHOW(seen);
	SHOW(syscall(SYS_getdents, fd, buf, 8));
	close(fd);
}

static void
waits(void)
{
	struct epoll_event ev[2] = {
		{ .events = EPOLLIN, .data.u64 = 0x1122334455667788 },
	};
	struct pollfd pf;
	struct timeval tv = { 5, 0 };
	fd_set set;
	int p[2], ep;

	pipe(p);
	write(p[1], "x", 1);
	pf = (struct pollfd){ .fd = p[0], .events = POLLIN };
	SHOW(syscall(SYS_poll, &pf, 1, 1000));
	SHOW(pf.revents);
	SHOW(syscall(SYS_poll, NULL, 0, 1));
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	SHOW(syscall(SYS_select, p[0] + 1, &set, NULL, NULL, &tv));
	IS(tv.tv_sec >= 4);
	tv = (struct timeval){ 0, 1000 };
	SHOW(syscall(SYS_select, 0, NULL, NULL, NULL, &tv));
	SHOW(tv.tv_usec);
	SHOW(syscall(SYS_select, -1, NULL, NULL, NULL, NULL));
	SHOW(syscall(SYS_epoll_create, 0));
	ep = (int)syscall(SYS_epoll_create, 1);
	SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev[0]));
	ev[0] = ev[1] = (struct epoll_event){ 0 };
	SHOW(syscall(SYS_epoll_wait, ep, ev, 2, 1000));
	IS(ev[0].data.u64 == 0x1122334455667788);
	SHOW(syscall(SYS_eventfd, 3) > 2);
	SHOW(syscall(SYS_inotify_init) > 2);
	for (int fd = 3; fd < 20; fd++)
		close(fd);
}

static void
ring(int n)
{
	(void)n;
}

static void
processes(void)
{
	time_t t = 0;
	int status;
	long pid;

	signal(SIGALRM, ring);
	SHOW(syscall(SYS_alarm, 100));
	SHOW(syscall(SYS_alarm, 1));
	SHOW(syscall(SYS_pause));
	SHOW(syscall(SYS_alarm, 0));
	IS(syscall(SYS_time, &t) - t == 0 && t > 1000000000);
	SHOW(syscall(SYS_getpgrp) == getpgid(0));
	pid = syscall(SYS_fork);
	if (pid == 0)
		_exit(11);
	waitpid((pid_t)pid, &status, 0);
	fate("fork", status);
}

int
main(void)
{
	enter();
	files();
	times_of_files();
	old_dents();
	waits();
	processes();
	unlink("f");
	unlink("h");
	unlink("s");
	rmdir("d");
	leave();
	return 0;
}

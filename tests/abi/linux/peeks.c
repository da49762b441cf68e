/* What one process takes of another: memory, files, what a wait tells; owners
 * of a file's signals; credentials and sockets that travel over sockets. */
#include "check.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static int pidfd;

static long
pidfd_of(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

/* ---- memory ------------------------------------------------------------ */

static char theirs[9000] = "what the child has";

static void
memory(void)
{
	static char here[9000];
	struct iovec to[2] = { { here, 4 }, { here + 4, sizeof(here) - 4 } };
	struct iovec from[2] = { { theirs, 5 }, { theirs + 5, 8000 } };
	int go[2], status;
	pid_t pid;

	pipe(go);
	pid = fork();
	if (pid == 0) {
		char c;

		close(go[1]);
		read(go[0], &c, 1);
		_exit(theirs[8000] == 'w' && strcmp(theirs, "new") == 0);
	}
	memset(theirs, 0, sizeof(theirs)); /* here alone */
	SHOW(process_vm_readv(pid, to, 2, from, 2, 0));
	printf("%s\n", here);
	strcpy(here, "new");
	here[8000] = 'w';
	to[0] = (struct iovec){ here, 8001 };
	from[0] = (struct iovec){ theirs, 8001 };
	SHOW(process_vm_writev(pid, to, 1, from, 1, 0));
	SHOW(process_vm_readv(pid, to, 1, from, 1, 1));
	SHOW(process_vm_readv(0x3fffffff, to, 1, from, 1, 0));
	from[1] = (struct iovec){ nowhere, 8 };
	from[0].iov_len = 3;
	SHOW(process_vm_readv(pid, to, 1, from, 2, 0));
	SHOW(process_vm_readv(pid, to, 1, from + 1, 1, 0));
	to[0].iov_base = nowhere;
	SHOW(process_vm_readv(pid, to, 1, from, 1, 0));
	SHOW(process_vm_readv(pid, nowhere, 1, from, 1, 0));
	SHOW(process_vm_readv(pid, to, 1, nowhere, 1, 0));
	close(go[1]);
	SHOW(waitpid(pid, &status, 0) == pid);
	fate("written to", status);
}

/* ---- files and signals by a pidfd -------------------------------------- */

static volatile sig_atomic_t told;

static void
on_told(int number, siginfo_t *info, void *context)
{
	told = info->si_code == -60 && info->si_value.sival_int == 7;
}

static void
by_pidfd(void)
{
	struct sigaction act = { .sa_sigaction = on_told,
		.sa_flags = SA_SIGINFO };
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = -60 };
	int go[2], theirs_fd, status;
	char text[8] = "";
	pid_t pid;

	info.si_value.sival_int = 7;
	pipe(go);
	sigaction(SIGUSR1, &act, NULL);
	pid = fork();
	if (pid == 0) {
		sigset_t set, old;
		int own[2];

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, &old);
		pipe(own);
		dup2(own[0], 100);
		write(own[1], "secret", 6);
		write(go[1], "r", 1);
		sigsuspend(&old);
		_exit(told ? 3 : 4);
	}
	read(go[0], text, 1);
	OKAY(pidfd = (int)pidfd_of(pid));
	OKAY(theirs_fd = (int)syscall(SYS_pidfd_getfd, pidfd, 100, 0));
	SHOW(fcntl(theirs_fd, F_GETFD));
	SHOW(read(theirs_fd, text, 6));
	printf("%s\n", text);
	close(theirs_fd);
	SHOW(syscall(SYS_pidfd_getfd, pidfd, 101, 0));
	SHOW(syscall(SYS_pidfd_getfd, pidfd, 100, 1));
	SHOW(syscall(SYS_pidfd_getfd, go[0], 100, 0));
	SHOW(syscall(SYS_pidfd_send_signal, pidfd, SIGUSR2, &info, 0));
	SHOW(syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, nowhere, 0));
	SHOW(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
	SHOW(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 77));
	info.si_code = SI_USER; /* only the kernel says so of others */
	SHOW(syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, &info, 0));
	info.si_code = -60;
	SHOW(syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, &info, 0));
	SHOW(waitpid(pid, &status, 0) == pid);
	fate("told", status);
	SHOW(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
	SHOW(syscall(SYS_pidfd_getfd, pidfd, 0, 0));
	close(pidfd);
	close(go[0]);
	close(go[1]);
}

/* ---- by /proc ---------------------------------------------------------- */

static void
link_of(const char *name)
{
	char text[256] = "";
	ssize_t n = readlink(name, text, sizeof(text) - 1);

	printf("%s: %s\n", name, n < 0 ? strerrorname_np(errno) : text);
}

static void
by_proc(void)
{
	char name[64];
	pid_t pid;

	chdir("/dev");
	link_of("/proc/self/cwd");
	link_of("/proc/self/root");
	link_of("/proc/self/task/1/cwd");
	SHOW(put("/proc/self/comm", "a new name that is long"));
	cat("/proc/self/comm");
	SHOW(prctl(PR_GET_NAME, name));
	printf("%s\n", name);
	pid = fork();
	if (pid == 0) {
		chdir("/");
		for (;;)
			pause();
	}
	snprintf(name, sizeof(name), "/proc/%d/comm", pid);
	SHOW(put(name, "not ours"));
	kill(pid, SIGKILL);
	wait(NULL);
	chdir("/");
}

/* ---- waits ------------------------------------------------------------- */

static void
tell_wait(pid_t pid, int options)
{
	siginfo_t info = { 0 };

	SHOW(waitid(P_PID, (id_t)pid, &info, options));
	IS(info.si_pid == pid);
	SHOW(info.si_code);
	SHOW(info.si_status);
}

static void
stops(void)
{
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	tell_wait(pid, WSTOPPED | WNOWAIT);
	tell_wait(pid, WSTOPPED);
	tell_wait(pid, WSTOPPED | WNOHANG);
	kill(pid, SIGCONT);
	tell_wait(pid, WCONTINUED);
	kill(pid, SIGKILL);
	tell_wait(pid, WEXITED | WNOWAIT);
	tell_wait(pid, WEXITED);
	SHOW(waitid(P_PID, (id_t)pid, &info, WEXITED));
	SHOW(waitid(P_ALL, 0, &info, 0));
	SHOW(waitid(P_ALL, 0, &info, 0x40));
	SHOW(waitid(9, 0, &info, WEXITED));
}

/* ---- owners ------------------------------------------------------------ */

static void
owners(void)
{
	struct f_owner_ex o = { F_OWNER_PID, getpid() };
	int s[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	SHOW(fcntl(s[0], F_GETOWN));
	SHOW(fcntl(s[0], F_SETOWN_EX, &o));
	IS(fcntl(s[0], F_GETOWN) == getpid());
	o = (struct f_owner_ex){ 0, 0 };
	SHOW(fcntl(s[0], F_GETOWN_EX, &o));
	IS(o.type == F_OWNER_PID && o.pid == getpid());
	o.type = 77;
	SHOW(fcntl(s[0], F_SETOWN_EX, &o));
	SHOW(fcntl(s[0], F_SETOWN_EX, nowhere));
	SHOW(fcntl(s[0], F_GETOWN_EX, nowhere));
	o = (struct f_owner_ex){ F_OWNER_PGRP, getpgrp() };
	SHOW(fcntl(s[1], F_SETOWN_EX, &o));
	o.pid = 0;
	SHOW(fcntl(s[1], F_GETOWN_EX, &o));
	IS(o.type == F_OWNER_PGRP && o.pid == getpgrp());
	SHOW(fcntl(s[0], F_GETSIG));
	SHOW(fcntl(s[0], F_SETSIG, 65));
	close(s[0]);
	close(s[1]);
}

/* ---- over sockets ------------------------------------------------------ */

static ssize_t
send_control(int s, int type, const void *p, size_t len)
{
	union {
		char bytes[256];
		struct cmsghdr align;
	} u = { 0 };
	struct iovec v = { "m", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = &u, .msg_controllen = CMSG_SPACE(len) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), p, len);
	return sendmsg(s, &m, 0);
}

static void
credentials(void)
{
	struct ucred cred = { getpid(), getuid(), getgid() };
	int s[2];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
	SHOW(send_control(s[0], SCM_CREDENTIALS, &cred, sizeof(cred)));
	SHOW(send_control(s[0], SCM_CREDENTIALS, &cred, 4));
	SHOW(send_control(s[0], 77, &cred, 4));
	fflush(stdout);
	if (fork() == 0) {
		SHOW(setuid(1));
		cred.pid = getpid();
		SHOW(send_control(s[0], SCM_CREDENTIALS, &cred, 12));
		cred.uid = 1;
		SHOW(send_control(s[0], SCM_CREDENTIALS, &cred, 12));
		cred.gid = 12345;
		SHOW(send_control(s[0], SCM_CREDENTIALS, &cred, 12));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	close(s[0]);
	close(s[1]);
}

/* Sockets that only wait in each other: the kernel has to find them. */
static void
lost_sockets(void)
{
	int fds[3], bad = -1, sent = 0;

	for (int turn = 0; turn < 20; turn++) {
		int a[2], b[2];

		socketpair(AF_UNIX, SOCK_STREAM, 0, a);
		socketpair(AF_UNIX, SOCK_DGRAM, 0, b);
		send_control(a[0], SCM_RIGHTS, b, sizeof(b));
		send_control(b[0], SCM_RIGHTS, a, sizeof(a));
		fds[0] = a[1];
		fds[1] = b[1];
		fds[2] = a[0];
		sent += send_control(a[0], SCM_RIGHTS, fds, sizeof(fds)) == 1;
		close(a[0]);
		close(a[1]);
		close(b[0]);
		close(b[1]);
	}
	SHOW(sent);
	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	SHOW(send_control(fds[0], SCM_RIGHTS, &bad, sizeof(bad)));
	SHOW(send_control(fds[0], SCM_RIGHTS, fds, sizeof(fds[0])));
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	memory();
	by_pidfd();
	by_proc();
	stops();
	owners();
	credentials();
	lost_sockets();
	return 0;
}

/* clone, clone3, vfork: what is shared and what is not. */
#include "check.h"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>

static int shared_word;
static char stack[65536] __attribute__((aligned(16)));

static int
child(void *arg)
{
	shared_word++;
	if (arg != NULL) {
		chdir("/");
		umask(0);
		close(*(int *)arg);
	}
	return 7;
}

static void
try(const char *what, int flags, int fd)
{
	char buf[256];
	int status;
	pid_t pid;

	shared_word = 0;
	umask(022);
	chdir(place_);
	pid = clone(child, stack + sizeof(stack), flags | SIGCHLD, &fd);
	if (pid < 0) {
		printf("%s: %s\n", what, strerrorname_np(errno));
		return;
	}
	waitpid(pid, &status, __WALL);
	printf("%s: word %d, %s, umask %o, descriptor %s\n", what, shared_word,
	    strcmp(getcwd(buf, sizeof(buf)), "/") == 0 ? "moved" : "stayed",
	    umask(022), fcntl(fd, F_GETFD) < 0 ? "closed" : "open");
	fate(what, status);
}

/* An open /proc/PID is taken for a process descriptor by one call. */
static void
by_proc(void)
{
	static const char *const others[] = { "/proc", "/proc/self/task",
		"/proc/self/stat", "/" };
	char path[32];
	pid_t pid = fork();
	int fd, status;

	if (pid == 0)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	fd = open(path, O_PATH);
	SHOW(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
	close(fd);
	OKAY(fd = open(path, O_RDONLY | O_DIRECTORY));
	SHOW(syscall(SYS_pidfd_getfd, fd, 0, 0));
	SHOW(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
	SHOW(waitpid(pid, &status, 0) == pid);
	fate("by /proc", status);
	SHOW(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	close(fd);
	for (unsigned i = 0; i < 4; i++) {
		fd = open(others[i], O_RDONLY);
		SHOW(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
		close(fd);
	}
}

static void
third(void)
{
	struct clone_args a = { .exit_signal = SIGCHLD };
	int status, pidfd = -1;
	siginfo_t si = { 0 };
	struct pollfd p;
	pid_t pid;

	pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));
	if (pid == 0)
		_exit(3);
	waitpid(pid, &status, 0);
	fate("clone3", status);
	SHOW(syscall(SYS_clone3, &a, 8));
	a.exit_signal = 100;
	SHOW(syscall(SYS_clone3, &a, sizeof(a)));
	a.exit_signal = SIGCHLD;
	a.flags = CLONE_THREAD;
	SHOW(syscall(SYS_clone3, &a, sizeof(a)));
	a.flags = CLONE_PIDFD;
	a.pidfd = (uint64_t)(uintptr_t)&pidfd;
	pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));
	if (pid == 0) {
		nap_ms(30);
		_exit(4);
	}
	IS(pidfd >= 0);
	SHOW(fcntl(pidfd, F_GETFD));
	p = (struct pollfd){ pidfd, POLLIN, 0 };
	SHOW(poll(&p, 1, 0));
	SHOW(poll(&p, 1, 2000));
	SHOW(waitid((idtype_t)3, (id_t)pidfd, &si, WEXITED));
	SHOW(si.si_status);
	SHOW(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
	close(pidfd);
	OKAY(pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0));
	SHOW(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
	close(pidfd);
	SHOW(syscall(SYS_pidfd_open, -1, 0));
	SHOW(syscall(SYS_pidfd_open, 7654321, 0));
	SHOW(syscall(SYS_pidfd_send_signal, 0, 0, NULL, 0));
	by_proc();
}

static volatile int told;

static void
count_told(int n)
{
	(void)n;
	told++;
}

/* The signal for the end of a sibling is its maker's, whatever was asked. */
static void
sibling(void)
{
	int status, sum = 0;

	signal(SIGUSR1, count_told);
	if (fork() == 0) {
		if (syscall(SYS_clone, CLONE_PARENT | SIGUSR1, 0, 0, 0, 0) == 0)
			_exit(3);
		_exit(4);
	}
	for (int i = 0; i < 2; i++) {
		while (waitpid(-1, &status, 0) < 0 && errno == EINTR)
			;
		sum += WEXITSTATUS(status);
	}
	SHOW(sum);
	SHOW(told);
	SHOW(waitpid(-1, &status, __WALL));
	signal(SIGUSR1, SIG_DFL);
}

int
main(void)
{
	static volatile int order;
	int status;
	pid_t pid;

	enter();
	try("nothing shared", 0, dup(0));
	try("memory", CLONE_VM, dup(0));
	try("files", CLONE_FILES, dup(0));
	try("fs", CLONE_FS, dup(0));
	try("all", CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND, dup(0));
	try("handlers alone", CLONE_SIGHAND, 0);
	try("thread alone", CLONE_THREAD, 0);
	try("fs and namespace", CLONE_FS | CLONE_NEWNS, 0);
	sibling();
	chdir(place_);
	pid = vfork();
	if (pid == 0) {
		order = 1;
		_exit(2);
	}
	SHOW(order);
	waitpid(pid, &status, 0);
	fate("vfork", status);
	pid = vfork();
	if (pid == 0) {
		execl("/none", "none", NULL);
		_exit(errno == ENOENT ? 8 : 9);
	}
	waitpid(pid, &status, 0);
	fate("vfork, exec", status);
	third();
	SHOW(syscall(SYS_set_tid_address, NULL) == gettid());
	leave();
	return 0;
}

/*
 * ktrace command [arg ...]: runs it and shows its calls, of whatever ABI.
 * ktrace -p pid: shows those of a running process until interrupted.
 * The kernel writes a line per call to /proc/carmine/trace.
 */
#include "tool.h"

#include <native/system.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static volatile sig_atomic_t stop;

static void
on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static bool
trace(enum cm_trace how, pid_t pid)
{
	long e = cm_trace_control(how, (cm_pid_t)pid);

	if (e < 0)
		complain("%d: %s", (int)pid, cm_error_text(e));
	return e >= 0;
}

/* The child traces itself, so that exec is the first call shown. */
static pid_t
start(char **argv)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (!trace(CM_TRACE_ON, getpid()))
		_exit(126);
	execvp(argv[0], argv);
	complain_file(argv[0]);
	_exit(127);
}

/* Copies what is there now. */
static void
copy(int fd)
{
	static char buf[8192];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		write_all(2, buf, (size_t)n);
}

int
main(int argc, char **argv)
{
	bool running = argc == 3 && strcmp(argv[1], "-p") == 0;
	int fd = open("/proc/carmine/trace", O_RDONLY | O_NONBLOCK);
	struct sigaction sa = { .sa_handler = on_signal };
	int status = 0;
	pid_t pid;

	tool_start(argv);
	if (argc < 2)
		return usage("command [arg ...] | -p pid");
	if (fd < 0) {
		complain_file("/proc/carmine/trace");
		return 1;
	}
	lseek(fd, 0, SEEK_END); /* what is old does not matter; may fail */
	sigaction(SIGINT, &sa, NULL);
	pid = running ? (pid_t)number_arg(argv[2]) : start(argv + 1);
	if (pid < 0 || (running && !trace(CM_TRACE_ON, pid)))
		return 1;
	while (!stop) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		poll(&p, 1, 100);
		copy(fd);
		if (running ? kill(pid, 0) != 0 :
		    waitpid(pid, &status, WNOHANG) == pid)
			break;
	}
	copy(fd);
	if (running) {
		trace(CM_TRACE_OFF, pid);
		return tool_status;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

/*
 * ktrace command [arg ...]: runs it and shows its calls, of whatever ABI.
 * ktrace -p pid: shows those of a running process until interrupted.
 * The kernel writes a line per call to /proc/carmine/trace.
 */
#include "tool.h"

#include <native/system.h>
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

/*
 * The file is a picture of a ring of lines, made when it is opened. What was
 * shown is found again by its last line: it begins with its time.
 */
static char last[512];

/* Behind the last line shown; the beginning when the ring has lost it. */
static const char *
news(const char *text)
{
	const char *at = *last == '\0' ? NULL : strstr(text, last);

	return at == NULL ? text : at + strlen(last);
}

static void
keep_last(const char *text, size_t n)
{
	size_t start = n == 0 ? 0 : n - 1;

	while (start > 0 && text[start - 1] != '\n')
		start--;
	if (n - start < sizeof(last) && n > 0) {
		memcpy(last, text + start, n - start);
		last[n - start] = '\0';
	}
}

/* The whole picture, malloc'd; NULL: there is none. */
static char *
picture(size_t *len)
{
	size_t cap = 65536, n = 0;
	char *text = malloc(cap);
	ssize_t got;
	int fd = open("/proc/carmine/trace", O_RDONLY);

	while (fd >= 0 && text != NULL &&
	    (got = read(fd, text + n, cap - n - 1)) > 0) {
		n += (size_t)got;
		if (cap - n < 2)
			text = realloc(text, cap *= 2);
	}
	if (fd >= 0)
		close(fd);
	if (text != NULL)
		text[n] = '\0';
	*len = n;
	return text;
}

static void
show_news(bool quietly)
{
	size_t n;
	char *text = picture(&n);
	const char *from;

	if (text == NULL)
		return;
	from = news(text);
	if (!quietly)
		write_all(2, from, (size_t)(text + n - from));
	keep_last(text, n);
	free(text);
}

/* Also of one that nobody has waited for. */
static bool
has_ended(pid_t pid)
{
	char path[40], text[128] = "";
	const char *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	state = strrchr(text, ')');
	return state == NULL || state[1] == '\0' || state[2] == 'Z' ||
	    state[2] == 'X';
}

int
main(int argc, char **argv)
{
	bool running = argc == 3 && strcmp(argv[1], "-p") == 0;
	struct sigaction sa = { .sa_handler = on_signal };
	bool ended = false;
	int status = 0;
	pid_t pid;

	tool_start(argv);
	if (argc < 2)
		return usage("command [arg ...] | -p pid");
	if (access("/proc/carmine/trace", R_OK) != 0) {
		complain_file("/proc/carmine/trace");
		return 1;
	}
	show_news(true);
	sigaction(SIGINT, &sa, NULL);
	pid = running ? (pid_t)number_arg(argv[2]) : start(argv + 1);
	if (pid < 0 || (running && !trace(CM_TRACE_ON, pid)))
		return 1;
	while (!stop && !ended) {
		ended = running ? has_ended(pid) :
		    waitpid(pid, &status, WNOHANG) == pid;
		show_news(false);
		if (!ended)
			usleep(50000);
	}
	if (running) {
		if (!ended)
			cm_trace_control(CM_TRACE_OFF, (cm_pid_t)pid);
		return 0;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

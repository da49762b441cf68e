/*
 * jobs, fg, bg, wait, kill.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "sh.h"

int
builtin_jobs(int argc, char **argv)
{
	bool long_form = argc > 1 && strcmp(argv[1], "-l") == 0;
	bool pids = argc > 1 && strcmp(argv[1], "-p") == 0;

	job_list(long_form, pids);
	return 0;
}

static struct job *
find_or_warn(const char *who, const char *spec)
{
	struct job *j;

	if (!sh.job_control) {
		warn("%s: no job control", who);
		return NULL;
	}
	job_reap();
	j = job_find(spec);
	if (j == NULL || job_state(j) == P_DONE) {
		warn("%s: %s: no such job", who, spec == NULL ? "%+" : spec);
		return NULL;
	}
	return j;
}

int
builtin_fg(int argc, char **argv)
{
	struct job *j = find_or_warn("fg", argc > 1 ? argv[1] : NULL);

	if (j == NULL)
		return 1;
	out_printf("%s\n", j->text);
	out_flush();
	return job_continue(j, true);
}

int
builtin_bg(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc || i == 1; i++) {
		struct job *j = find_or_warn("bg", i < argc ? argv[i] : NULL);

		if (j == NULL) {
			status = 1;
			continue;
		}
		out_printf("[%d] %s &\n", j->id, j->text);
		job_continue(j, false);
	}
	return status;
}

/* Waits until j is done; a signal with a trap ends the wait. */
static int
wait_for(struct job *j)
{
	int status;

	while (job_state(j) == P_RUN) {
		if (job_wait_any())
			continue;
		if (sh.interrupted || sh.trap_pending)
			return 128 + SIGINT;
		if (errno != EINTR)
			break;
	}
	status = job_status(j);
	if (job_state(j) == P_DONE)
		job_forget(j);
	return status;
}

static int
wait_all(void)
{
	struct job *j = job_next(NULL);

	while (j != NULL) {
		if (job_state(j) != P_STOP) {
			wait_for(j);
			if (sh.interrupted || sh.trap_pending)
				return 128 + SIGINT;
			j = NULL;
		}
		j = job_next(j);
		while (j != NULL && job_state(j) == P_STOP)
			j = job_next(j);
	}
	return 0;
}

int
builtin_wait(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		return wait_all();
	for (int i = 1; i < argc; i++) {
		struct job *j = job_find(argv[i]);

		status = j == NULL ? 127 : wait_for(j);
	}
	return status;
}

static int
kill_list(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		const char *name = signal_name(atoi(argv[i]) & 127);

		out_printf("%s\n", name == NULL ? argv[i] : name);
	}
	for (int sig = 1; argc == 2 && sig < 32; sig++)
		if (signal_name(sig) != NULL)
			out_printf("%2d %s\n", sig, signal_name(sig));
	return 0;
}

static int
kill_one(const char *target, int sig)
{
	struct job *j;
	pid_t pid;
	char *end;

	if (*target == '%') {
		j = job_find(target);
		if (j == NULL) {
			warn("kill: %s: no such job", target);
			return 1;
		}
		pid = sh.job_control ? -j->pgid : j->pgid;
		if (job_state(j) == P_STOP && sig != 0 && sig != SIGSTOP)
			kill(pid, SIGCONT);
	} else {
		pid = (pid_t)strtol(target, &end, 10);
		if (*end != '\0' || end == target) {
			warn("kill: %s: bad process id", target);
			return 1;
		}
	}
	if (kill(pid, sig) == 0)
		return 0;
	warn("kill: %s: %s", target, strerror(errno));
	return 1;
}

int
builtin_kill(int argc, char **argv)
{
	int sig = SIGTERM, i = 1, status = 0;

	if (argc > 1 && strcmp(argv[1], "-l") == 0)
		return kill_list(argc, argv);
	if (argc > 2 && strcmp(argv[1], "-s") == 0) {
		sig = signal_number(argv[2]);
		i = 3;
	} else if (argc > 1 && argv[1][0] == '-' && argv[1][1] != '-') {
		sig = signal_number(argv[1] + 1);
		i = 2;
	}
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (sig < 0 || i >= argc) {
		warn(sig < 0 ? "kill: no such signal" :
		    "usage: kill [-signal] pid|%%job ...");
		return 2;
	}
	for (; i < argc; i++)
		status |= kill_one(argv[i], sig);
	return status;
}

/*
 * Starting programs. A command whose words are expanded needs no copy of
 * the shell: launch() has the system start it (start.c), or uses vfork, and
 * the child only arranges descriptors, group and signals before it executes.
 * Everything else forks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

/* Whether a file that the system cannot run may be a script: as other shells
 * have it, its first line holds no NUL, which every binary format does. */
bool
is_script(const char *path)
{
	char head[128];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));
	const char *end;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	end = memchr(head, '\n', (size_t)n);
	return memchr(head, 0, end ? (size_t)(end - head) : (size_t)n) == NULL;
}

/* A text file without "#!" is a script of ours. args[-2..-1] are free. */
static void
exec_script(const char *path, char **args, char **envp)
{
	char *first = args[0];

	args[-1] = (char *)"sh";
	args[0] = (char *)path;
	execve(SHELL_PATH, args - 1, envp);
	args[0] = first;
	errno = ENOEXEC;
}

static void
child_complain(const char *what, int error)
{
	static const char *parts[4] = { "sh: ", NULL, ": ", NULL };

	parts[1] = what;
	parts[3] = error == ENOENT ? "not found" : strerror(error);
	for (int i = 0; i < 4; i++)
		write_all(2, parts[i], strlen(parts[i]));
	write_all(2, "\n", 1);
}

static void __attribute__((noreturn))
exec_or_die(const char *path, char **args, char **envp)
{
	int error;

	errno = ENOENT;
	if (path != NULL)
		execve(path, args, envp);
	error = errno;
	if (error == ENOEXEC && is_script(path))
		exec_script(path, args, envp);
	child_complain(args[0], error);
	_exit(error == ENOENT ? 127 : 126);
}

/* argv with a free slot before it, for exec_script(). */
static char **
roomy(char **argv)
{
	size_t n = 0;
	char **copy;

	while (argv[n] != NULL)
		n++;
	copy = xmalloc((n + 2) * sizeof(*copy));
	memcpy(copy + 1, argv, (n + 1) * sizeof(*copy));
	return copy;
}

void
exec_program(const char *path, char **argv, char **envp)
{
	exec_or_die(path, roomy(argv) + 1, envp);
}

/* In the new process: group, terminal, signals. */
static void
enter_job(struct job *j, bool background)
{
	if (sh.job_control && j != NULL) {
		pid_t group = j->pgid;

		setpgid(0, group);
		if (!background)
			tcsetpgrp(sh.tty, group == 0 ? getpid() : group);
	}
	signals_for_child(sh.job_control && j != NULL, background);
}

static void
child_fds(const struct launch *l)
{
	const char *bad;

	if (l->in >= 0) {
		dup2(l->in, 0);
		close(l->in);
	}
	if (l->out >= 0) {
		dup2(l->out, 1);
		close(l->out);
	}
	if (l->other >= 0)
		close(l->other);
	bad = redir_apply(l->actions);
	if (bad != NULL) {
		child_complain(bad, errno);
		_exit(2);
	}
}

/* The child says itself what is wrong. args: with a free slot before it. */
pid_t
start_forked(const struct launch *l, char **args)
{
	pid_t pid = vfork();

	if (pid == 0) {
		enter_job(l->job, l->background);
		child_fds(l);
		exec_or_die(l->path, args, l->envp);
	}
	return pid;
}

static void
parent_side(struct job *j, pid_t pid)
{
	if (pid < 0) {
		warn("cannot start a process: %s", strerror(errno));
		return;
	}
	if (j == NULL)
		return;
	if (sh.job_control)
		setpgid(pid, j->pgid == 0 ? pid : j->pgid);
	job_add(j, pid);
}

void
launch(const struct launch *l)
{
	char **args = roomy(l->argv);
	const char *bad = l->argv[0];
	pid_t pid = -1;
	int error = ENOENT;

	if (l->path != NULL) {
		pid = start_program(l, args + 1, &bad);
		error = errno;
	}
	free(args);
	if (pid > 0) {
		parent_side(l->job, pid);
		return;
	}
	child_complain(bad, error);
	job_add_failed(l->job, bad != l->argv[0] ? 2 :
	    error == ENOENT ? 127 : 126);
}

/* The child is a shell without job control that has not run its commands. */
pid_t
fork_shell(struct job *j, bool background)
{
	pid_t pid = fork();

	if (pid != 0) {
		parent_side(j, pid);
		return pid;
	}
	enter_job(j, background);
	sh.subshell = true;
	sh.interactive = false;
	sh.job_control = false;
	sh.loops = 0;
	job_forget_all();
	trap_reset();
	out_drop();
	return 0;
}

/*
 * The table of built-ins, and those that steer the shell itself.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

static int
do_true(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static int
do_false(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 1;
}

/* The number in argv[1], or what it is without one; -1: not a number. */
static int
number_arg(int argc, char **argv, int otherwise)
{
	char *end;
	long n;

	if (argc < 2)
		return otherwise;
	n = strtol(argv[1], &end, 10);
	if (!isdigit((unsigned char)*argv[1]) || *end != '\0') {
		fail("%s: %s: bad number", argv[0], argv[1]);
		return -1;
	}
	return (int)n;
}

static bool
refuse_stopped(void)
{
	if (!sh.interactive || sh.subshell || sh.warned_jobs)
		return false;
	for (struct job *j = job_next(NULL); j != NULL; j = job_next(j)) {
		if (job_state(j) == P_STOP) {
			warn("there are stopped jobs");
			sh.warned_jobs = true;
			return true;
		}
	}
	return false;
}

static int
do_exit(int argc, char **argv)
{
	int n = number_arg(argc, argv, sh.status);

	if (n < 0)
		return 2;
	if (refuse_stopped())
		return 1;
	sh.status = n & 255;
	sh.unwind = U_EXIT;
	return sh.status;
}

static int
do_return(int argc, char **argv)
{
	int n = number_arg(argc, argv, sh.status);

	if (n < 0)
		return 2;
	sh.status = n & 255;
	sh.unwind = sh.calls > 0 ? U_RETURN : U_EXIT;
	return sh.status;
}

static int
do_break(int argc, char **argv)
{
	int n = number_arg(argc, argv, 1);

	if (n <= 0)
		return n < 0 ? 2 : 1;
	if (sh.loops == 0)
		return 0;
	sh.unwind_count = n < sh.loops ? n : sh.loops;
	sh.unwind = argv[0][0] == 'b' ? U_BREAK : U_CONTINUE;
	return 0;
}

static int
do_eval(int argc, char **argv)
{
	struct buf b = { 0 };
	int status = 0;

	for (int i = 1; i < argc; i++)
		buf_printf(&b, "%s%s", i > 1 ? " " : "", argv[i]);
	if (b.len > 0) {
		sh.status = 0;
		status = run_text(b.s, b.len);
	}
	buf_free(&b);
	return status;
}

static char *
dot_path(const char *name)
{
	const char *dir = var_get("PATH");

	if (strchr(name, '/') != NULL || dir == NULL)
		return xstrdup(name);
	while (*dir != '\0') {
		size_t n = strcspn(dir, ":");
		struct buf b = { 0 };

		buf_put(&b, dir, n);
		buf_printf(&b, "%s%s", n > 0 ? "/" : "", name);
		if (access(b.s, R_OK) == 0)
			return buf_take(&b);
		buf_free(&b);
		dir += n + (dir[n] == ':');
	}
	return xstrdup(name);
}

static int
do_dot(int argc, char **argv)
{
	char *path;
	int status;

	if (argc < 2) {
		fail(".: file name expected");
		return 2;
	}
	path = dot_path(argv[1]);
	if (access(path, R_OK) != 0) {
		fail(".: %s: %s", path, strerror(errno));
		free(path);
		return 2;
	}
	sh.calls++;
	status = run_file(path);
	sh.calls--;
	if (sh.unwind == U_RETURN) {
		sh.unwind = U_NONE;
		status = sh.status;
	}
	free(path);
	return status;
}

/* Handled before redirections are set up; here only for `command exec`. */
static int
do_exec(int argc, char **argv)
{
	char *path;

	if (argc < 2)
		return 0;
	path = path_search(argv[1]);
	if (path == NULL) {
		warn("%s: not found", argv[1]);
		return 127;
	}
	signals_for_child(false, false);
	exec_program(path, argv + 1, var_environ());
	free(path);
	return 126;
}

static const struct builtin builtins[] = {
	{ ".", do_dot, true },
	{ ":", do_true, true },
	{ "[", builtin_test, false },
	{ "alias", builtin_alias, false },
	{ "bg", builtin_bg, false },
	{ "break", do_break, true },
	{ "cd", builtin_cd, false },
	{ "command", builtin_command, false },
	{ "continue", do_break, true },
	{ "echo", builtin_echo, false },
	{ "eval", do_eval, true },
	{ "exec", do_exec, true },
	{ "exit", do_exit, true },
	{ "export", builtin_export, true },
	{ "false", do_false, false },
	{ "fg", builtin_fg, false },
	{ "getopts", builtin_getopts, false },
	{ "hash", builtin_hash, false },
	{ "history", builtin_history, false },
	{ "jobs", builtin_jobs, false },
	{ "kill", builtin_kill, false },
	{ "local", builtin_local, false },
	{ "printf", builtin_printf, false },
	{ "pwd", builtin_pwd, false },
	{ "read", builtin_read, false },
	{ "readonly", builtin_readonly, true },
	{ "return", do_return, true },
	{ "set", builtin_set, true },
	{ "shift", builtin_shift, true },
	{ "source", do_dot, false },
	{ "test", builtin_test, false },
	{ "times", builtin_times, true },
	{ "trap", builtin_trap, true },
	{ "true", do_true, false },
	{ "type", builtin_type, false },
	{ "ulimit", builtin_ulimit, false },
	{ "umask", builtin_umask, false },
	{ "unalias", builtin_unalias, false },
	{ "unset", builtin_unset, true },
	{ "wait", builtin_wait, false },
};

enum { COUNT = sizeof(builtins) / sizeof(builtins[0]) };

static int
compare(const void *name, const void *b)
{
	return strcmp(name, ((const struct builtin *)b)->name);
}

/* The table is sorted. */
const struct builtin *
builtin_find(const char *name)
{
	return bsearch(name, builtins, COUNT, sizeof(builtins[0]), compare);
}

const struct builtin *
builtin_at(size_t i)
{
	return i < COUNT ? &builtins[i] : NULL;
}

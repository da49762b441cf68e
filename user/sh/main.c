/*
 * The shell's state, its options, and the prompt.
 *
 * Usage: sh [-abCefiIlmnuvx] [-o option] [-c text [name] | -s | file] [arg ...]
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

struct shell sh = { .tty = -1, .subst_status = 0 };

extern char **environ;

struct start {
	const char *text; /* -c */
	bool from_input;  /* -s */
	bool interactive, login;
	bool wants_text;  /* -c was there */
};

static int
usage(const char *bad)
{
	warn("%s: no such option", bad);
	warn("usage: sh [-abCefiIlmnuvx] [-c text | -s | file] [arg ...]");
	return 2;
}

/* -o name, +o name */
static bool
set_named_option(char *name, bool on)
{
	char *words[] = { (char *)"set", (char *)(on ? "-o" : "+o"), name,
		NULL };

	return builtin_set(3, words) == 0;
}

/* One letter that is not -o; false: there is none. */
static bool
take_letter(char letter, bool on, struct start *st)
{
	const char one[2] = { letter, '\0' };

	switch (letter) {
	case 'c':
		st->wants_text = true;
		return true;
	case 's':
		st->from_input = true;
		return true;
	case 'i':
		st->interactive = on;
		return true;
	case 'l':
		st->login = true;
		return true;
	default:
		return set_option(one, on) == 0;
	}
}

/* Options of the command line; returns the first argument behind them, -1
 * after a mistake. */
static int
parse_options(int argc, char **argv, struct start *st)
{
	int i = 1;

	for (; i < argc && (argv[i][0] == '-' || argv[i][0] == '+') &&
	    argv[i][1] != '\0'; i++) {
		bool on = argv[i][0] == '-';

		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		if (strcmp(argv[i] + 1, "o") == 0 && i + 1 < argc) {
			if (!set_named_option(argv[++i], on))
				return -1;
			continue;
		}
		for (const char *s = argv[i] + 1; *s != '\0'; s++) {
			if (!take_letter(*s, on, st)) {
				usage(argv[i]);
				return -1;
			}
		}
	}
	return i;
}

static void
take_args(int argc, char **argv)
{
	sh.args = xmalloc((size_t)(argc + 1) * sizeof(*sh.args));
	for (int i = 0; i < argc; i++)
		sh.args[i] = xstrdup(argv[i]);
	sh.n_args = argc;
}

/* Job control needs a terminal that is ours and a group of our own. */
static void
start_job_control(void)
{
	pid_t owner = tcgetpgrp(sh.tty);

	if (owner < 0)
		return;
	while (owner != getpgrp()) {
		if (kill(0, SIGTTIN) != 0)
			return;
		owner = tcgetpgrp(sh.tty);
	}
	sh.job_control = true;
	sh.opt['m'] = true;
	signals_interactive();
	sh.pgid = getpid();
	if (setpgid(0, sh.pgid) != 0)
		sh.pgid = getpgrp(); /* a session leader has one already */
	tcsetpgrp(sh.tty, sh.pgid);
}

static void
run_startup(const char *path)
{
	if (path != NULL && access(path, R_OK) == 0)
		run_file(path);
	if (sh.unwind == U_ERROR)
		sh.unwind = U_NONE;
}

static void
start_interactive(void)
{
	sh.interactive = true;
	sh.opt['i'] = true;
	if (isatty(0)) {
		int copy = fcntl(0, F_DUPFD_CLOEXEC, 10);

		sh.tty = copy;
	}
	signals_interactive();
	if (sh.tty >= 0)
		start_job_control();
	history_load();
}

static void
run_startup_files(bool login)
{
	if (login) {
		char *path = expand_string("~/.profile");

		run_startup("/etc/profile");
		run_startup(path);
		free(path);
	}
	if (sh.interactive && var_get("ENV") != NULL) {
		char *path = expand_here(var_get("ENV"));

		run_startup(path);
		free(path);
	}
}

static int
run_command_text(const char *text)
{
	struct input in;
	int status;

	input_string(&in, text, strlen(text));
	in.last = true;
	status = run_input(&in);
	input_free(&in);
	return status;
}

static int
run_source(const struct start *st, const char *path)
{
	struct input in;

	if (st->text != NULL)
		return run_command_text(st->text);
	if (path != NULL)
		return run_file(path);
	if (sh.interactive)
		input_terminal(&in);
	else
		input_fd(&in, 0);
	run_input(&in);
	while (sh.interactive && sh.unwind == U_NONE) {
		struct builtin const *b = builtin_find("exit");
		char *words[] = { (char *)"exit", NULL };

		write_all(2, "exit\n", 5);
		b->run(1, words);
		if (sh.unwind == U_NONE)
			run_input(&in);
	}
	return sh.status;
}

int
main(int argc, char **argv)
{
	struct start st = { .login = argc > 0 && argv[0][0] == '-' };
	const char *path = NULL;
	int first;

	sh.name = argc > 0 ? argv[0] : (char *)"sh";
	sh.pid = getpid();
	vars_init(environ);
	first = parse_options(argc, argv, &st);
	if (first < 0)
		return 2;
	if (st.wants_text) {
		if (first >= argc) {
			warn("-c: text expected");
			return 2;
		}
		st.text = argv[first++];
		if (first < argc)
			sh.name = argv[first++];
	} else if (!st.from_input && first < argc) {
		path = sh.name = argv[first++];
	}
	take_args(argc - first, argv + first);
	trap_init();
	dir_init();
	if (st.interactive || (st.text == NULL && path == NULL &&
	    isatty(0) && isatty(2)))
		start_interactive();
	run_startup_files(st.login);
	if (sh.unwind != U_EXIT)
		run_source(&st, path);
	if (sh.tty >= 0)
		edit_restore();
	shell_exit(sh.status);
}

static void
put_directory(struct buf *b)
{
	const char *dir = var_get("PWD"), *home = var_get("HOME");
	size_t n = home == NULL ? 0 : strlen(home);

	if (dir == NULL)
		return;
	if (n > 1 && strncmp(dir, home, n) == 0 &&
	    (dir[n] == '/' || dir[n] == '\0')) {
		buf_putc(b, '~');
		dir += n;
	}
	buf_puts(b, dir);
}

static void
put_prompt_escape(struct buf *b, int c)
{
	char host[64] = "";

	switch (c) {
	case 'w':
		put_directory(b);
		break;
	case 'h':
		gethostname(host, sizeof(host) - 1);
		buf_puts(b, host);
		break;
	case 'u':
		buf_puts(b, var_get("USER") == NULL ? "" : var_get("USER"));
		break;
	case '$':
		buf_putc(b, geteuid() == 0 ? '#' : '$');
		break;
	case '?':
		buf_printf(b, "%d", sh.status);
		break;
	case 'n':
		buf_putc(b, '\n');
		break;
	case 'e':
		buf_putc(b, '\033');
		break;
	case '[':
	case ']':
		break;
	default:
		buf_putc(b, c);
		break;
	}
}

/* \w directory, \h host, \u user, \$ # or $, \? status; then expansion. */
char *
prompt_text(const char *ps)
{
	int status = sh.status;
	struct buf b = { 0 };
	char *text;

	for (; *ps != '\0'; ps++) {
		if (*ps == '\\' && ps[1] != '\0')
			put_prompt_escape(&b, *++ps);
		else
			buf_putc(&b, *ps);
	}
	buf_put(&b, "", 0);
	if (strpbrk(b.s, "$`") == NULL)
		return buf_take(&b);
	text = expand_here(b.s);
	sh.status = status;
	if (text == NULL)
		return buf_take(&b);
	buf_free(&b);
	return text;
}

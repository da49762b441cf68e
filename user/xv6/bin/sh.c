/*
 * sh [-c text | file]: the xv6 shell.
 *
 *	list:     pipeline { (";" | "&") pipeline } [";" | "&"]
 *	pipeline: command { "|" command }
 *	command:  { word | ("<" | ">" | ">>") word } | "(" list ")" { redirect }
 *
 * A line is run while it is read: there is no tree. Every command is a
 * process that goes on parsing from where its text begins (run_command);
 * the shell itself only skips over it. cd and exit are built in. The stack is
 * one page, so the larger arrays are static: each process has its own.
 */
#include "user.h"

enum { LINE = 512, ARGS = XV6_ARGS_MAX };

static int input = 0; /* where lines come from */
static int status;    /* of the last pipeline */

struct text {
	const char *at;
};

static void __attribute__((noreturn))
die(const char *what, const char *which)
{
	fprintf(2, "sh: %s%s\n", what, which);
	exit(1);
}

static int
must_fork(void)
{
	int pid = fork();

	if (pid < 0)
		die("cannot fork", "");
	return pid;
}

static char
peek(struct text *t)
{
	while (*t->at != '\0' && strchr(" \t\r\n\v", *t->at) != NULL)
		t->at++;
	return *t->at == '#' ? '\0' : *t->at;
}

/* The next word into word; false when none is there. */
static bool
take_word(struct text *t, char *word)
{
	char quote = '\0';
	int n = 0;

	if (peek(t) == '\0' || strchr("<>|&;()", peek(t)) != NULL)
		return false;
	for (; *t->at != '\0'; t->at++) {
		if (quote == '\0' && strchr(" \t\r\n\v<>|&;()", *t->at) !=
		    NULL)
			break;
		if (quote == '\0' && (*t->at == '"' || *t->at == '\''))
			quote = *t->at;
		else if (*t->at == quote)
			quote = '\0';
		else
			word[n++] = *t->at;
	}
	word[n] = '\0';
	return true;
}

/* Steps over one command. */
static bool
skip_command(struct text *t)
{
	static char word[LINE];
	int depth = 0;
	bool any = false;

	for (;;) {
		char c = peek(t);

		if (c == '(') {
			depth++;
		} else if (c == ')' && depth > 0) {
			depth--;
		} else if (c == '\0' || (depth == 0 &&
		    strchr("|&;)", c) != NULL)) {
			return any && depth == 0;
		} else if (strchr("<>|&;", c) == NULL) {
			take_word(t, word);
			any = true;
			continue;
		}
		any = true;
		t->at++;
	}
}

static void run_list(struct text *t);

/* Goes to the end of the file that fd is, for ">>". */
static void
skip_to_end(int fd)
{
	char buf[LINE];

	while (read(fd, buf, sizeof(buf)) > 0)
		continue;
}

static void
redirect(struct text *t)
{
	static char path[LINE];
	char c = *t->at++;
	bool append = c == '>' && *t->at == '>';
	int mode = c == '<' ? XV6_O_RDONLY :
	    append ? XV6_O_RDWR | XV6_O_CREATE :
	    XV6_O_WRONLY | XV6_O_CREATE | XV6_O_TRUNC;

	t->at += append;
	if (!take_word(t, path))
		die("no file to redirect to", "");
	close(c == '<' ? 0 : 1);
	if (open(path, mode) < 0)
		die("cannot open ", path);
	if (append)
		skip_to_end(1);
}

/* Tries the places where commands are; returns only when none has it. */
static void
exec_program(char **argv)
{
	static const char *const dirs[] = { "/bin/", "/abi/xv6/bin/", "",
		"/system/bin/" };
	char path[XV6_PATH_MAX];

	if (strchr(argv[0], '/') != NULL) {
		exec(argv[0], argv);
		return;
	}
	for (int i = 0; i < 4; i++) {
		if (strlen(dirs[i]) + strlen(argv[0]) >= sizeof(path))
			return;
		strcpy(path, dirs[i]);
		strcpy(path + strlen(path), argv[0]);
		exec(path, argv);
	}
}

/* In a process of its own: never returns. */
static void __attribute__((noreturn))
run_command(struct text *t)
{
	static char words[LINE];
	char *next = words, *argv[ARGS + 1];
	int argc = 0;
	bool nested = peek(t) == '(';
	struct text inner = { t->at + 1 };

	if (nested) {
		int depth = 0;

		do
			depth += (*t->at == '(') - (*t->at == ')');
		while (*t->at++ != '\0' && depth > 0);
	}
	for (;;) {
		char c = peek(t);

		if (c == '<' || c == '>') {
			redirect(t);
		} else if (argc < ARGS && take_word(t, next)) {
			argv[argc++] = next;
			next += strlen(next) + 1;
		} else {
			break;
		}
	}
	argv[argc] = NULL;
	if (nested) {
		run_list(&inner);
		exit(status);
	}
	if (argc == 0)
		exit(0);
	exec_program(argv);
	die("cannot run ", argv[0]);
}

/* What follows is a member of a pipeline that writes to the next one. */
static void
start_member(struct text *t, int in, const int out[2])
{
	if (must_fork() != 0)
		return;
	if (in >= 0) {
		close(0);
		dup(in);
		close(in);
	}
	if (out != NULL) {
		close(1);
		dup(out[1]);
		close(out[0]);
		close(out[1]);
	}
	run_command(t);
}

/* Starts a pipeline; returns how many processes, 0 at a mistake. */
static int
start_pipeline(struct text *t)
{
	int in = -1, n = 0;

	for (;;) {
		struct text start = *t;
		int fd[2];
		bool more;

		if (!skip_command(t)) {
			fprintf(2, "sh: syntax error\n");
			status = 2;
			t->at += strlen(t->at);
			break;
		}
		more = peek(t) == '|';
		if (more && pipe(fd) < 0)
			die("no pipe", "");
		start_member(&start, in, more ? fd : NULL);
		n++;
		if (in >= 0)
			close(in);
		if (!more)
			return n;
		close(fd[1]);
		in = fd[0];
		t->at++;
	}
	if (in >= 0)
		close(in);
	return n;
}

/* cd and exit work on the shell itself. True: it was one of them. */
static bool
run_builtin(struct text *t)
{
	static char word[LINE], arg[LINE];
	struct text start = *t;

	arg[0] = '\0';
	if (!take_word(t, word) || (strcmp(word, "cd") != 0 &&
	    strcmp(word, "exit") != 0)) {
		*t = start;
		return false;
	}
	take_word(t, arg);
	if (word[0] == 'e')
		exit(*arg == '\0' ? status : atoi(arg));
	status = chdir(*arg == '\0' ? "/" : arg) < 0;
	if (status != 0)
		fprintf(2, "sh: cannot cd %s\n", arg);
	return true;
}

/* Waits for n processes; the last to end gives the status. */
static void
wait_for(int n)
{
	for (; n > 0; n--)
		if (wait(&status) < 0)
			return;
}

static void
run_background(struct text *t)
{
	/* A process in between, so that only it waits for them. */
	if (must_fork() == 0) {
		wait_for(start_pipeline(t));
		exit(status);
	}
}

static bool
in_background(struct text t)
{
	while (skip_command(&t) && peek(&t) == '|')
		t.at++;
	return peek(&t) == '&';
}

static void
run_list(struct text *t)
{
	while (peek(t) != '\0' && peek(t) != ')') {
		struct text start = *t;

		if (in_background(*t)) {
			while (skip_command(t) && peek(t) == '|')
				t->at++;
			run_background(&start);
		} else if (!run_builtin(t)) {
			wait_for(start_pipeline(t));
		}
		if (peek(t) != '\0' && strchr(";&", peek(t)) != NULL)
			t->at++;
		else if (peek(t) != '\0' && peek(t) != ')') {
			fprintf(2, "sh: syntax error near %s\n", t->at);
			status = 2;
			return;
		}
	}
}

/* A line of the input; false at its end. */
static bool
read_line(char *line)
{
	int n = 0;
	char c = 0;

	while (n + 1 < LINE && c != '\n' && read(input, &c, 1) == 1)
		line[n++] = c;
	line[n] = '\0';
	return n > 0;
}

int
main(int argc, char **argv)
{
	char line[LINE];
	struct text t = { line };

	if (argc > 2 && strcmp(argv[1], "-c") == 0) {
		t.at = argv[2];
		run_list(&t);
		return status;
	}
	if (argc > 1) {
		input = open(argv[1], XV6_O_RDONLY);
		if (input < 0)
			die("cannot open ", argv[1]);
	}
	for (;;) {
		if (input == 0)
			fprintf(2, "$ ");
		if (!read_line(line))
			return status;
		t.at = line;
		run_list(&t);
	}
}

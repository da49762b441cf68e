/*
 * Running a tree. run() returns the status of what it ran and keeps $? up
 * to date. Every sequence stops as soon as sh.unwind is set.
 *
 * RUN_LAST says that this process ends right after the node: a program then
 * replaces it instead of being forked and waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

static struct arena *current_mem; /* of the tree being run */

void
shell_exit(int status)
{
	sh.status = status;
	sh.unwind = U_NONE;
	trap_exit();
	out_flush();
	_exit(sh.status);
}

/* In a forked child: run n and end. */
static void __attribute__((noreturn))
finish_child(struct node *n)
{
	int status;

	sh.conditions = 0;
	status = run(n, RUN_LAST);
	shell_exit(sh.unwind == U_EXIT ? sh.status : status);
}

static void
member_child(struct node *n, const struct launch *l)
{
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
	finish_child(n);
}

/* Starts one member of a pipeline or background list. */
static bool
start_member(struct node *n, struct launch *l)
{
	if (is_plain_program(n)) {
		launch_plain(n, l);
		return true;
	}
	switch (fork_shell(l->job, l->background)) {
	case -1:
		return false;
	case 0:
		member_child(n, l);
		return true;
	default:
		return true;
	}
}

static bool
start_pipeline(struct node *first, struct job *j, bool background)
{
	int in = -1;

	for (struct node *n = first; n != NULL; n = n->next) {
		struct launch l = { .in = in, .out = -1, .other = -1,
			.job = j, .background = background };
		int fd[2];
		bool ok;

		if (n->next != NULL) {
			if (pipe(fd) != 0) {
				warn("pipe: %s", strerror(errno));
				break;
			}
			l.other = fd_high(fd[0]);
			l.out = fd_high(fd[1]);
		}
		ok = start_member(n, &l);
		if (in >= 0)
			close(in);
		in = l.other;
		if (l.out >= 0)
			close(l.out);
		if (!ok)
			break;
		if (n->next == NULL)
			return true;
	}
	if (in >= 0)
		close(in);
	return false;
}

static int
run_pipe(struct node *n)
{
	struct job *j = job_new(n->text);
	bool ok = start_pipeline(n->left, j, false);
	int status = job_wait(j);

	return ok ? status : 1;
}

/* Without job control a background job does not read our input. */
static int
null_input(void)
{
	int fd = open("/dev/null", O_RDONLY);

	return fd < 0 ? -1 : fd_high(fd);
}

static int
run_background(struct node *n)
{
	struct job *j = job_new(n->text);
	struct node *what = n->left;
	bool ok;

	if (what != NULL && what->kind == N_PIPE) {
		ok = start_pipeline(what->left, j, true);
	} else {
		struct launch l = { .in = sh.job_control ? -1 : null_input(),
			.out = -1, .other = -1, .job = j,
			.background = true };

		ok = start_member(what, &l);
		if (l.in >= 0)
			close(l.in);
	}
	if (j->n == 0) {
		job_forget(j);
		return 1;
	}
	job_background(j);
	return ok ? 0 : 1;
}

static int
run_subshell(struct node *n, unsigned flags)
{
	struct job *j;

	if ((flags & RUN_LAST) && sh.subshell)
		finish_child(n->left);
	j = job_new(n->text);
	if (fork_shell(j, false) == 0)
		finish_child(n->left);
	if (j->n == 0) {
		job_forget(j);
		return 1;
	}
	return job_wait(j);
}

static int
run_condition(struct node *n)
{
	int status;

	sh.conditions++;
	status = run(n, 0);
	sh.conditions--;
	return status;
}

static int
run_if(struct node *n, unsigned flags)
{
	int status = run_condition(n->left);

	if (sh.unwind != U_NONE)
		return sh.status;
	if (status == 0)
		return run(n->right, flags);
	return n->other == NULL ? 0 : run(n->other, flags);
}

/* After a loop's body: true when the loop is left. */
static bool
leave_loop(void)
{
	if (sh.unwind != U_BREAK && sh.unwind != U_CONTINUE)
		return sh.unwind != U_NONE;
	if (--sh.unwind_count > 0)
		return true;
	if (sh.unwind == U_BREAK) {
		sh.unwind = U_NONE;
		return true;
	}
	sh.unwind = U_NONE;
	return false;
}

static int
run_while(struct node *n)
{
	int status = 0;

	sh.loops++;
	for (;;) {
		bool yes = run_condition(n->left) == 0;

		if (sh.unwind != U_NONE) {
			if (leave_loop())
				break;
			continue;
		}
		if (yes != (n->kind == N_WHILE))
			break;
		status = run(n->right, 0);
		if (leave_loop())
			break;
	}
	sh.loops--;
	return status;
}

static int
run_for(struct node *n)
{
	struct strs items = { 0 };
	int status = 0;
	bool ok = true;

	if (n->has_in)
		ok = expand_words(n->words, &items);
	for (int i = 0; !n->has_in && i < sh.n_args; i++)
		strs_add(&items, xstrdup(sh.args[i]));
	sh.loops++;
	for (size_t i = 0; ok && i < items.n; i++) {
		if (!var_set(n->name, items.v[i]))
			break;
		status = run(n->right, 0);
		if (leave_loop())
			break;
	}
	sh.loops--;
	strs_free(&items);
	return ok ? status : sh.status;
}

static bool
arm_matches(const struct case_arm *arm, const char *subject)
{
	for (struct word *w = arm->patterns; w != NULL; w = w->next) {
		char *pattern = expand_pattern(w->text);
		bool hit = pattern != NULL && match(pattern, subject);

		free(pattern);
		if (hit || sh.unwind != U_NONE)
			return hit;
	}
	return false;
}

static int
run_case(struct node *n, unsigned flags)
{
	char *subject = expand_string(n->words->text);
	struct case_arm *arm = n->arms;

	if (subject == NULL)
		return sh.status;
	while (arm != NULL && !arm_matches(arm, subject))
		arm = arm->next;
	free(subject);
	if (arm == NULL || arm->body == NULL || sh.unwind != U_NONE)
		return sh.unwind != U_NONE ? sh.status : 0;
	return run(arm->body, flags);
}

static int
run_seq(struct node *n, unsigned flags)
{
	int status = 0;

	for (struct node *item = n->left; item != NULL; item = item->next) {
		status = run(item, item->next == NULL ? flags : 0);
		if (sh.unwind != U_NONE)
			return sh.status;
	}
	return status;
}

static int
run_and_or(struct node *n, unsigned flags)
{
	int status = run_condition(n->left);

	if (sh.unwind != U_NONE)
		return sh.status;
	if ((status == 0) != (n->kind == N_AND))
		return status;
	return run(n->right, flags);
}

static int
run_not(struct node *n)
{
	int status = run_condition(n->left);

	return sh.unwind != U_NONE ? sh.status : status == 0;
}

static int
run_kind(struct node *n, unsigned flags)
{
	switch (n->kind) {
	case N_CMD:
		return run_simple(n, flags);
	case N_PIPE:
		return run_pipe(n);
	case N_AND:
	case N_OR:
		return run_and_or(n, flags);
	case N_NOT:
		return run_not(n);
	case N_SEQ:
		return run_seq(n, flags);
	case N_BG:
		return run_background(n);
	case N_SUBSHELL:
		return run_subshell(n, flags);
	case N_GROUP:
		return run(n->left, flags);
	case N_IF:
		return run_if(n, flags);
	case N_WHILE:
	case N_UNTIL:
		return run_while(n);
	case N_FOR:
		return run_for(n);
	case N_CASE:
		return run_case(n, flags);
	case N_FUNC:
		func_define(n->name, n->right, current_mem);
		return 0;
	}
	return 0;
}

/* A compound command's redirections surround it. */
static int
run_redirected(struct node *n, unsigned flags)
{
	struct action *actions;
	struct saved_fds save;
	int status = 1;

	if (!redir_expand(n->redirs, &actions))
		return sh.status;
	if (redir_push(actions, &save)) {
		status = run_kind(n, flags);
		redir_pop(&save);
	}
	redir_free(actions);
	return status;
}

static void
check_errexit(const struct node *n, int status)
{
	if (status == 0 || !sh.opt['e'] || sh.conditions > 0 ||
	    sh.unwind != U_NONE)
		return;
	if (n->kind == N_CMD || n->kind == N_PIPE || n->kind == N_SUBSHELL)
		sh.unwind = U_EXIT;
}

int
run(struct node *n, unsigned flags)
{
	int status;

	if (n == NULL)
		return sh.status;
	if (sh.interrupted) {
		if (sh.interactive && sh.unwind == U_NONE)
			write_all(2, "\n", 1);
		sh.unwind = U_ERROR;
		return sh.status = 130;
	}
	if (sh.opt['n'] && !sh.interactive)
		return 0;
	if (n->redirs != NULL && n->kind != N_CMD)
		status = run_redirected(n, flags);
	else
		status = run_kind(n, flags);
	if (sh.unwind == U_NONE || sh.unwind == U_BREAK ||
	    sh.unwind == U_CONTINUE)
		sh.status = status;
	if (sh.trap_pending)
		trap_run_pending();
	check_errexit(n, status);
	return sh.unwind == U_NONE ? status : sh.status;
}

static void
new_prompt(void)
{
	sh.unwind = U_NONE;
	sh.interrupted = 0;
	sh.loops = sh.conditions = 0;
	job_reap();
	job_notify();
}

static bool
run_next(struct input *in, bool *bad)
{
	struct parser p = { .in = in, .mem = arena_new() };
	struct arena *outer = current_mem;
	struct node *n = parse_line(&p);
	bool end = n == NULL && p.tok == T_EOF && !p.failed;

	*bad = p.failed;
	if (n != NULL) {
		current_mem = p.mem;
		run(n, in->last && in->pos >= in->len ? RUN_LAST : 0);
		current_mem = outer;
	}
	arena_unref(p.mem);
	return !end;
}

/* Reads and runs until the text ends. A person's mistakes do not end it. */
int
run_input(struct input *in)
{
	bool bad = false, ran = false;

	for (;;) {
		bool more;

		if (in->interactive)
			new_prompt();
		input_forget(in);
		more = run_next(in, &bad);
		ran = ran || more;
		if (bad) {
			sh.status = sh.interrupted ? 130 : 2;
			if (!in->interactive) {
				sh.unwind = U_ERROR;
				return sh.status;
			}
			input_drop_line(in);
			continue;
		}
		if (in->interactive && sh.interrupted) {
			/* In the editor, or a built-in like read. */
			sh.status = 130;
			if (more && sh.unwind == U_NONE)
				write_all(2, "\n", 1);
			continue;
		}
		if (!more)
			break;
		if (sh.unwind != U_NONE && (!in->interactive ||
		    sh.unwind == U_EXIT))
			break;
	}
	return sh.status;
}

int
run_text(const char *s, size_t n)
{
	struct input in;

	input_string(&in, s, n);
	run_input(&in);
	input_free(&in);
	return sh.status;
}

int
run_file(const char *path)
{
	struct input in;
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		warn("%s: %s", path, strerror(errno));
		return 127;
	}
	fd = fd_high(fd);
	input_fd(&in, fd);
	sh.status = 0;
	run_input(&in);
	input_free(&in);
	close(fd);
	return sh.status;
}

static char *
read_all(int fd)
{
	struct buf out = { 0 };
	char block[1024];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR && !sh.interrupted)
			continue;
		if (n < 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			if (block[i] != '\0')
				buf_putc(&out, block[i]);
	}
	while (out.len > 0 && out.s[out.len - 1] == '\n')
		out.len--;
	if (out.s != NULL)
		out.s[out.len] = '\0';
	return buf_take(&out);
}

/* Starts the commands of a substitution with their output to fd[1]. */
static bool
start_capture(struct node *n, struct job *j, const int fd[2])
{
	struct launch l = { .in = -1, .out = fd[1], .other = fd[0],
		.job = j };
	bool control = sh.job_control, ok;

	sh.job_control = false; /* it stays in our process group */
	ok = start_member(n, &l);
	sh.job_control = control;
	return ok;
}

char *
capture(const char *source, size_t len)
{
	struct input in;
	struct parser p = { .in = &in, .mem = arena_new() };
	struct arena *outer = current_mem;
	struct node *n;
	char *text = NULL;
	int fd[2] = { -1, -1 };

	input_string(&in, source, len);
	in.no_alias = true;
	n = parse_all(&p);
	current_mem = p.mem;
	sh.subst_status = 0;
	if (p.failed) {
		sh.status = 2;
		sh.unwind = U_ERROR;
	} else if (n == NULL) {
		text = xstrdup("");
	} else if (pipe(fd) != 0) {
		fail("pipe: %s", strerror(errno));
	} else {
		struct job *j = job_new(NULL);
		bool control = sh.job_control;

		fd[0] = fd_high(fd[0]);
		fd[1] = fd_high(fd[1]);
		start_capture(n, j, fd);
		close(fd[1]);
		text = read_all(fd[0]);
		close(fd[0]);
		sh.job_control = false;
		sh.subst_status = job_wait(j);
		sh.job_control = control;
	}
	current_mem = outer;
	input_free(&in);
	arena_unref(p.mem);
	return text;
}

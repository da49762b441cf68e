/*
 * Simple commands: assignments, redirections, and the search for what the
 * first word names (special built-in, function, built-in, program).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

static struct func *functions;

struct func *
func_first(void)
{
	return functions;
}

struct func *
func_find(const char *name)
{
	struct func *f = functions;

	while (f != NULL && strcmp(f->name, name) != 0)
		f = f->next;
	return f;
}

bool
func_remove(const char *name)
{
	for (struct func **at = &functions; *at != NULL; at = &(*at)->next) {
		struct func *f = *at;

		if (strcmp(f->name, name) != 0)
			continue;
		*at = f->next;
		arena_unref(f->mem);
		free(f->name);
		free(f);
		return true;
	}
	return false;
}

void
func_define(const char *name, struct node *body, struct arena *mem)
{
	struct func *f = xmalloc(sizeof(*f));

	arena_ref(mem);
	func_remove(name);
	*f = (struct func){ functions, mem, body, xstrdup(name) };
	functions = f;
}

static void
trace(const struct strs *args, const struct word *assigns)
{
	struct buf b = { 0 };
	const char *ps4 = var_get("PS4");
	const char *sep = "";

	buf_puts(&b, ps4 == NULL ? "" : ps4);
	for (; assigns != NULL; assigns = assigns->next) {
		buf_printf(&b, "%s%s", sep, assigns->text);
		sep = " ";
	}
	for (size_t i = 0; i < args->n; i++) {
		char *s = quoted(args->v[i]);

		buf_printf(&b, "%s%s", sep, s);
		sep = " ";
		free(s);
	}
	buf_putc(&b, '\n');
	write_all(2, b.s, b.len);
	buf_free(&b);
}

/* Carries out NAME=value words; local_export hides the old values. */
static bool
assign(const struct word *w, bool local_export)
{
	for (; w != NULL; w = w->next) {
		size_t n = name_len(w->text);
		char *value = expand_assign(w->text);
		char *name;
		bool ok;

		if (value == NULL)
			return false;
		name = xstrndup(w->text, n);
		if (local_export)
			var_local(name);
		ok = var_set(name, value + n + 1);
		if (ok && local_export)
			var_export(var_make(name), true);
		free(name);
		free(value);
		if (!ok)
			return false;
	}
	return true;
}

static int
call_function(struct func *f, struct strs *args)
{
	char **old_args = sh.args;
	int old_n = sh.n_args, old_loops = sh.loops, status;
	struct arena *mem = arena_ref(f->mem);

	if (sh.calls >= 200) {
		fail("%s: functions nested too deeply", f->name);
		arena_unref(mem);
		return sh.status;
	}
	sh.args = xmalloc((args->n + 1) * sizeof(*sh.args));
	sh.n_args = (int)args->n - 1;
	for (int i = 0; i < sh.n_args; i++)
		sh.args[i] = xstrdup(args->v[i + 1]);
	sh.loops = 0;
	sh.calls++;
	var_push();
	status = run(f->body, 0);
	var_pop();
	sh.calls--;
	sh.loops = old_loops;
	for (int i = 0; i < sh.n_args; i++)
		free(sh.args[i]);
	free(sh.args);
	sh.args = old_args;
	sh.n_args = old_n;
	if (sh.unwind == U_RETURN) {
		sh.unwind = U_NONE;
		status = sh.status;
	}
	arena_unref(mem);
	return status;
}

static int
call_builtin(const struct builtin *b, struct strs *args)
{
	int status = b->run((int)args->n, args->v);

	if (!out_flush() && status == 0) {
		warn("%s: write error", args->v[0]);
		status = 1;
	}
	return status;
}

static int
run_program(struct strs *args, const struct action *actions, unsigned flags)
{
	char *path = path_search(args->v[0]);
	struct launch l = { .argv = strs_end(args), .path = path,
		.actions = actions, .in = -1, .out = -1, .other = -1 };
	int status;

	l.envp = var_environ();
	if (path != NULL && (flags & RUN_LAST) && !trap_any()) {
		const char *bad = redir_apply(actions);

		if (bad != NULL) {
			warn("%s: %s", bad, strerror(errno));
			_exit(2);
		}
		exec_program(path, l.argv, l.envp);
	}
	l.job = job_new(sh.command_text == NULL ? args->v[0] :
	    sh.command_text);
	sh.command_text = NULL;
	launch(&l);
	status = job_wait(l.job);
	if (status == 127)
		path_forget();
	free(path);
	return status;
}

int
run_argv(struct strs *args, unsigned flags)
{
	const struct builtin *b = builtin_find(args->v[0]);
	struct func *f = (flags & SKIP_FUNCTIONS) ? NULL :
	    func_find(args->v[0]);

	if (b != NULL && (b->special || f == NULL))
		return call_builtin(b, args);
	if (f != NULL)
		return call_function(f, args);
	return run_program(args, NULL, flags);
}

/* exec: with a command it never returns, without it redirections stay. */
static int
run_exec(struct strs *args, const struct action *actions)
{
	char *path, *word;

	if (args->n > 1 && strcmp(args->v[1], "--") == 0) {
		free(args->v[1]);
		memmove(args->v + 1, args->v + 2,
		    (args->n - 1) * sizeof(*args->v));
		args->n--;
	}
	if (args->n == 1) {
		struct saved_fds save;

		if (!redir_push(actions, &save)) {
			sh.unwind = U_ERROR;
			return sh.status = 2;
		}
		redir_keep(&save);
		return 0;
	}
	word = args->v[1];
	path = path_search(word);
	if (path == NULL) {
		fail("%s: not found", word);
		return sh.status = 127;
	}
	if (redir_apply(actions) != NULL) {
		fail("%s: %s", actions->path, strerror(errno));
		free(path);
		return sh.status;
	}
	signals_for_child(false, false);
	exec_program(path, strs_end(args) + 1, var_environ());
	return 127;
}

/* A built-in or function, with descriptors changed around it. */
static int
run_inside(struct strs *args, const struct action *actions, unsigned flags)
{
	const struct builtin *b = builtin_find(args->v[0]);
	struct saved_fds save;
	int status;

	if (actions == NULL)
		return run_argv(args, flags);
	if (!redir_push(actions, &save)) {
		if (b != NULL && b->special) {
			sh.status = 2;
			sh.unwind = U_ERROR;
		}
		return 2;
	}
	status = run_argv(args, flags & ~(unsigned)RUN_LAST);
	redir_pop(&save);
	return status;
}

static int
run_words(struct node *n, struct strs *args, const struct action *actions,
    unsigned flags)
{
	const struct builtin *b = builtin_find(args->v[0]);
	bool special = b != NULL && b->special;
	bool hide = n->assigns != NULL && !special;
	int status;

	if (hide)
		var_push();
	if (!assign(n->assigns, hide))
		status = sh.status;
	else if (b != NULL && strcmp(b->name, "exec") == 0)
		status = run_exec(args, actions);
	else if (b != NULL || func_find(args->v[0]) != NULL)
		status = run_inside(args, actions, flags);
	else
		status = run_program(args, actions, flags);
	if (hide)
		var_pop();
	return status;
}

/* No command word: the status is that of the last substitution. */
static int
run_empty(struct node *n, const struct action *actions)
{
	struct saved_fds save;

	if (!assign(n->assigns, false))
		return sh.status;
	if (actions != NULL) {
		if (!redir_push(actions, &save))
			return 1;
		redir_pop(&save);
	}
	return sh.subst_status > 0 ? sh.subst_status : 0;
}

int
run_simple(struct node *n, unsigned flags)
{
	struct strs args = { 0 };
	struct action *actions = NULL;
	int status = sh.status;

	sh.subst_status = 0;
	if (!expand_words(n->words, &args) ||
	    !redir_expand(n->redirs, &actions)) {
		strs_free(&args);
		return sh.status;
	}
	if (sh.opt['x'] && (args.n > 0 || n->assigns != NULL))
		trace(&args, n->assigns);
	if (args.n == 0) {
		status = run_empty(n, actions);
	} else {
		if (n->text != NULL && sh.job_control)
			sh.command_text = n->text;
		status = run_words(n, &args, actions, flags);
	}
	redir_free(actions);
	strs_free(&args);
	return status;
}

static bool
is_plain_word(const char *s)
{
	return strchr(s, '`') == NULL && strstr(s, "$(") == NULL &&
	    strstr(s, "${") == NULL;
}

bool
is_plain_program(const struct node *n)
{
	if (n == NULL || n->kind != N_CMD || n->assigns != NULL ||
	    n->words == NULL || sh.opt['x'])
		return false;
	if (strpbrk(n->words->text, "$`\\\"'*?[~") != NULL ||
	    builtin_find(n->words->text) != NULL ||
	    func_find(n->words->text) != NULL)
		return false;
	for (const struct word *w = n->words; w != NULL; w = w->next)
		if (!is_plain_word(w->text))
			return false;
	for (const struct redir *r = n->redirs; r != NULL; r = r->next)
		if (r->op == R_HERE || !is_plain_word(r->target))
			return false;
	return true;
}

void
launch_plain(struct node *n, struct launch *l)
{
	struct strs args = { 0 };
	struct action *actions = NULL;
	char *path = NULL;

	if (expand_words(n->words, &args) &&
	    redir_expand(n->redirs, &actions)) {
		path = path_search(args.v[0]);
		l->argv = args.v;
		l->path = path;
		l->envp = var_environ();
		l->actions = actions;
		launch(l);
	}
	redir_free(actions);
	strs_free(&args);
	free(path);
}

/*
 * The shell's parts and what they tell each other.
 *
 * Text becomes tokens (lex.c), tokens a tree (parse.c), words in the tree
 * become fields (expand.c, with arith.c, glob.c, match.c and vars.c), and
 * exec.c walks the tree. Words stay raw source text until they are expanded,
 * so quoting is interpreted in one place only.
 *
 * Control flow that leaves more than one level (break, return, exit, an
 * error, Ctrl-C) is a value in sh.unwind, which every loop over commands
 * looks at; nothing jumps.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PATH_DEFAULT "/system/bin"

/* mem.c: memory that aborts the shell when there is none left */
struct arena;
struct buf {
	char *s; /* NUL-terminated as soon as anything was put */
	size_t len, cap;
};
void *xmalloc(size_t n);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
struct arena *arena_new(void);
struct arena *arena_ref(struct arena *a);
void arena_unref(struct arena *a);
void *arena_alloc(struct arena *a, size_t n); /* zeroed */
char *arena_strndup(struct arena *a, const char *s, size_t n);
void buf_put(struct buf *b, const char *s, size_t n);
void buf_putc(struct buf *b, int c);
void buf_puts(struct buf *b, const char *s);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_free(struct buf *b);
char *buf_take(struct buf *b); /* the caller frees the result */

/* A list of strings; argv style, NULL-terminated by strs_end. */
struct strs {
	char **v;
	size_t n, cap;
};
void strs_add(struct strs *l, char *s); /* takes s */
char **strs_end(struct strs *l);
void strs_free(struct strs *l);
void strs_sort(struct strs *l, size_t from);

/* out.c: what built-ins print; no stdio, so nothing is flushed twice */
void out_put(const char *s, size_t n);
void out_puts(const char *s);
void out_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool out_flush(void); /* false: some of it could not be written */
void out_drop(void);
void write_all(int fd, const char *s, size_t n);
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* input.c: where source text comes from */
struct input {
	char *text;
	size_t pos, len, cap;
	bool (*more)(struct input *in); /* appends a line; false at the end */
	int fd;
	int line;
	bool interactive;
	bool continued; /* the next prompt is PS2 */
	bool no_alias;
	bool last; /* the shell ends with this text */
};
void input_string(struct input *in, const char *s, size_t n);
void input_fd(struct input *in, int fd);
void input_terminal(struct input *in);
void input_append(struct input *in, const char *s, size_t n);
void input_drop_line(struct input *in);
void input_forget(struct input *in); /* what was parsed is not needed */
void input_free(struct input *in);
int input_peek(struct input *in); /* -1 at the end */
int input_get(struct input *in);
int input_peek2(struct input *in);

/* lex.c */
enum tok {
	T_EOF, T_NL, T_WORD, T_IONUM, T_SEMI, T_DSEMI, T_AMP, T_AND, T_PIPE,
	T_OR, T_LP, T_RP, T_LESS, T_DLESS, T_DLESSDASH, T_LESSAND,
	T_LESSGREAT, T_GREAT, T_DGREAT, T_GREATAND, T_CLOBBER,
};
struct redir;
struct parser {
	struct input *in;
	struct arena *mem;
	enum tok tok;
	char *text;   /* T_WORD, T_IONUM */
	size_t start, end; /* of the token in in->text */
	size_t last_end;   /* of the token before it */
	bool ready;   /* tok was read ahead */
	bool failed;
	bool alias_next; /* an alias ended in a blank */
	struct redir *here_docs; /* bodies still to be read */
	int depth;
};
enum tok lex(struct parser *p);
bool lex_skip_dollar(struct input *in, bool in_quotes);  /* at '$' */
bool lex_skip_quoted(struct input *in);  /* at one of ' " ` \ */
bool lex_skip_braced(struct input *in, bool in_quotes); /* behind "${" */
char *unquote(const char *raw, bool *quoted); /* malloc'd */
void syntax_error(struct parser *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* parse.c: the tree */
struct word {
	struct word *next;
	char *text;
};
enum redir_op {
	R_IN, R_OUT, R_APPEND, R_CLOBBER, R_RDWR, R_DUPIN, R_DUPOUT, R_HERE,
};
struct redir {
	struct redir *next;
	struct redir *next_here; /* in parser.here_docs */
	enum redir_op op;
	int fd;
	char *target;    /* raw word; of a here-document the body */
	char *delimiter; /* R_HERE while its body is unread */
	bool strip_tabs, literal;
};
enum node_kind {
	N_CMD,      /* assigns, words */
	N_PIPE,     /* left: members by next */
	N_AND, N_OR, /* left, right */
	N_NOT,      /* left */
	N_SEQ,      /* left: elements by next */
	N_BG,       /* left */
	N_SUBSHELL, N_GROUP, /* left */
	N_IF,       /* left: condition, right: then, other: else */
	N_WHILE, N_UNTIL, /* left: condition, right: body */
	N_FOR,      /* name, words (has_in), right */
	N_CASE,     /* words: subject, arms */
	N_FUNC,     /* name, right */
};
struct case_arm {
	struct case_arm *next;
	struct word *patterns;
	struct node *body;
};
struct node {
	enum node_kind kind;
	bool has_in;
	int line;
	char *name;
	char *text; /* source of it, for job lists; may be NULL */
	struct node *left, *right, *other, *next;
	struct word *assigns, *words;
	struct redir *redirs;
	struct case_arm *arms;
};
/* One complete command; NULL for a blank line, at the end, or on an error. */
struct node *parse_line(struct parser *p);
/* Everything up to end of input or an unmatched ')'. */
struct node *parse_all(struct parser *p);

/* vars.c */
struct var {
	struct var *next;
	char *value; /* NULL: unset, but may be exported or local */
	bool exported, read_only;
	char name[];
};

void vars_init(char **envp);
const char *var_get(const char *name); /* borrowed; NULL when unset */
bool var_set(const char *name, const char *value);
bool var_unset(const char *name);
struct var *var_find(const char *name);
struct var *var_make(const char *name);
void var_export(struct var *v, bool exported);
char **var_environ(void); /* borrowed until a variable changes */
void var_local(const char *name);  /* in the innermost frame */
void var_push(void);
void var_pop(void);
bool is_name(const char *s, size_t n);
size_t name_len(const char *s);
void var_each(void (*fn)(struct var *v, void *ctx), void *ctx);
char *quoted(const char *s); /* malloc'd, in shell quotes */

/* alias.c */
const char *alias_get(const char *name);
struct alias {
	struct alias *next;
	char *name, *value;
	size_t left_at_end; /* active while more input than this is left */
	bool active;
};
struct alias *alias_find(const char *name);
struct alias *alias_first(void);
void alias_set(const char *name, const char *value);
bool alias_remove(const char *name); /* NULL: all of them */
void alias_calm(struct input *in);

/* expand.c, arith.c, glob.c, match.c */
bool expand_words(const struct word *w, struct strs *out);
char *expand_string(const char *raw);  /* malloc'd; NULL on an error */
char *expand_assign(const char *raw);  /* with ~ after = and : */
char *expand_pattern(const char *raw); /* quoted characters escaped */
char *expand_here(const char *raw);
bool arith(const char *expr, long long *out);
bool match(const char *pattern, const char *text);
void glob_add(const char *pattern, const char *plain, struct strs *out);
bool has_glob(const char *pattern);
char *capture(const char *source, size_t n); /* command substitution */

/* redir.c */
struct action { /* one redirection, expanded */
	struct action *next;
	int fd;
	int from;   /* descriptor to copy, -1: close fd, -2: open path */
	int flags;
	char *path;
	bool owns_from; /* from is closed afterwards */
};
struct saved_fds {
	int n, cap;
	struct {
		int fd, copy;
	} *v;
};
bool redir_expand(const struct redir *r, struct action **out);
void redir_free(struct action *a);
/* Child side only: changes descriptors for good. Async-signal-safe. */
const char *redir_apply(const struct action *a);
bool redir_push(const struct action *a, struct saved_fds *save);
void redir_pop(struct saved_fds *save);
void redir_keep(struct saved_fds *save);
int fd_high(int fd); /* moves fd to 10 or above, close-on-exec */

/* jobs.c */
enum proc_state { P_RUN, P_STOP, P_DONE };
struct proc {
	pid_t pid;
	enum proc_state state;
	int status;
};
struct job {
	struct job *next;
	int id;
	pid_t pgid;
	struct proc *procs;
	int n;
	bool background, told, negate;
	char *text;
};
struct job *job_new(const char *text);
void job_add(struct job *j, pid_t pid);
void job_add_failed(struct job *j, int status); /* it never ran */
int job_wait(struct job *j); /* in the foreground; exit status */
void job_background(struct job *j);
void job_reap(void);  /* notes who changed state, without waiting */
void job_notify(void);
struct job *job_find(const char *spec);
enum proc_state job_state(const struct job *j);
int job_status(const struct job *j);
void job_list(bool long_form, bool pids_only);
void job_forget_all(void);
void job_forget(struct job *j);
int job_continue(struct job *j, bool foreground);
struct job *job_next(struct job *after);
bool job_wait_any(void); /* false: no children, or a signal came */
int status_of(int wait_status);

/* spawn.c */
struct launch {
	char **argv, **envp;
	const char *path; /* NULL: was not found */
	const struct action *actions;
	int in, out, other; /* -1 or pipe ends; other is closed */
	struct job *job;
	bool background;
};
#define SHELL_PATH "/system/bin/sh"
/* The process, or that it failed, becomes part of l->job. */
void launch(const struct launch *l);
pid_t start_forked(const struct launch *l, char **args);
/* start.c: *bad is what the error in errno is about. */
pid_t start_program(const struct launch *l, char **args, const char **bad);
pid_t fork_shell(struct job *j, bool background); /* as fork */
bool is_script(const char *path);
void exec_program(const char *path, char **argv, char **envp);

/* path.c */
char *path_search(const char *name); /* malloc'd; NULL: not there */
void path_forget(void);
void path_list(void);

/* exec.c */
enum { RUN_LAST = 1 };
enum unwind { U_NONE, U_BREAK, U_CONTINUE, U_RETURN, U_ERROR, U_EXIT };
int run(struct node *n, unsigned flags);
int run_text(const char *s, size_t n);
int run_input(struct input *in);
int run_file(const char *path);
void shell_exit(int status) __attribute__((noreturn));

/* command.c: simple commands */
enum { SKIP_FUNCTIONS = 2 };
int run_simple(struct node *n, unsigned flags);
/* argv[0] is a built-in, function or program; no redirections any more. */
int run_argv(struct strs *args, unsigned flags);
/* Can n be started without a copy of the shell, expansions included? */
bool is_plain_program(const struct node *n);
void launch_plain(struct node *n, struct launch *l);
void func_define(const char *name, struct node *body, struct arena *mem);
struct func {
	struct func *next;
	struct arena *mem;
	struct node *body;
	char *name;
};
struct func *func_find(const char *name);
struct func *func_first(void);
bool func_remove(const char *name);

/* trap.c */
void trap_init(void);
void trap_run_pending(void);
void trap_exit(void);
void trap_reset(void); /* in a subshell */
bool trap_any(void);
void signals_for_child(bool job_control, bool background);
/* Those that a program must find at their default; the count. */
int signals_to_default(bool job_control, int sigs[6]);
void signals_interactive(void);
int signal_number(const char *name); /* -1: no such */
const char *signal_name(int sig);
int builtin_trap(int argc, char **argv);

/* builtin*.c */
struct builtin {
	const char *name;
	int (*run)(int argc, char **argv);
	bool special;
};
const struct builtin *builtin_find(const char *name);
const struct builtin *builtin_at(size_t i);
int builtin_test(int argc, char **argv);
int builtin_printf(int argc, char **argv);
int builtin_echo(int argc, char **argv);
int builtin_read(int argc, char **argv);
int builtin_cd(int argc, char **argv);
int builtin_pwd(int argc, char **argv);
int builtin_umask(int argc, char **argv);
int builtin_ulimit(int argc, char **argv);
int builtin_times(int argc, char **argv);
int builtin_jobs(int argc, char **argv);
int builtin_fg(int argc, char **argv);
int builtin_bg(int argc, char **argv);
int builtin_wait(int argc, char **argv);
int builtin_kill(int argc, char **argv);
int builtin_set(int argc, char **argv);
int builtin_shift(int argc, char **argv);
int builtin_export(int argc, char **argv);
int builtin_readonly(int argc, char **argv);
int builtin_local(int argc, char **argv);
int builtin_unset(int argc, char **argv);
int builtin_getopts(int argc, char **argv);
int builtin_alias(int argc, char **argv);
int builtin_unalias(int argc, char **argv);
int builtin_type(int argc, char **argv);
int builtin_command(int argc, char **argv);
int builtin_hash(int argc, char **argv);
int builtin_history(int argc, char **argv);
void dir_init(void);

/* edit.c, history.c, complete.c */
char *edit_line(const char *prompt); /* malloc'd; NULL at end of file */
void edit_restore(void);
void history_load(void);
void history_add(const char *line, bool goes_on);
const char *history_get(size_t back); /* 1: the newest; NULL: no such */
/* Candidates for the word that ends at line[at].
 * Gives how many bytes of each candidate stand before the cursor already,
 * and what has to be closed there, a quote or a brace, or 0. */
size_t complete(const char *line, size_t at, char *open, struct strs *out);

/* main.c: the state of this shell */
struct shell {
	int status;           /* $? */
	enum unwind unwind;
	int unwind_count;     /* loops to leave */
	int loops;            /* that surround us */
	int calls;            /* functions and dotted files around us */
	int conditions;       /* contexts in which set -e is silent */
	int subst_status;     /* of the last command substitution, or -1 */
	char **args;          /* $1 ..., malloc'd strings */
	int n_args;
	char *name;           /* $0 */
	pid_t pid;            /* $$ */
	pid_t last_bg;        /* $! */
	pid_t pgid;
	int tty;              /* -1: no job control */
	bool interactive, subshell, job_control;
	bool warned_jobs;     /* exit was refused once */
	volatile int interrupted;
	volatile int trap_pending;
	int opt_optind;
	const char *command_text; /* source of the next job, or NULL */
	bool opt[128];        /* by option letter */
};
extern struct shell sh;
int set_option(const char *arg, bool on); /* 0, or -1: no such letter */
char *prompt_text(const char *ps);

/*
 * Jobs. A job is what one pipeline or background list was started as; with
 * job control it is a process group, and the one in the foreground owns the
 * terminal.
 *
 * Processes change state only in note(), fed by waitpid(): while waiting for
 * a foreground job, before each prompt, and in the wait built-in. A job is
 * removed when it is done and its end was reported or waited for.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sh.h"

static struct job *jobs; /* newest first */

struct job *
job_new(const char *text)
{
	struct job *j = xmalloc(sizeof(*j));

	*j = (struct job){ .next = jobs, .text = xstrdup(text == NULL ?
	    "" : text) };
	j->id = jobs == NULL ? 1 : jobs->id + 1;
	for (struct job *k = jobs; k != NULL; k = k->next)
		if (k->id >= j->id)
			j->id = k->id + 1;
	jobs = j;
	return j;
}

void
job_add(struct job *j, pid_t pid)
{
	j->procs = xrealloc(j->procs, (size_t)(j->n + 1) * sizeof(*j->procs));
	j->procs[j->n++] = (struct proc){ .pid = pid };
	if (j->pgid == 0)
		j->pgid = pid;
}

void
job_add_failed(struct job *j, int status)
{
	pid_t pgid = j->pgid;

	job_add(j, 0);
	j->pgid = pgid;
	j->procs[j->n - 1].state = P_DONE;
	j->procs[j->n - 1].status = status << 8;
}

void
job_forget(struct job *j)
{
	struct job **at = &jobs;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	free(j->procs);
	free(j->text);
	free(j);
}

void
job_forget_all(void)
{
	while (jobs != NULL)
		job_forget(jobs);
}

struct job *
job_next(struct job *after)
{
	return after == NULL ? jobs : after->next;
}

enum proc_state
job_state(const struct job *j)
{
	enum proc_state s = P_DONE;

	for (int i = 0; i < j->n; i++) {
		if (j->procs[i].state == P_RUN)
			return P_RUN;
		if (j->procs[i].state == P_STOP)
			s = P_STOP;
	}
	return s;
}

int
status_of(int ws)
{
	if (WIFSIGNALED(ws))
		return 128 + WTERMSIG(ws);
	if (WIFSTOPPED(ws))
		return 128 + WSTOPSIG(ws);
	return WEXITSTATUS(ws);
}

int
job_status(const struct job *j)
{
	return j->n == 0 ? 1 : status_of(j->procs[j->n - 1].status);
}

static void
note(pid_t pid, int ws)
{
	for (struct job *j = jobs; j != NULL; j = j->next) {
		for (int i = 0; i < j->n; i++) {
			struct proc *p = &j->procs[i];

			if (p->pid != pid || p->state == P_DONE)
				continue;
			p->state = WIFSTOPPED(ws) ? P_STOP :
			    WIFCONTINUED(ws) ? P_RUN : P_DONE;
			if (!WIFCONTINUED(ws))
				p->status = ws;
			if (p->state != P_DONE)
				j->told = false;
			return;
		}
	}
}

void
job_reap(void)
{
	pid_t pid;
	int ws;

	if (jobs == NULL)
		return;
	while ((pid = waitpid(-1, &ws, WNOHANG | WUNTRACED |
	    WCONTINUED)) > 0)
		note(pid, ws);
}

/* The children are gone, somebody else waited for them. */
static void
all_lost(void)
{
	for (struct job *j = jobs; j != NULL; j = j->next)
		for (int i = 0; i < j->n; i++)
			j->procs[i].state = P_DONE;
}

bool
job_wait_any(void)
{
	int ws;
	pid_t pid = waitpid(-1, &ws, sh.job_control ? WUNTRACED : 0);

	if (pid < 0 && errno == ECHILD)
		all_lost();
	if (pid <= 0)
		return false;
	note(pid, ws);
	return true;
}

static const char *
signal_text(int sig)
{
	static const char *const texts[] = {
		[SIGHUP] = "Hangup", [SIGQUIT] = "Quit",
		[SIGILL] = "Illegal instruction", [SIGTRAP] = "Trap",
		[SIGABRT] = "Aborted", [SIGBUS] = "Bus error",
		[SIGFPE] = "Arithmetic error", [SIGKILL] = "Killed",
		[SIGUSR1] = "User signal 1", [SIGSEGV] = "Segmentation fault",
		[SIGUSR2] = "User signal 2", [SIGALRM] = "Alarm clock",
		[SIGTERM] = "Terminated", [SIGINT] = "Interrupt",
		[SIGPIPE] = "Broken pipe",
	};

	if (sig > 0 && sig < (int)(sizeof(texts) / sizeof(texts[0])) &&
	    texts[sig] != NULL)
		return texts[sig];
	return "Killed by a signal";
}

static void
describe(const struct job *j, struct buf *b)
{
	int ws = j->n == 0 ? 0 : j->procs[j->n - 1].status;

	switch (job_state(j)) {
	case P_RUN:
		buf_puts(b, "Running");
		break;
	case P_STOP:
		buf_puts(b, "Stopped");
		break;
	case P_DONE:
		if (WIFSIGNALED(ws))
			buf_puts(b, signal_text(WTERMSIG(ws)));
		else if (WEXITSTATUS(ws) != 0)
			buf_printf(b, "Done(%d)", WEXITSTATUS(ws));
		else
			buf_puts(b, "Done");
		break;
	}
}

static struct job *
previous(const struct job *current)
{
	for (struct job *j = jobs; j != NULL; j = j->next)
		if (j != current && (j->background || job_state(j) == P_STOP))
			return j;
	return NULL;
}

static struct job *
current_job(void)
{
	for (struct job *j = jobs; j != NULL; j = j->next)
		if (job_state(j) == P_STOP)
			return j;
	return previous(NULL);
}

static void
put_line(const struct job *j, struct buf *b, bool long_form)
{
	struct buf state = { 0 };
	struct job *cur = current_job();
	int mark = j == cur ? '+' : j == previous(cur) ? '-' : ' ';

	describe(j, &state);
	buf_printf(b, "[%d]%c  ", j->id, mark);
	if (long_form)
		buf_printf(b, "%d ", (int)j->pgid);
	buf_printf(b, "%-22s %s%s\n", state.s, j->text,
	    job_state(j) == P_RUN ? " &" : "");
	buf_free(&state);
}

static void
tell(const struct job *j)
{
	struct buf b = { 0 };

	put_line(j, &b, false);
	write_all(2, b.s, b.len);
	buf_free(&b);
}

/* The job with the next number; in this order they are told of. */
static struct job *
job_behind(int id)
{
	struct job *found = NULL;

	for (struct job *j = jobs; j != NULL; j = j->next)
		if (j->id > id && (found == NULL || j->id < found->id))
			found = j;
	return found;
}

void
job_notify(void)
{
	struct job *next;

	for (struct job *j = job_behind(0); j != NULL; j = next) {
		enum proc_state s = job_state(j);

		next = job_behind(j->id);
		if (s != P_RUN && !j->told && sh.interactive)
			tell(j);
		if (s != P_RUN)
			j->told = true;
		if (s == P_DONE && sh.interactive)
			job_forget(j);
	}
}

void
job_list(bool long_form, bool pids_only)
{
	struct job *next;

	job_reap();
	for (struct job *j = job_behind(0); j != NULL; j = next) {
		struct buf b = { 0 };

		next = job_behind(j->id);
		if (pids_only)
			buf_printf(&b, "%d\n", (int)j->pgid);
		else
			put_line(j, &b, long_form);
		out_put(b.s, b.len);
		buf_free(&b);
		j->told = true;
		if (job_state(j) == P_DONE)
			job_forget(j);
	}
}

/* %n %+ %% %- %text, or a process id. */
struct job *
job_find(const char *spec)
{
	struct job *j;

	if (spec == NULL || strcmp(spec, "%%") == 0 ||
	    strcmp(spec, "%+") == 0 || strcmp(spec, "%") == 0)
		return current_job();
	if (strcmp(spec, "%-") == 0)
		return previous(current_job());
	for (j = jobs; j != NULL; j = j->next) {
		if (*spec != '%') {
			for (int i = 0; i < j->n; i++)
				if (j->procs[i].pid == atoi(spec))
					return j;
		} else if (isdigit((unsigned char)spec[1])) {
			if (j->id == atoi(spec + 1))
				return j;
		} else if (spec[1] == '?' ?
		    strstr(j->text, spec + 2) != NULL :
		    strncmp(j->text, spec + 1, strlen(spec + 1)) == 0) {
			return j;
		}
	}
	return NULL;
}

/* The foreground job ended or stopped: the terminal is ours again. */
static void
take_terminal(struct job *j, int ws)
{
	tcsetpgrp(sh.tty, sh.pgid);
	if (job_state(j) == P_STOP || WIFSIGNALED(ws))
		edit_restore();
}

static void
report_end(struct job *j, int ws)
{
	int sig;

	if (job_state(j) == P_STOP) {
		write_all(2, "\n", 1);
		tell(j);
		j->told = true;
		j->background = true;
		return;
	}
	if (!WIFSIGNALED(ws))
		return;
	sig = WTERMSIG(ws);
	if (sig == SIGINT) {
		if (sh.interactive) {
			write_all(2, "\n", 1);
			sh.unwind = U_ERROR;
		}
	} else if (sig != SIGPIPE) {
		const char *text = signal_text(sig);

		write_all(2, text, strlen(text));
		write_all(2, "\n", 1);
	}
}

int
job_wait(struct job *j)
{
	int status, ws;

	j->background = false;
	/* A key that came before the terminal was the job's is the job's. */
	if (sh.job_control && sh.interrupted && j->pgid > 0) {
		sh.interrupted = 0;
		kill(-j->pgid, SIGINT);
	}
	while (job_state(j) == P_RUN) {
		if (job_wait_any() || errno == EINTR)
			continue;
		break; /* no such child any more */
	}
	ws = j->n == 0 ? 0 : j->procs[j->n - 1].status;
	status = job_status(j);
	if (sh.job_control)
		take_terminal(j, ws);
	report_end(j, ws);
	if (job_state(j) != P_STOP)
		job_forget(j);
	if (sh.unwind == U_ERROR)
		sh.status = status;
	return status;
}

void
job_background(struct job *j)
{
	j->background = true;
	if (j->n > 0)
		sh.last_bg = j->procs[j->n - 1].pid;
	if (sh.interactive && !sh.subshell) {
		char line[40];
		int n = snprintf(line, sizeof(line), "[%d] %d\n", j->id,
		    (int)sh.last_bg);

		write_all(2, line, (size_t)n);
	}
}

int
job_continue(struct job *j, bool foreground)
{
	for (int i = 0; i < j->n; i++)
		if (j->procs[i].state == P_STOP)
			j->procs[i].state = P_RUN;
	j->told = false;
	if (foreground)
		tcsetpgrp(sh.tty, j->pgid);
	kill(-j->pgid, SIGCONT);
	if (foreground)
		return job_wait(j);
	j->background = true;
	return 0;
}

/*
 * Signals and traps. A handler only notes that its signal came; the action
 * runs between two commands (trap_run_pending). Without actions there are no
 * handlers, except SIGINT in an interactive shell, which makes the current
 * line end.
 */
#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sh.h"

enum { SIGNALS = 65 };

static struct {
	char *action[SIGNALS]; /* 0: EXIT; "" ignores */
	volatile sig_atomic_t pending[SIGNALS];
	bool ignored_at_start[SIGNALS];
	bool running;
} traps;

static const struct {
	const char *name;
	int number;
} names[] = {
	{ "EXIT", 0 }, { "HUP", SIGHUP }, { "INT", SIGINT },
	{ "QUIT", SIGQUIT }, { "ILL", SIGILL }, { "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT }, { "BUS", SIGBUS }, { "FPE", SIGFPE },
	{ "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 }, { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
	{ "TERM", SIGTERM }, { "CHLD", SIGCHLD }, { "CONT", SIGCONT },
	{ "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU }, { "URG", SIGURG }, { "WINCH", SIGWINCH },
	{ "IO", SIGIO }, { "SYS", SIGSYS },
};

int
signal_number(const char *name)
{
	if (isdigit((unsigned char)*name)) {
		char *end;
		long n = strtol(name, &end, 10);

		return *end == '\0' && n < SIGNALS ? (int)n : -1;
	}
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i].name, name) == 0)
			return names[i].number;
	return -1;
}

const char *
signal_name(int sig)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == sig)
			return names[i].name;
	return NULL;
}

static void
on_signal(int sig)
{
	if (traps.action[sig] != NULL) {
		traps.pending[sig] = 1;
		sh.trap_pending = 1;
	} else if (sig == SIGINT) {
		sh.interrupted = 1;
	}
}

static void
install(int sig, void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler };

	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

static void
install_default(int sig)
{
	if (sh.interactive && !sh.subshell) {
		if (sig == SIGINT) {
			install(sig, on_signal);
			return;
		}
		if (sig == SIGQUIT || sig == SIGTERM || (sh.job_control &&
		    (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU))) {
			install(sig, SIG_IGN);
			return;
		}
	}
	install(sig, SIG_DFL);
}

void
signals_interactive(void)
{
	static const int sigs[] = { SIGINT, SIGQUIT, SIGTERM, SIGTSTP,
		SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		install_default(sigs[i]);
}

int
signals_to_default(bool job_control, int out[6])
{
	static const int sigs[] = { SIGINT, SIGQUIT, SIGTERM, SIGTSTP,
		SIGTTIN, SIGTTOU };
	int n = 0;

	if (!sh.interactive)
		return 0;
	/* Ctrl-Z must not stop what the shell itself waits for. */
	for (int i = 0; i < (job_control ? 6 : 3); i++) {
		const char *action = traps.action[sigs[i]];

		if (action == NULL || *action != '\0')
			out[n++] = sigs[i];
	}
	return n;
}

/* Runs in the child, possibly behind vfork: no memory may be changed. */
void
signals_for_child(bool job_control, bool background)
{
	int sigs[6], n = signals_to_default(job_control, sigs);

	for (int i = 0; i < n; i++)
		install(sigs[i], SIG_DFL);
	if (background && !job_control) {
		install(SIGINT, SIG_IGN);
		install(SIGQUIT, SIG_IGN);
	}
}

void
trap_init(void)
{
	for (int i = 1; i < SIGNALS; i++) {
		struct sigaction sa;

		if (signal_name(i) != NULL && sigaction(i, NULL, &sa) == 0)
			traps.ignored_at_start[i] = sa.sa_handler == SIG_IGN;
	}
}

void
trap_reset(void)
{
	for (int i = 0; i < SIGNALS; i++) {
		traps.pending[i] = 0;
		if (traps.action[i] == NULL || *traps.action[i] == '\0')
			continue;
		free(traps.action[i]);
		traps.action[i] = NULL;
		if (i > 0)
			install(i, SIG_DFL);
	}
	sh.trap_pending = 0;
}

bool
trap_any(void)
{
	for (int i = 0; i < SIGNALS; i++)
		if (traps.action[i] != NULL && *traps.action[i] != '\0')
			return true;
	return false;
}

/* An action does not disturb $? nor what surrounds it, unless it exits. */
static void
run_action(const char *action)
{
	char *text = xstrdup(action);
	int status = sh.status;
	enum unwind unwind = sh.unwind;

	traps.running = true;
	sh.unwind = U_NONE;
	run_text(text, strlen(text));
	traps.running = false;
	if (sh.unwind != U_EXIT) {
		sh.status = status;
		if (sh.unwind == U_NONE)
			sh.unwind = unwind;
	}
	free(text);
}

void
trap_run_pending(void)
{
	if (traps.running)
		return;
	sh.trap_pending = 0;
	for (int i = 1; i < SIGNALS; i++) {
		if (!traps.pending[i])
			continue;
		traps.pending[i] = 0;
		if (traps.action[i] != NULL)
			run_action(traps.action[i]);
	}
}

void
trap_exit(void)
{
	char *action = traps.action[0];

	traps.action[0] = NULL;
	if (action != NULL)
		run_action(action);
	free(action);
}

static void
list_traps(void)
{
	for (int i = 0; i < SIGNALS; i++) {
		char *text;

		if (traps.action[i] == NULL)
			continue;
		text = quoted(traps.action[i]);
		out_printf("trap -- %s %s\n", text, signal_name(i));
		free(text);
	}
}

static void
set_trap(int sig, const char *action)
{
	free(traps.action[sig]);
	traps.action[sig] = action == NULL ? NULL : xstrdup(action);
	if (sig == 0 || sig == SIGKILL || sig == SIGSTOP)
		return;
	if (action == NULL)
		install_default(sig);
	else
		install(sig, *action == '\0' ? SIG_IGN : on_signal);
}

int
builtin_trap(int argc, char **argv)
{
	const char *action = NULL;
	int i = 1, status = 0;

	if (argc > 1 && strcmp(argv[1], "--") == 0)
		i++;
	if (i >= argc) {
		list_traps();
		return 0;
	}
	if (argc - i > 1 && !isdigit((unsigned char)*argv[i])) {
		if (strcmp(argv[i], "-") != 0)
			action = argv[i];
		i++;
	} else if (strcmp(argv[i], "-") == 0) {
		i++;
	}
	for (; i < argc; i++) {
		int sig = signal_number(argv[i]);

		if (sig < 0 || signal_name(sig) == NULL) {
			warn("trap: %s: no such signal", argv[i]);
			status = 1;
		} else if (!traps.ignored_at_start[sig] || sh.interactive) {
			set_trap(sig, action);
		}
	}
	return status;
}

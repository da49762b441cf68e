/* kill [-signal | -s signal] pid ... | -l */
#include "tool.h"

#include <ctype.h>
#include <signal.h>
#include <strings.h>

static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT },
	{ "ILL", SIGILL }, { "ABRT", SIGABRT }, { "FPE", SIGFPE },
	{ "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 }, { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
	{ "TERM", SIGTERM }, { "CHLD", SIGCHLD }, { "CONT", SIGCONT },
	{ "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU }, { "WINCH", SIGWINCH },
};

enum { COUNT = sizeof(signals) / sizeof(signals[0]) };

static int
number_of(const char *name)
{
	if (isdigit((unsigned char)*name))
		return atoi(name);
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (int i = 0; i < COUNT; i++)
		if (strcasecmp(signals[i].name, name) == 0)
			return signals[i].number;
	return -1;
}

int
main(int argc, char **argv)
{
	int sig = SIGTERM, i = 1;

	tool_start(argv);
	if (argc > 1 && strcmp(argv[1], "-l") == 0) {
		for (int k = 0; k < COUNT; k++)
			printf("%2d %s\n", signals[k].number, signals[k].name);
		return finish();
	}
	if (argc > 2 && strcmp(argv[1], "-s") == 0) {
		sig = number_of(argv[2]);
		i = 3;
	} else if (argc > 1 && argv[1][0] == '-' &&
	    strcmp(argv[1], "--") != 0) {
		sig = number_of(argv[1] + 1);
		i = 2;
	}
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (sig < 0 || i >= argc)
		return usage("[-signal] pid ... | -l");
	for (; i < argc; i++)
		if (kill((pid_t)number_arg(argv[i]), sig) != 0)
			complain_file(argv[i]);
	return tool_status;
}

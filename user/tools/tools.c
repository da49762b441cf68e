/*
 * The small programs in one: every user/bin/NAME.c, whose main is main_NAME.
 *
 * Apart, each would carry its own copy of the C library's formatting and
 * streams, fifty times what it does itself. All names are links to one file,
 * so that its pages are in memory once. Which program is meant says the path
 * that was executed, not argv[0], which is the caller's to choose; where the
 * path is another name for the file (a symbolic link, a script), the file's
 * own name does.
 *
 * The list of names, tools.def, is made by user/user.mk.
 */
#include <native/task.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TOOL(name) int main_##name(int argc, char **argv);
#include "tools.def"
#undef TOOL

static const struct tool {
	const char *name;
	int (*main)(int argc, char **argv);
} tools[] = {
#define TOOL(name) { #name, main_##name },
#include "tools.def"
#undef TOOL
};

static const struct tool *
tool_find(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	return NULL;
}

/* The path this program was executed by; auxiliary pairs follow envp. */
static const char *
executed_path(char **envp)
{
	const unsigned long *aux;

	while (*envp != NULL)
		envp++;
	aux = (const unsigned long *)(envp + 1);
	for (; aux[0] != CM_AUX_NULL; aux += 2)
		if (aux[0] == CM_AUX_EXECFN)
			return (const char *)aux[1];
	return "";
}

int
main(int argc, char **argv, char **envp)
{
	const struct tool *t = tool_find(executed_path(envp));
	char own[256];

	if (t == NULL) {
		ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

		own[n < 0 ? 0 : n] = '\0';
		t = tool_find(own);
	}
	if (t != NULL)
		return t->main(argc, argv);
	fprintf(stderr, "%s: not the name of a tool; there are",
	    executed_path(envp));
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		fprintf(stderr, " %s", tools[i].name);
	fputc('\n', stderr);
	return 127;
}

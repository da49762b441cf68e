/*
 * Built-ins about names of commands: alias, type, command, hash, history.
 */
#include <stdlib.h>
#include <string.h>

#include "sh.h"

static void
print_alias(const struct alias *a)
{
	char *text = quoted(a->value);

	out_printf("%s=%s\n", a->name, text);
	free(text);
}

int
builtin_alias(int argc, char **argv)
{
	int status = 0;

	for (struct alias *a = alias_first(); argc == 1 && a != NULL;
	    a = a->next)
		print_alias(a);
	for (int i = 1; i < argc; i++) {
		char *eq = strchr(argv[i], '=');
		struct alias *a;

		if (eq != NULL && eq != argv[i]) {
			*eq = '\0';
			alias_set(argv[i], eq + 1);
		} else if ((a = alias_find(argv[i])) != NULL) {
			print_alias(a);
		} else {
			warn("alias: %s: not found", argv[i]);
			status = 1;
		}
	}
	return status;
}

int
builtin_unalias(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		bool all = strcmp(argv[i], "-a") == 0;

		if (!alias_remove(all ? NULL : argv[i]))
			status = 1;
	}
	return status;
}

static bool
is_keyword(const char *s)
{
	static const char *const words[] = { "if", "then", "else", "elif",
		"fi", "do", "done", "case", "esac", "while", "until", "for",
		"in", "{", "}", "!" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], s) == 0)
			return true;
	return false;
}

/* terse: as `command -v`, for use by scripts. */
static int
describe(const char *name, bool terse)
{
	const struct builtin *b = builtin_find(name);
	struct alias *a = alias_find(name);
	char *path;

	if (a != NULL && terse)
		out_printf("alias %s='%s'\n", name, a->value);
	else if (a != NULL)
		out_printf("%s is an alias for %s\n", name, a->value);
	else if (terse && (is_keyword(name) || func_find(name) != NULL ||
	    b != NULL))
		out_printf("%s\n", name);
	else if (is_keyword(name))
		out_printf("%s is a shell keyword\n", name);
	else if (func_find(name) != NULL)
		out_printf("%s is a shell function\n", name);
	else if (b != NULL)
		out_printf("%s is a %sshell builtin\n", name,
		    b->special ? "special " : "");
	else if ((path = path_search(name)) != NULL) {
		out_printf(terse ? "%s\n" : "%2$s is %1$s\n", path, name);
		free(path);
	} else {
		if (!terse)
			out_printf("%s: not found\n", name);
		return terse ? 1 : 127;
	}
	return 0;
}

int
builtin_type(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		int one = describe(argv[i], false);

		status = one != 0 ? one : status;
	}
	return status;
}

int
builtin_command(int argc, char **argv)
{
	int i = 1, status;
	char how = 0;
	struct strs args = { 0 };

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (argv[i][1] == 'v' || argv[i][1] == 'V')
			how = argv[i][1];
	}
	if (i >= argc)
		return 0;
	if (how != 0)
		return describe(argv[i], how == 'v');
	for (; i < argc; i++)
		strs_add(&args, xstrdup(argv[i]));
	strs_end(&args);
	status = run_argv(&args, SKIP_FUNCTIONS);
	strs_free(&args);
	return status;
}

int
builtin_hash(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		path_list();
	for (int i = 1; i < argc; i++) {
		char *path;

		if (strcmp(argv[i], "-r") == 0) {
			path_forget();
			continue;
		}
		path = path_search(argv[i]);
		if (path == NULL) {
			warn("hash: %s: not found", argv[i]);
			status = 1;
		}
		free(path);
	}
	return status;
}

int
builtin_history(int argc, char **argv)
{
	size_t n = 0, shown;

	while (history_get(n + 1) != NULL)
		n++;
	shown = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : n;
	for (size_t back = shown < n ? shown : n; back > 0; back--)
		out_printf("%5zu  %s\n", n - back + 1, history_get(back));
	return 0;
}

/*
 * Built-ins about variables, parameters and options.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sh.h"

static const struct {
	char letter;
	const char *name;
} options[] = {
	{ 'a', "allexport" }, { 'C', "noclobber" }, { 'e', "errexit" },
	{ 'f', "noglob" }, { 'm', "monitor" }, { 'n', "noexec" },
	{ 'u', "nounset" }, { 'v', "verbose" }, { 'x', "xtrace" },
	{ 'b', "notify" }, { 'I', "ignoreeof" },
};

enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

static int
set_long_option(const char *name, bool on)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		if (strcmp(options[i].name, name) == 0) {
			sh.opt[(int)options[i].letter] = on;
			return 0;
		}
	}
	return -1;
}

/* arg: letters. */
int
set_option(const char *arg, bool on)
{
	for (; *arg != '\0'; arg++) {
		size_t i = 0;

		while (i < OPTIONS && options[i].letter != *arg)
			i++;
		if (i == OPTIONS)
			return -1;
		sh.opt[(int)*arg] = on;
	}
	return 0;
}

static void
collect(struct var *v, void *ctx)
{
	struct buf b = { 0 };
	char *text;

	if (v->value == NULL)
		return;
	text = quoted(v->value);
	buf_printf(&b, "%s=%s", v->name, text);
	strs_add(ctx, buf_take(&b));
	free(text);
}

static void
collect_exported(struct var *v, void *ctx)
{
	struct buf b = { 0 };

	if (!v->exported)
		return;
	buf_printf(&b, "export %s", v->name);
	if (v->value != NULL) {
		char *text = quoted(v->value);

		buf_printf(&b, "=%s", text);
		free(text);
	}
	strs_add(ctx, buf_take(&b));
}

static void
collect_read_only(struct var *v, void *ctx)
{
	struct buf b = { 0 };

	if (!v->read_only)
		return;
	buf_printf(&b, "readonly %s", v->name);
	strs_add(ctx, buf_take(&b));
}

static void
print_vars(void (*fn)(struct var *v, void *ctx))
{
	struct strs lines = { 0 };

	var_each(fn, &lines);
	strs_sort(&lines, 0);
	for (size_t i = 0; i < lines.n; i++)
		out_printf("%s\n", lines.v[i]);
	strs_free(&lines);
}

static void
replace_args(int argc, char **argv)
{
	for (int i = 0; i < sh.n_args; i++)
		free(sh.args[i]);
	free(sh.args);
	sh.args = xmalloc((size_t)(argc + 1) * sizeof(*sh.args));
	for (int i = 0; i < argc; i++)
		sh.args[i] = xstrdup(argv[i]);
	sh.n_args = argc;
}

static void
print_options(bool as_commands)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		bool on = sh.opt[(int)options[i].letter];

		if (as_commands)
			out_printf("set %co %s\n", on ? '-' : '+',
			    options[i].name);
		else
			out_printf("%-16s%s\n", options[i].name,
			    on ? "on" : "off");
	}
}

int
builtin_set(int argc, char **argv)
{
	int i = 1;

	if (argc == 1) {
		print_vars(collect);
		return 0;
	}
	for (; i < argc && (argv[i][0] == '-' || argv[i][0] == '+'); i++) {
		bool on = argv[i][0] == '-';
		int bad = 0;

		if (strcmp(argv[i], "--") == 0) {
			replace_args(argc - i - 1, argv + i + 1);
			return 0;
		}
		if (strcmp(argv[i] + 1, "o") == 0 && i + 1 >= argc)
			print_options(!on);
		else if (strcmp(argv[i] + 1, "o") == 0)
			bad = set_long_option(argv[++i], on);
		else
			bad = set_option(argv[i] + 1, on);
		if (bad != 0) {
			fail("set: %s: no such option", argv[i]);
			return 2;
		}
	}
	if (i < argc)
		replace_args(argc - i, argv + i);
	return 0;
}

int
builtin_shift(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;

	if (n < 0 || n > sh.n_args) {
		fail("shift: cannot shift that many");
		return 2;
	}
	for (int i = 0; i < n; i++)
		free(sh.args[i]);
	memmove(sh.args, sh.args + n,
	    (size_t)(sh.n_args - n) * sizeof(*sh.args));
	sh.n_args -= n;
	return 0;
}

enum declare { D_EXPORT, D_READ_ONLY, D_LOCAL };

static int
declare(char *arg, enum declare how)
{
	size_t n = name_len(arg);
	char *eq = arg[n] == '=' ? arg + n : NULL;
	struct var *v;

	if (n == 0 || (arg[n] != '\0' && eq == NULL)) {
		fail("%s: bad variable name", arg);
		return 2;
	}
	if (eq != NULL)
		*eq = '\0';
	if (how == D_LOCAL)
		var_local(arg);
	if (eq != NULL && !var_set(arg, eq + 1))
		return 2;
	v = var_make(arg);
	if (how == D_EXPORT && !v->exported) {
		var_export(v, true);
		var_set(arg, v->value == NULL ? "" : v->value);
	}
	v->read_only = v->read_only || how == D_READ_ONLY;
	return 0;
}

static int
declare_all(int argc, char **argv, enum declare how)
{
	int status = 0, i = 1;

	if (i < argc && (strcmp(argv[i], "--") == 0 ||
	    strcmp(argv[i], "-p") == 0))
		i++;
	for (; i < argc && status == 0; i++)
		status = declare(argv[i], how);
	return status;
}

int
builtin_export(int argc, char **argv)
{
	if (argc == 1 || (argc == 2 && strcmp(argv[1], "-p") == 0)) {
		print_vars(collect_exported);
		return 0;
	}
	if (strcmp(argv[1], "-n") == 0) {
		for (int i = 2; i < argc; i++) {
			struct var *v = var_make(argv[i]);

			var_export(v, false);
			var_set(argv[i], v->value == NULL ? "" : v->value);
		}
		return 0;
	}
	return declare_all(argc, argv, D_EXPORT);
}

int
builtin_readonly(int argc, char **argv)
{
	if (argc == 1 || (argc == 2 && strcmp(argv[1], "-p") == 0)) {
		print_vars(collect_read_only);
		return 0;
	}
	return declare_all(argc, argv, D_READ_ONLY);
}

int
builtin_local(int argc, char **argv)
{
	if (sh.calls == 0) {
		warn("local: only in a function");
		return 1;
	}
	return declare_all(argc, argv, D_LOCAL);
}

int
builtin_unset(int argc, char **argv)
{
	bool functions = false;
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++)
		functions = argv[i][1] == 'f';
	for (; i < argc; i++) {
		if (functions)
			func_remove(argv[i]);
		else if (!var_unset(argv[i]))
			return 2;
	}
	return 0;
}

static void
set_number(const char *name, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	var_set(name, text);
}

/* One step of getopts over args; sh.opt_optind is the place in a word. */
static int
next_option(const char *spec, int argc, char **args, const char *name)
{
	const char *optind = var_get("OPTIND"), *at;
	int i = optind == NULL ? 1 : atoi(optind), place = sh.opt_optind;
	char letter[2] = "?";
	bool quiet = *spec == ':';
	const char *arg = i >= 1 && i <= argc ? args[i - 1] : NULL;

	if (place == 0) {
		if (arg == NULL || arg[0] != '-' || arg[1] == '\0')
			return 1;
		if (strcmp(arg, "--") == 0) {
			set_number("OPTIND", i + 1);
			return 1;
		}
		place = 1;
	}
	letter[0] = arg == NULL ? '?' : arg[place++];
	at = letter[0] == ':' ? NULL : strchr(spec, letter[0]);
	var_unset("OPTARG");
	if (at == NULL) {
		if (quiet)
			var_set("OPTARG", letter);
		else
			warn("getopts: -%s: no such option", letter);
		letter[0] = '?';
	}
	if (arg == NULL || arg[place] == '\0') {
		i++;
		place = 0;
	}
	if (at != NULL && at[1] == ':') {
		const char *value = place != 0 ? arg + place :
		    i <= argc ? args[i - 1] : NULL;

		i += value != NULL;
		place = 0;
		if (value != NULL) {
			var_set("OPTARG", value);
		} else if (quiet) {
			var_set("OPTARG", letter);
			letter[0] = ':';
		} else {
			warn("getopts: -%s: argument expected", letter);
			letter[0] = '?';
		}
	}
	set_number("OPTIND", i);
	sh.opt_optind = place;
	var_set(name, letter);
	return 0;
}

int
builtin_getopts(int argc, char **argv)
{
	int status;

	if (argc < 3) {
		warn("usage: getopts options name [arg ...]");
		return 2;
	}
	if (argc > 3)
		status = next_option(argv[1], argc - 3, argv + 3, argv[2]);
	else
		status = next_option(argv[1], sh.n_args, sh.args, argv[2]);
	if (status != 0)
		var_set(argv[2], "?");
	return status;
}

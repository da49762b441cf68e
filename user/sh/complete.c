/*
 * Completion: what could stand where the cursor is. The first word of a
 * command is a command; behind '$' stands a variable; the rest are files.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sh.h"

struct wanted {
	const char *prefix;
	struct strs *out;
	const char *before; /* put in front of each candidate */
};

static void
offer(const struct wanted *w, const char *name, const char *after)
{
	struct buf b = { 0 };

	if (strncmp(name, w->prefix, strlen(w->prefix)) != 0)
		return;
	buf_printf(&b, "%s%s%s", w->before, name, after);
	strs_add(w->out, buf_take(&b));
}

static void
offer_var(struct var *v, void *ctx)
{
	if (v->value != NULL)
		offer(ctx, v->name, "");
}

/* Is name in dir a directory, or something that may be executed? */
static mode_t
mode_in(const char *dir, const char *name)
{
	struct buf b = { 0 };
	struct stat st = { 0 };

	buf_printf(&b, "%s/%s", dir, name);
	if (stat(b.s, &st) != 0)
		st.st_mode = 0;
	buf_free(&b);
	return st.st_mode;
}

static void
offer_dir(const struct wanted *w, const char *dir, bool programs)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		mode_t mode;

		if (strncmp(e->d_name, w->prefix, strlen(w->prefix)) != 0)
			continue;
		if (e->d_name[0] == '.' && w->prefix[0] != '.')
			continue;
		mode = mode_in(dir, e->d_name);
		if (programs && (!S_ISREG(mode) || (mode & 0111) == 0))
			continue;
		offer(w, e->d_name, S_ISDIR(mode) ? "/" : "");
	}
	if (d != NULL)
		closedir(d);
}

static void
offer_commands(const struct wanted *w)
{
	const char *dir = var_get("PATH");

	for (size_t i = 0; builtin_at(i) != NULL; i++)
		offer(w, builtin_at(i)->name, "");
	for (struct func *f = func_first(); f != NULL; f = f->next)
		offer(w, f->name, "");
	for (struct alias *a = alias_first(); a != NULL; a = a->next)
		offer(w, a->name, "");
	while (dir != NULL && *dir != '\0') {
		size_t n = strcspn(dir, ":");
		char *one = xstrndup(dir, n);

		offer_dir(w, *one == '\0' ? "." : one, true);
		free(one);
		dir += n + (dir[n] == ':');
	}
}

static void
offer_files(const char *word, struct strs *out)
{
	const char *slash = strrchr(word, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - word) + 1;
	char *before = xstrndup(word, n), *dir;
	struct wanted w = { word + n, out, before };

	dir = n == 0 ? xstrdup(".") : expand_string(before);
	if (dir != NULL)
		offer_dir(&w, dir, false);
	free(dir);
	free(before);
}

static bool
command_position(const char *line, size_t from)
{
	while (from > 0 && isblank((unsigned char)line[from - 1]))
		from--;
	return from == 0 || strchr(";|&({`!", line[from - 1]) != NULL;
}

static void
remove_doubles(struct strs *l)
{
	size_t kept = 0;

	strs_sort(l, 0);
	for (size_t i = 0; i < l->n; i++) {
		if (kept > 0 && strcmp(l->v[kept - 1], l->v[i]) == 0)
			free(l->v[i]);
		else
			l->v[kept++] = l->v[i];
	}
	l->n = kept;
}

void
complete(const char *line, size_t at, size_t *from, struct strs *out)
{
	size_t start = at;
	const char *dollar;
	char *word;

	while (start > 0 && strchr(" \t;|&()<>=`'\"", line[start - 1]) ==
	    NULL)
		start--;
	word = xstrndup(line + start, at - start);
	dollar = strrchr(word, '$');
	if (dollar != NULL) {
		size_t open = dollar[1] == '{' ? 2 : 1;
		char *before = xstrndup(word, (size_t)(dollar - word) + open);
		struct wanted w = { dollar + open, out, before };

		var_each(offer_var, &w);
		free(before);
	} else if (strchr(word, '/') == NULL && *word != '~' &&
	    command_position(line, start)) {
		struct wanted w = { word, out, "" };

		offer_commands(&w);
	} else {
		offer_files(word, out);
	}
	free(word);
	remove_doubles(out);
	*from = start;
}

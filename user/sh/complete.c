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

/* The word that ends at the cursor, as it was typed and without quotes. */
struct typed_word {
	size_t from;       /* its first byte in the line */
	struct buf text;   /* unquoted */
	size_t slash;      /* in text: behind the last one */
	size_t raw_slash;  /* in the line, the same place */
	char slash_quote;  /* open there */
	char quote;        /* open at the cursor, or 0 */
};

static void
word_start(struct typed_word *w, size_t at)
{
	w->from = w->raw_slash = at;
	w->text.len = w->slash = 0;
	w->slash_quote = w->quote;
	buf_put(&w->text, "", 0);
}

static void
word_put(struct typed_word *w, char c, size_t behind)
{
	buf_putc(&w->text, c);
	if (c != '/')
		return;
	w->slash = w->text.len;
	w->raw_slash = behind;
	w->slash_quote = w->quote;
}

static void
word_find(struct typed_word *w, const char *line, size_t at)
{
	*w = (struct typed_word){ 0 };
	word_start(w, 0);
	for (size_t i = 0; i < at; i++) {
		char c = line[i];

		if (c == w->quote && c != '\0') {
			w->quote = '\0';
		} else if (w->quote == '\0' && (c == '"' || c == '\'')) {
			w->quote = c;
		} else if (w->quote == '\0' &&
		    strchr(" \t;|&()<>=`", c) != NULL) {
			word_start(w, i + 1);
		} else if (c == '\\' && w->quote != '\'') {
			if (++i < at)
				word_put(w, line[i], i + 1);
		} else {
			word_put(w, c, i + 1);
		}
	}
}

/* Does the word end in the beginning of a variable's name? Gives where. */
static bool
names_variable(const struct typed_word *w, const char *line, size_t at,
    size_t *name)
{
	size_t i = at, braces;

	while (i > w->from && (isalnum((unsigned char)line[i - 1]) ||
	    line[i - 1] == '_'))
		i--;
	*name = i;
	braces = i > w->from && line[i - 1] == '{';
	return w->quote != '\'' && i > w->from + braces &&
	    line[i - braces - 1] == '$' && (i < braces + 2 ||
	    line[i - braces - 2] != '\\');
}

static void
offer_files(const struct typed_word *word, const char *line, struct strs *out)
{
	char *before = xstrndup(word->text.s, word->slash), *dir = NULL;
	struct wanted w = { word->text.s + word->slash, out, before };
	struct buf raw = { 0 };

	/* The folder as the shell will read it: ~ and variables count. */
	buf_put(&raw, line + word->from, word->raw_slash - word->from);
	if (word->slash_quote != '\0')
		buf_putc(&raw, word->slash_quote);
	dir = word->slash == 0 ? xstrdup(".") : expand_string(raw.s);
	if (dir != NULL)
		offer_dir(&w, dir, false);
	free(dir);
	free(before);
	buf_free(&raw);
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

size_t
complete(const char *line, size_t at, char *open, struct strs *out)
{
	size_t name, typed;
	struct typed_word word;
	bool brace = false;

	word_find(&word, line, at);
	typed = word.text.len;
	if (names_variable(&word, line, at, &name)) {
		char *prefix = xstrndup(line + name, at - name);
		struct wanted w = { prefix, out, "" };

		typed = at - name;
		brace = line[name - 1] == '{';
		var_each(offer_var, &w);
		free(prefix);
	} else if (word.slash == 0 && line[word.from] != '~' &&
	    command_position(line, word.from)) {
		struct wanted w = { word.text.s, out, "" };

		offer_commands(&w);
	} else {
		offer_files(&word, line, out);
	}
	*open = brace ? '}' : word.quote;
	buf_free(&word.text);
	remove_doubles(out);
	return typed;
}

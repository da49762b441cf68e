/*
 * Variables: a hash table of names, and a stack of frames that remember what
 * `local` and assignments in front of a command have hidden.
 *
 * The environment array is built when a program is started and kept until an
 * exported variable changes.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

enum { BUCKETS = 128 };

struct hidden {
	struct hidden *next;
	char *name, *value;
	bool exported, read_only;
};

struct frame {
	struct frame *next;
	struct hidden *hidden;
};

static struct {
	struct var *table[BUCKETS];
	struct frame *frames;
	struct strs env;
	bool env_stale;
} vars = { .env_stale = true };

static struct var **
bucket(const char *name, size_t n)
{
	unsigned h = 5381;

	for (size_t i = 0; i < n; i++)
		h = h * 33 ^ (unsigned char)name[i];
	return &vars.table[h % BUCKETS];
}

bool
is_name(const char *s, size_t n)
{
	if (n == 0 || isdigit((unsigned char)*s))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_')
			return false;
	return true;
}

size_t
name_len(const char *s)
{
	size_t n = 0;

	if (isdigit((unsigned char)*s))
		return 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

struct var *
var_find(const char *name)
{
	struct var *v = *bucket(name, strlen(name));

	while (v != NULL && strcmp(v->name, name) != 0)
		v = v->next;
	return v;
}

struct var *
var_make(const char *name)
{
	struct var *v = var_find(name);
	size_t n = strlen(name);

	if (v != NULL)
		return v;
	v = xmalloc(sizeof(*v) + n + 1);
	*v = (struct var){ .next = *bucket(name, n) };
	memcpy(v->name, name, n + 1);
	*bucket(name, n) = v;
	return v;
}

const char *
var_get(const char *name)
{
	struct var *v = var_find(name);

	return v == NULL ? NULL : v->value;
}

static void
changed(struct var *v)
{
	vars.env_stale = true;
	if (strcmp(v->name, "PATH") == 0)
		path_forget();
	else if (strcmp(v->name, "OPTIND") == 0)
		sh.opt_optind = 0;
}

void
var_export(struct var *v, bool exported)
{
	v->exported = exported;
	changed(v);
}

bool
var_set(const char *name, const char *value)
{
	struct var *v = var_make(name);
	char *old = v->value;

	if (v->read_only) {
		fail("%s: is read only", name);
		return false;
	}
	v->value = xstrdup(value);
	free(old);
	if (sh.opt['a'])
		v->exported = true;
	if (v->exported || strcmp(name, "PATH") == 0 ||
	    strcmp(name, "OPTIND") == 0)
		changed(v);
	return true;
}

bool
var_unset(const char *name)
{
	struct var *v = var_find(name);

	if (v == NULL)
		return true;
	if (v->read_only) {
		fail("%s: is read only", name);
		return false;
	}
	free(v->value);
	v->value = NULL;
	v->exported = false;
	changed(v);
	return true;
}

void
var_push(void)
{
	struct frame *f = xmalloc(sizeof(*f));

	*f = (struct frame){ .next = vars.frames };
	vars.frames = f;
}

void
var_local(const char *name)
{
	struct var *v = var_make(name);
	struct hidden *h;

	for (h = vars.frames->hidden; h != NULL; h = h->next)
		if (strcmp(h->name, name) == 0)
			return;
	h = xmalloc(sizeof(*h));
	*h = (struct hidden){
		.next = vars.frames->hidden,
		.name = v->name,
		.value = v->value == NULL ? NULL : xstrdup(v->value),
		.exported = v->exported,
		.read_only = v->read_only,
	};
	vars.frames->hidden = h;
}

void
var_pop(void)
{
	struct frame *f = vars.frames;

	vars.frames = f->next;
	while (f->hidden != NULL) {
		struct hidden *h = f->hidden;
		struct var *v = var_find(h->name);

		f->hidden = h->next;
		free(v->value);
		v->value = h->value;
		v->exported = h->exported;
		v->read_only = h->read_only;
		changed(v);
		free(h);
	}
	free(f);
}

void
var_each(void (*fn)(struct var *v, void *ctx), void *ctx)
{
	for (int i = 0; i < BUCKETS; i++)
		for (struct var *v = vars.table[i]; v != NULL; v = v->next)
			fn(v, ctx);
}

static void
add_to_env(struct var *v, void *ctx)
{
	struct buf b = { 0 };

	if (!v->exported || v->value == NULL)
		return;
	buf_printf(&b, "%s=%s", v->name, v->value);
	strs_add(ctx, buf_take(&b));
}

char **
var_environ(void)
{
	if (vars.env_stale) {
		strs_free(&vars.env);
		var_each(add_to_env, &vars.env);
		vars.env_stale = false;
	}
	return strs_end(&vars.env);
}

void
vars_init(char **envp)
{
	static const struct {
		const char *name, *value;
	} defaults[] = {
		{ "IFS", " \t\n" }, { "PATH", PATH_DEFAULT },
		{ "PS1", "\\w $ " }, { "PS2", "> " }, { "PS4", "+ " },
		{ "OPTIND", "1" },
	};

	for (; envp != NULL && *envp != NULL; envp++) {
		size_t n = name_len(*envp);
		char *name;

		if (n == 0 || (*envp)[n] != '=')
			continue;
		name = xstrndup(*envp, n);
		var_set(name, *envp + n + 1);
		var_find(name)->exported = true;
		free(name);
	}
	var_set("IFS", " \t\n");
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (var_get(defaults[i].name) == NULL)
			var_set(defaults[i].name, defaults[i].value);
	var_make("PATH")->exported = true;
	vars.env_stale = true;
}

char *
quoted(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.,/:@%=";
	struct buf b = { 0 };

	if (*s != '\0' && s[strspn(s, plain)] == '\0')
		return xstrdup(s);
	buf_putc(&b, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			buf_puts(&b, "'\\''");
		else
			buf_putc(&b, *s);
	}
	buf_putc(&b, '\'');
	return buf_take(&b);
}

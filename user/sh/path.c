/*
 * Where commands are. What was found in PATH is remembered until PATH
 * changes or a program that was there is gone.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sh.h"

enum { BUCKETS = 32 };

struct place {
	struct place *next;
	char *name, *path;
};

static struct place *places[BUCKETS];

static struct place **
place_bucket(const char *name)
{
	unsigned h = 0;

	while (*name != '\0')
		h = h * 31 + (unsigned char)*name++;
	return &places[h % BUCKETS];
}

void
path_forget(void)
{
	for (int i = 0; i < BUCKETS; i++) {
		while (places[i] != NULL) {
			struct place *p = places[i];

			places[i] = p->next;
			free(p->name);
			free(p->path);
			free(p);
		}
	}
}

void
path_list(void)
{
	for (int i = 0; i < BUCKETS; i++)
		for (struct place *p = places[i]; p != NULL; p = p->next)
			out_printf("%s\n", p->path);
}

static void
remember(const char *name, const char *path)
{
	struct place *p = xmalloc(sizeof(*p));
	struct place **at = place_bucket(name);

	*p = (struct place){ *at, xstrdup(name), xstrdup(path) };
	*at = p;
}

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 0111) != 0;
}

static char *
search(const char *name)
{
	const char *dir = var_get("PATH");

	if (dir == NULL)
		dir = PATH_DEFAULT;
	for (;;) {
		size_t n = strcspn(dir, ":");
		struct buf path = { 0 };

		buf_put(&path, dir, n);
		if (n > 0)
			buf_putc(&path, '/');
		buf_puts(&path, name);
		if (is_program(path.s)) {
			if (*dir == '/')
				remember(name, path.s);
			return buf_take(&path);
		}
		buf_free(&path);
		if (dir[n] == '\0')
			return NULL;
		dir += n + 1;
	}
}

char *
path_search(const char *name)
{
	struct place *p;

	if (strchr(name, '/') != NULL)
		return xstrdup(name);
	if (*name == '\0')
		return NULL;
	for (p = *place_bucket(name); p != NULL; p = p->next)
		if (strcmp(p->name, name) == 0)
			return xstrdup(p->path);
	return search(name);
}

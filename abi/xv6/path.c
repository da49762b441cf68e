/*
 * Paths of xv6 programs. A name has 14 bytes; a longer one is cut, and so is
 * what a directory shows. Real names may be longer here, so a name that was
 * seen cut has to find its file: when no entry has the 14 bytes themselves,
 * the first one that begins with them is taken.
 */
#include "xv6.h"

/* A component begins at path: its length. */
static size_t
name_length(const char *path)
{
	size_t n = 0;

	while (path[n] != '\0' && path[n] != '/')
		n++;
	return n;
}

static bool
has_long_name(const char *path)
{
	while (*path != '\0') {
		size_t n = name_length(path);

		if (n >= XV6_NAME_LEN)
			return true;
		path += n + (path[n] == '/');
	}
	return false;
}

static bool
exists(const char *path)
{
	struct path p = { 0 };

	if (vfs_walk(NULL, path, 0, &p) != OK)
		return false;
	path_unref(&p);
	return true;
}

struct finder {
	struct dir_sink sink; /* first */
	const char *prefix; /* 14 bytes */
	char name[256];
	bool found, any;
};

static bool
find_entry(struct dir_sink *s, const struct dir_entry *e)
{
	struct finder *f = container_of(s, struct finder, sink);

	f->any = true;
	if (!f->found && e->len > XV6_NAME_LEN && e->len < sizeof(f->name) &&
	    memcmp(e->name, f->prefix, XV6_NAME_LEN) == 0) {
		memcpy(f->name, e->name, e->len);
		f->name[e->len] = '\0';
		f->found = true;
	}
	return true;
}

/* Looks in directory dir for a longer name that begins with prefix. */
static bool
find_longer(const char *dir, struct finder *f)
{
	const struct open_how how = {
		.flags = FILE_READ,
		.how = OPEN_DIRECTORY,
	};
	struct file *file = NULL;

	if (vfs_open(NULL, dir, &how, &file) != OK)
		return false;
	do {
		f->any = false;
		if (file_list(file, &f->sink) != OK)
			break;
	} while (f->any && !f->found);
	file_unref(file);
	return f->found;
}

struct builder {
	char *text;
	size_t len, size;
};

static enum err
append(struct builder *b, const char *s, size_t n)
{
	if (b->len + n + 1 > b->size)
		return ERR_NAMETOOLONG;
	memcpy(b->text + b->len, s, n);
	b->len += n;
	b->text[b->len] = '\0';
	return OK;
}

/* Appends one name of n bytes, cut or completed. */
static enum err
append_name(struct builder *b, const char *name, size_t n)
{
	size_t before = b->len;
	struct finder *f;
	enum err e;

	if (n > XV6_NAME_LEN)
		n = XV6_NAME_LEN;
	e = append(b, name, n);
	if (e != OK || n < XV6_NAME_LEN || exists(b->text))
		return e;
	f = kzalloc(sizeof(*f));
	if (f == NULL)
		return ERR_NOMEM;
	f->sink.put = find_entry;
	f->prefix = name;
	b->text[before] = '\0';
	if (find_longer(before == 0 ? "." : b->text, f)) {
		b->len = before;
		e = append(b, f->name, strlen(f->name));
	} else {
		b->text[before] = name[0];
	}
	kfree(f, sizeof(*f));
	return e;
}

static enum err
complete(const char *given, struct xv6_path *out)
{
	struct builder b = { .text = out->text, .size = sizeof(out->text) };
	enum err e = OK;

	out->text[0] = '\0';
	while (*given != '\0' && e == OK) {
		size_t n = name_length(given);

		e = n > 0 ? append_name(&b, given, n) : append(&b, "/", 1);
		if (n > 0 && given[n] == '/' && e == OK)
			e = append(&b, "/", 1);
		given += n + (given[n] == '/');
	}
	return e;
}

enum err
xv6_path_in(uintptr_t src, struct xv6_path *p)
{
	char given[XV6_PATH_MAX];
	size_t len;
	enum err e = user_string_in(given, src, sizeof(given), &len);

	if (e != OK)
		return e;
	/* The empty path is the directory we are in. */
	memcpy(p->text, len == 0 ? "." : given, len == 0 ? 2 : len + 1);
	if (!has_long_name(given) || exists(given))
		return OK;
	return complete(given, p);
}

void
xv6_path_of_program(struct xv6_path *p)
{
	/* Seen from the zone, and from the whole system. */
	static const char *const homes[] = { "/bin/", "/abi/xv6/bin/" };
	char text[XV6_PATH_MAX + 16];

	if (strchr(p->text, '/') != NULL || exists(p->text))
		return;
	for (unsigned i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		strlcpy(text, homes[i], sizeof(text));
		if (strlcat(text, p->text, sizeof(text)) < sizeof(text) &&
		    exists(text)) {
			strlcpy(p->text, text, sizeof(p->text));
			return;
		}
	}
}

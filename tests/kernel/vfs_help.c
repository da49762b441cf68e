/* Shared by the tests of the file systems. */
#include "vfs_help.h"

#include <kernel/log.h>

void
test_begin(void)
{
	static bool ready;

	if (!ready && kernel_task.fs == NULL)
		EXPECT_OK(vfs_mount_root("tmpfs", "test", NULL,
		    &kernel_task.fs, &kernel_task.ns));
	ready = true;
	EXPECT_OK(make_dir("/t"));
}

void
test_end(void)
{
	EXPECT_OK(remove_tree("/t"));
}

enum err
open_as(const char *path, unsigned flags, unsigned how)
{
	const struct open_how o = { flags, how, 0, 0666 };
	struct file *f = NULL;
	enum err e = vfs_open(NULL, path, &o, &f);

	if (e == OK)
		file_unref(f);
	return e;
}

void
must_write(const char *path, const char *text)
{
	const struct open_how o = { FILE_WRITE, OPEN_CREATE | OPEN_TRUNCATE,
		0, 0644 };
	struct file *f = NULL;
	struct iter it;
	size_t done = 0;
	enum err e = vfs_open(NULL, path, &o, &f);

	EXPECT_OK(e);
	if (e != OK)
		return;
	iter_kernel(&it, (void *)(uintptr_t)text, strlen(text), false);
	EXPECT_OK(file_write(f, &it, &done));
	EXPECT(done == strlen(text));
	file_unref(f);
}

bool
file_is(const char *path, const char *text)
{
	const struct open_how o = { FILE_READ, 0, 0, 0 };
	struct file *f = NULL;
	struct iter it;
	char buf[256];
	size_t done = 0;
	bool same;

	if (vfs_open(NULL, path, &o, &f) != OK)
		return false;
	iter_kernel(&it, buf, sizeof(buf), true);
	same = file_read(f, &it, &done) == OK && done == strlen(text) &&
	    memcmp(buf, text, done) == 0;
	file_unref(f);
	return same;
}

enum err
make_dir(const char *path)
{
	return vfs_mknod(NULL, path, S_DIRECTORY | 0777, 0);
}

enum err
make_file(const char *path)
{
	return vfs_mknod(NULL, path, S_REGULAR | 0666, 0);
}

enum err
stat_of(const char *path, unsigned walk, struct file_stat *st)
{
	struct path p;
	enum err e = vfs_walk(NULL, path, walk, &p);

	if (e != OK)
		return e;
	e = vfs_stat(&p, st);
	path_unref(&p);
	return e;
}

enum err
walk_of(const char *path, unsigned walk)
{
	struct file_stat st;

	return stat_of(path, walk, &st);
}

struct count_sink {
	struct dir_sink sink;
	unsigned count, room;
	unsigned long sum;
	char first[NAME_BYTES];
};

static bool
count_put(struct dir_sink *s, const struct dir_entry *e)
{
	struct count_sink *c = container_of(s, struct count_sink, sink);

	if (e->name[0] == '.' && (e->len == 1 ||
	    (e->len == 2 && e->name[1] == '.')))
		return true;
	if (c->room == 0)
		return false;
	c->room--;
	if (c->count == 0 && e->len < sizeof(c->first)) {
		memcpy(c->first, e->name, e->len);
		c->first[e->len] = '\0';
	}
	c->count++;
	for (size_t i = 0; i < e->len; i++)
		c->sum += (uint8_t)e->name[i] * (i + 1);
	return true;
}

/* Lists in pieces of 7 entries, as a small buffer would. */
unsigned
count_entries(const char *path, unsigned long *sum)
{
	const struct open_how o = { FILE_READ, OPEN_DIRECTORY, 0, 0 };
	struct count_sink c = { .sink = { count_put }, .room = 7 };
	struct file *f = NULL;
	unsigned before;

	if (vfs_open(NULL, path, &o, &f) != OK)
		return UINT32_MAX;
	do {
		before = c.count;
		c.room = 7;
		EXPECT_OK(file_list(f, &c.sink));
	} while (c.count != before);
	file_unref(f);
	if (sum != NULL)
		*sum = c.sum;
	return c.count;
}

/* The name of some entry below path; false: it is empty. */
static bool
first_entry(const char *path, char *name, size_t len)
{
	const struct open_how o = { FILE_READ, OPEN_DIRECTORY, 0, 0 };
	struct count_sink c = { .sink = { count_put }, .room = 1 };
	struct file *f = NULL;

	if (vfs_open(NULL, path, &o, &f) != OK)
		return false;
	err_ignore(file_list(f, &c.sink)); /* seen by the count */
	file_unref(f);
	if (c.count != 0)
		strlcpy(name, c.first, len);
	return c.count != 0;
}

enum err
remove_tree(const char *path)
{
	static char at[512], name[NAME_BYTES]; /* one test at a time */
	char *cut;
	enum err e;

	strlcpy(at, path, sizeof(at));
	for (;;) {
		e = vfs_unlink(NULL, at, UNLINK_FILE | UNLINK_DIR);
		if (e == OK) {
			if (strlen(at) == strlen(path))
				return OK;
			cut = strrchr(at, '/');
			if (cut == NULL)
				return e;
			*cut = '\0';
			continue;
		}
		if (e != ERR_NOTEMPTY || !first_entry(at, name, sizeof(name)))
			return e;
		strlcat(at, "/", sizeof(at));
		strlcat(at, name, sizeof(at));
	}
}

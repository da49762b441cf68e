/* Reading, writing, attributes, limits, locks, watches, attributes. */
#include "vfs_help.h"

#include <kernel/mm.h>

static struct file *
open_file(const char *path, unsigned flags, unsigned how)
{
	const struct open_how o = { flags, how, 0, 0644 };
	struct file *f = NULL;

	EXPECT_OK(vfs_open(NULL, path, &o, &f));
	return f;
}

static size_t
put(struct file *f, const char *text)
{
	struct iter it;
	size_t done = 0;

	iter_kernel(&it, (void *)(uintptr_t)text, strlen(text), false);
	EXPECT_OK(file_write(f, &it, &done));
	return done;
}

KTEST(appending_writes_go_to_the_end)
{
	struct file *a, *b;

	test_begin();
	a = open_file("/t/f", FILE_WRITE | FILE_APPEND, OPEN_CREATE);
	b = open_file("/t/f", FILE_WRITE | FILE_APPEND, 0);
	put(a, "one ");
	put(b, "two ");
	put(a, "three");
	file_unref(a);
	file_unref(b);
	EXPECT(file_is("/t/f", "one two three"));
	test_end();
}

KTEST(seeking_leaves_holes_of_zeroes)
{
	struct file *f;
	uint64_t at = 0;
	struct iter it;
	size_t done = 0;
	char buf[8];

	test_begin();
	f = open_file("/t/f", FILE_READ | FILE_WRITE, OPEN_CREATE);
	EXPECT_OK(file_seek(f, 100000, SEEK_SET_, &at));
	put(f, "x");
	EXPECT_OK(file_seek(f, 0, SEEK_END_, &at));
	EXPECT(at == 100001);
	EXPECT(file_seek(f, -1, SEEK_SET_, &at) == ERR_INVAL);
	iter_kernel(&it, buf, 4, true);
	EXPECT_OK(file_pread(f, &it, 5000, &done));
	EXPECT(done == 4 && buf[0] == 0 && buf[3] == 0);
	EXPECT_OK(file_seek(f, 0, SEEK_DATA_, &at));
	EXPECT(at == 24 * PAGE_SIZE);
	EXPECT_OK(file_resize(f, 3));
	iter_kernel(&it, buf, 8, true);
	EXPECT_OK(file_pread(f, &it, 0, &done));
	EXPECT(done == 3);
	file_unref(f);
	test_end();
}

KTEST(a_file_opened_for_reading_is_not_written)
{
	struct file *f;
	struct iter it;
	size_t done = 0;
	char c = 'x';

	test_begin();
	must_write("/t/f", "text");
	f = open_file("/t/f", FILE_READ, 0);
	iter_kernel(&it, &c, 1, false);
	EXPECT(file_write(f, &it, &done) == ERR_BADHANDLE);
	file_unref(f);
	f = open_file("/t/f", FILE_WRITE, 0);
	iter_kernel(&it, &c, 1, true);
	EXPECT(file_read(f, &it, &done) == ERR_BADHANDLE);
	file_unref(f);
	f = open_file("/t", FILE_READ, 0);
	iter_kernel(&it, &c, 1, true);
	EXPECT(file_read(f, &it, &done) == ERR_ISDIR);
	file_unref(f);
	test_end();
}

KTEST(a_running_program_cannot_be_written)
{
	struct file_stat set = { .mode = 0755 };
	struct file *f;
	struct path p;

	test_begin();
	must_write("/t/prog", "#!");
	EXPECT(open_as("/t/prog", FILE_EXEC, 0) == ERR_ACCESS);
	EXPECT_OK(vfs_walk(NULL, "/t/prog", 0, &p));
	EXPECT_OK(vfs_set_attr(&p, ATTR_MODE, &set));
	path_unref(&p);
	f = open_file("/t/prog", FILE_READ | FILE_EXEC, 0);
	EXPECT(open_as("/t/prog", FILE_WRITE, 0) == ERR_TXTBUSY);
	EXPECT(open_as("/t/prog", FILE_READ, OPEN_TRUNCATE) == ERR_TXTBUSY);
	file_unref(f);
	f = open_file("/t/prog", FILE_WRITE, 0);
	EXPECT(open_as("/t/prog", FILE_EXEC, 0) == ERR_TXTBUSY);
	file_unref(f);
	EXPECT_OK(open_as("/t/prog", FILE_EXEC, 0));
	test_end();
}

KTEST(a_tmpfs_keeps_its_limits)
{
	static char page[PAGE_SIZE];
	struct file *f;
	struct iter it;
	struct fs_stat st;
	struct path p;
	size_t done = 0, total = 0;
	enum err e;

	test_begin();
	EXPECT_OK(make_dir("/t/m"));
	EXPECT_OK(vfs_walk(NULL, "/t/m", 0, &p));
	EXPECT_OK(vfs_mount(&p, "tmpfs", NULL, "size=16k,nr_inodes=3", 0));
	path_unref(&p);
	f = open_file("/t/m/f", FILE_WRITE, OPEN_CREATE);
	do {
		iter_kernel(&it, page, sizeof(page), false);
		e = file_write(f, &it, &done);
		total += e == OK ? done : 0;
	} while (e == OK);
	EXPECT(e == ERR_NOSPC && total == 16384);
	EXPECT_OK(make_file("/t/m/g"));
	EXPECT(make_file("/t/m/h") == ERR_NOSPC);
	file_unref(f);
	EXPECT_OK(vfs_unlink(NULL, "/t/m/f", UNLINK_FILE));
	EXPECT_OK(vfs_walk(NULL, "/t/m", 0, &p));
	EXPECT_OK(vfs_statfs(&p, &st));
	EXPECT(st.blocks == 4 && st.free == 4 && st.files == 3);
	EXPECT_OK(make_file("/t/m/h"));
	EXPECT_OK(vfs_unmount(&p, 0));
	path_unref(&p);
	EXPECT(walk_of("/t/m/h", 0) == ERR_NOENT);
	test_end();
}

KTEST(times_and_modes_change_as_asked)
{
	struct file_stat st, set = { .mode = 04711 };
	struct path p;

	test_begin();
	must_write("/t/f", "x");
	EXPECT_OK(vfs_walk(NULL, "/t/f", 0, &p));
	EXPECT_OK(vfs_set_attr(&p, ATTR_MODE, &set));
	set.mtime = (struct file_time){ 1000, 5 };
	set.atime = (struct file_time){ 2000, 6 };
	EXPECT_OK(vfs_set_attr(&p, ATTR_MTIME | ATTR_ATIME, &set));
	EXPECT_OK(vfs_stat(&p, &st));
	EXPECT(st.mode == (S_REGULAR | 04711));
	EXPECT(st.mtime.sec == 1000 && st.mtime.nsec == 5);
	EXPECT(st.atime.sec == 2000 && st.ctime.sec != 1000);
	set.uid = 12;
	set.gid = 34;
	EXPECT_OK(vfs_set_attr(&p, ATTR_UID | ATTR_GID, &set));
	EXPECT_OK(vfs_stat(&p, &st));
	EXPECT(st.uid == 12 && st.gid == 34);
	EXPECT(st.mode == (S_REGULAR | 0711)); /* set-id bits went */
	path_unref(&p);
	test_end();
}

KTEST(byte_range_locks_split_merge_and_conflict)
{
	struct file *f;
	struct file_lock l = { .start = 0, .end = 99, .exclusive = true };
	int one, two;
	bool conflict = false;

	test_begin();
	f = open_file("/t/f", FILE_READ | FILE_WRITE, OPEN_CREATE);
	l.owner = &one;
	EXPECT_OK(vfs_lock(f, &l, false));
	l.start = 40;
	l.end = 59;
	EXPECT_OK(vfs_unlock(f, &l)); /* leaves 0-39 and 60-99 */
	l.owner = &two;
	EXPECT_OK(vfs_lock(f, &l, false));
	l.start = 39;
	EXPECT(vfs_lock(f, &l, false) == ERR_AGAIN);
	l.start = 70;
	l.end = 70;
	EXPECT_OK(vfs_lock_test(f, &l, &conflict));
	EXPECT(conflict && l.start == 60 && l.end == 99);
	vfs_locks_drop(f, &one);
	l = (struct file_lock){ .start = 0, .end = UINT64_MAX,
		.exclusive = true, .owner = &two };
	EXPECT_OK(vfs_lock(f, &l, false));
	l.flock = true; /* another family: no conflict */
	l.owner = &one;
	EXPECT_OK(vfs_lock(f, &l, false));
	vfs_locks_drop(f, &one);
	vfs_locks_drop(f, &two);
	file_unref(f);
	test_end();
}

KTEST(a_watch_tells_what_happened)
{
	struct { int32_t wd; uint32_t mask, cookie, len; char name[16]; } ev;
	struct file *q = NULL;
	struct iter it;
	struct path p;
	size_t done = 0;
	int wd = 0;

	test_begin();
	EXPECT_OK(watch_create(FILE_NONBLOCK, &q));
	EXPECT_OK(vfs_walk(NULL, "/t", 0, &p));
	EXPECT_OK(watch_add(q, &p, 0x100 | 0x200, &wd)); /* create, delete */
	path_unref(&p);
	must_write("/t/abc", "1");
	iter_kernel(&it, &ev, sizeof(ev), true);
	EXPECT_OK(file_read(q, &it, &done));
	EXPECT(done == 32 && ev.wd == wd && ev.mask == 0x100);
	EXPECT(strcmp(ev.name, "abc") == 0);
	EXPECT(file_read(q, &it, &done) != OK || done == 0);
	EXPECT_OK(vfs_unlink(NULL, "/t/abc", UNLINK_FILE));
	iter_kernel(&it, &ev, sizeof(ev), true);
	EXPECT_OK(file_read(q, &it, &done));
	EXPECT(ev.mask == 0x200);
	EXPECT_OK(watch_remove(q, wd));
	EXPECT(watch_remove(q, wd) == ERR_INVAL);
	file_unref(q);
	rcu_sync();
	test_end();
}

KTEST(extended_attributes_are_kept)
{
	struct path p;
	char buf[32];
	size_t n = 0;

	test_begin();
	must_write("/t/f", "x");
	EXPECT_OK(vfs_walk(NULL, "/t/f", 0, &p));
	EXPECT_OK(vfs_xattr_set(&p, "user.a", "12345", 5, 0));
	EXPECT(vfs_xattr_set(&p, "user.a", "1", 1, 1) == ERR_EXISTS);
	EXPECT_OK(vfs_xattr_set(&p, "user.b", "z", 1, 0));
	EXPECT_OK(vfs_xattr_get(&p, "user.a", buf, sizeof(buf), &n));
	EXPECT(n == 5 && memcmp(buf, "12345", 5) == 0);
	EXPECT(vfs_xattr_get(&p, "user.a", buf, 2, &n) == ERR_RANGE);
	EXPECT(vfs_xattr_get(&p, "user.c", buf, 2, &n) == ERR_NODATA);
	EXPECT_OK(vfs_xattr_list(&p, buf, sizeof(buf), &n));
	EXPECT(n == 14);
	EXPECT_OK(vfs_xattr_set(&p, "user.a", NULL, 0, 2));
	EXPECT(vfs_xattr_get(&p, "user.a", buf, 2, &n) == ERR_NODATA);
	path_unref(&p);
	test_end();
}

KTEST(a_file_without_name_vanishes)
{
	const struct open_how o = { FILE_READ | FILE_WRITE, OPEN_TMPFILE, 0,
		0600 };
	struct file *f = NULL;
	struct file_stat st;

	test_begin();
	EXPECT_OK(vfs_open(NULL, "/t", &o, &f));
	put(f, "secret");
	EXPECT_OK(file_stat_of(f, &st));
	EXPECT(st.size == 6 && st.nlink == 0);
	EXPECT(count_entries("/t", NULL) == 0);
	EXPECT_OK(vfs_link(&f->path, NULL, "/t/named"));
	file_unref(f);
	EXPECT(file_is("/t/named", "secret"));
	test_end();
}

/* Walking, making, removing and renaming names. */
#include "vfs_help.h"

#include <kernel/mm.h>
#include <lib/fmt.h>

KTEST(a_path_leads_through_directories_and_dots)
{
	struct file_stat a, b;

	test_begin();
	EXPECT_OK(make_dir("/t/a"));
	EXPECT_OK(make_dir("/t/a/b"));
	must_write("/t/a/b/file", "hello");
	for (int twice = 0; twice < 2; twice++) {
		EXPECT(file_is("/t/a/b/file", "hello"));
		EXPECT(file_is("//t/./a//b/../b/file", "hello"));
		EXPECT_OK(stat_of("/t/a", 0, &a));
		EXPECT_OK(stat_of("/t/a/b/..", 0, &b));
		EXPECT(a.ino == b.ino && a.nlink == 3);
		EXPECT_OK(stat_of("/../../t/a/", 0, &b));
		EXPECT(a.ino == b.ino);
		EXPECT(walk_of("/t/none", 0) == ERR_NOENT);
		EXPECT(walk_of("/t/none/x", 0) == ERR_NOENT);
		EXPECT(walk_of("/t/a/b/file/x", 0) == ERR_NOTDIR);
		EXPECT(walk_of("/t/a/b/file/", 0) == ERR_NOTDIR);
		EXPECT(walk_of("/t/a/b/file/.", 0) == ERR_NOTDIR);
		EXPECT(walk_of("", 0) == ERR_NOENT);
		EXPECT_OK(walk_of("", WALK_EMPTY));
		EXPECT(walk_of("/t/a/b/file", WALK_DIRECTORY) == ERR_NOTDIR);
	}
	test_end();
}

KTEST(a_name_of_256_bytes_is_too_long)
{
	char path[600];

	test_begin();
	memset(path, 'x', sizeof(path));
	memcpy(path, "/t/", 3);
	path[3 + 255] = '\0';
	EXPECT_OK(make_file(path));
	EXPECT_OK(walk_of(path, 0));
	path[3 + 255] = 'x';
	path[3 + 256] = '\0';
	EXPECT(make_file(path) == ERR_NAMETOOLONG);
	EXPECT(walk_of(path, 0) == ERR_NAMETOOLONG);
	EXPECT(vfs_unlink(NULL, path, UNLINK_FILE) == ERR_NAMETOOLONG);
	test_end();
}

KTEST(links_are_followed_forty_times)
{
	char name[32], target[32];
	struct path p;
	char text[64];
	size_t n = 0;

	test_begin();
	must_write("/t/l0", "end");
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "/t/l%d", i);
		snprintf(target, sizeof(target), i % 2 ? "l%d" : "/t/l%d",
		    i - 1);
		EXPECT_OK(vfs_symlink(NULL, name, target));
	}
	for (int twice = 0; twice < 2; twice++) {
		EXPECT(file_is("/t/l3", "end"));
		EXPECT(file_is("/t/l40", "end"));
		EXPECT(walk_of("/t/l41", 0) == ERR_LOOP);
	}
	EXPECT_OK(vfs_walk(NULL, "/t/l41", WALK_NOFOLLOW, &p));
	EXPECT_OK(vfs_read_link(&p, text, sizeof(text), &n));
	EXPECT(n == 3 && memcmp(text, "l40", 3) == 0);
	path_unref(&p);
	EXPECT_OK(vfs_symlink(NULL, "/t/self", "self"));
	EXPECT(walk_of("/t/self", 0) == ERR_LOOP);
	EXPECT(walk_of("/t/l1", WALK_NO_LINKS) == ERR_LOOP);
	test_end();
}

KTEST(a_link_in_the_middle_goes_on_with_the_rest)
{
	test_begin();
	EXPECT_OK(make_dir("/t/d"));
	EXPECT_OK(make_dir("/t/d/e"));
	must_write("/t/d/e/f", "deep");
	EXPECT_OK(vfs_symlink(NULL, "/t/s", "d/e/"));
	EXPECT_OK(vfs_symlink(NULL, "/t/up", "s/../../s"));
	for (int twice = 0; twice < 2; twice++) {
		EXPECT(file_is("/t/s/f", "deep"));
		EXPECT(file_is("/t/up/f", "deep"));
		EXPECT_OK(walk_of("/t/s/", 0));
		EXPECT(walk_of("/t/up/f/", 0) == ERR_NOTDIR);
	}
	EXPECT_OK(vfs_symlink(NULL, "/t/new", "d/made"));
	must_write("/t/new", "through"); /* O_CREAT follows */
	EXPECT(file_is("/t/d/made", "through"));
	EXPECT(open_as("/t/new", FILE_READ, OPEN_CREATE | OPEN_EXCLUSIVE) ==
	    ERR_EXISTS);
	test_end();
}

KTEST(resolve_flags_keep_a_walk_inside)
{
	struct path base, p;

	test_begin();
	EXPECT_OK(make_dir("/t/in"));
	must_write("/t/in/x", "1");
	must_write("/t/out", "2");
	EXPECT_OK(vfs_symlink(NULL, "/t/in/abs", "/x"));
	EXPECT_OK(vfs_symlink(NULL, "/t/in/esc", "../out"));
	EXPECT_OK(vfs_walk(NULL, "/t/in", 0, &base));
	EXPECT(vfs_walk(&base, "../out", WALK_BENEATH, &p) == ERR_XDEV);
	EXPECT(vfs_walk(&base, "esc", WALK_BENEATH, &p) == ERR_XDEV);
	EXPECT(vfs_walk(&base, "abs", WALK_BENEATH, &p) == ERR_XDEV);
	EXPECT(vfs_walk(&base, "/x", WALK_BENEATH, &p) == ERR_XDEV);
	EXPECT_OK(vfs_walk(&base, "abs", WALK_IN_ROOT, &p));
	path_unref(&p);
	EXPECT_OK(vfs_walk(&base, "../../x", WALK_IN_ROOT, &p));
	path_unref(&p);
	EXPECT(vfs_walk(&base, "esc", WALK_IN_ROOT, &p) == ERR_NOENT);
	path_unref(&base);
	test_end();
}

KTEST(making_and_removing_answer_as_posix_says)
{
	test_begin();
	EXPECT_OK(make_dir("/t/d/"));
	EXPECT(make_dir("/t/d") == ERR_EXISTS);
	EXPECT(make_dir("/t/.") == ERR_EXISTS);
	EXPECT(make_dir("/") == ERR_EXISTS);
	EXPECT(make_dir("/t/x/y") == ERR_NOENT);
	EXPECT(make_file("/t/n/") == ERR_NOENT);
	EXPECT_OK(make_file("/t/d/f"));
	EXPECT(vfs_unlink(NULL, "/t/d", UNLINK_DIR) == ERR_NOTEMPTY);
	EXPECT(vfs_unlink(NULL, "/t/d", UNLINK_FILE) == ERR_ISDIR);
	EXPECT(vfs_unlink(NULL, "/t/d/f", UNLINK_DIR) == ERR_NOTDIR);
	EXPECT(vfs_unlink(NULL, "/t/d/f/", UNLINK_FILE) == ERR_NOTDIR);
	EXPECT(vfs_unlink(NULL, "/t/d/.", UNLINK_DIR) == ERR_INVAL);
	EXPECT(vfs_unlink(NULL, "/t/d/..", UNLINK_DIR) == ERR_NOTEMPTY);
	EXPECT(vfs_unlink(NULL, "/", UNLINK_DIR) == ERR_BUSY);
	EXPECT_OK(vfs_unlink(NULL, "/t/d/f", UNLINK_FILE));
	EXPECT(vfs_unlink(NULL, "/t/d/f", UNLINK_FILE) == ERR_NOENT);
	EXPECT_OK(vfs_unlink(NULL, "/t/d/", UNLINK_DIR));
	EXPECT(walk_of("/t/d", 0) == ERR_NOENT);
	EXPECT(open_as("/t/new/", FILE_WRITE, OPEN_CREATE) == ERR_ISDIR);
	EXPECT(open_as("/t", FILE_WRITE, 0) == ERR_ISDIR);
	EXPECT(open_as("/t", FILE_READ, OPEN_CREATE) == ERR_ISDIR);
	test_end();
}

KTEST(hard_links_count_and_share)
{
	struct file_stat st;
	struct path p;

	test_begin();
	must_write("/t/a", "one");
	EXPECT_OK(vfs_walk(NULL, "/t/a", 0, &p));
	EXPECT_OK(vfs_link(&p, NULL, "/t/b"));
	EXPECT(vfs_link(&p, NULL, "/t/b") == ERR_EXISTS);
	path_unref(&p);
	EXPECT_OK(stat_of("/t/b", 0, &st));
	EXPECT(st.nlink == 2);
	must_write("/t/b", "two");
	EXPECT(file_is("/t/a", "two"));
	EXPECT_OK(vfs_unlink(NULL, "/t/a", UNLINK_FILE));
	EXPECT(file_is("/t/b", "two"));
	EXPECT_OK(vfs_walk(NULL, "/t", 0, &p));
	EXPECT(vfs_link(&p, NULL, "/t/c") == ERR_PERM);
	path_unref(&p);
	test_end();
}

KTEST(an_open_file_outlives_its_name)
{
	const struct open_how o = { FILE_READ | FILE_WRITE, OPEN_CREATE, 0,
		0600 };
	struct file *f = NULL;
	struct file_stat st;
	char *start = NULL, text[64];
	struct iter it;
	size_t n = 0;

	test_begin();
	EXPECT_OK(vfs_open(NULL, "/t/f", &o, &f));
	EXPECT_OK(vfs_unlink(NULL, "/t/f", UNLINK_FILE));
	iter_kernel(&it, text, 5, false);
	memcpy(text, "bytes", 5);
	EXPECT_OK(file_write(f, &it, &n));
	EXPECT_OK(file_stat_of(f, &st));
	EXPECT(st.nlink == 0 && st.size == 5);
	EXPECT_OK(vfs_path_text(&f->path, NULL, text, sizeof(text), &start));
	EXPECT(strcmp(start, "/t/f (deleted)") == 0);
	file_unref(f);
	test_end();
}

KTEST(rename_moves_replaces_and_refuses)
{
	struct file_stat before, after;

	test_begin();
	must_write("/t/a", "A");
	must_write("/t/b", "B");
	EXPECT_OK(make_dir("/t/d"));
	EXPECT_OK(make_dir("/t/d/e"));
	EXPECT_OK(vfs_rename(NULL, "/t/a", NULL, "/t/b", 0));
	EXPECT(file_is("/t/b", "A") && walk_of("/t/a", 0) == ERR_NOENT);
	EXPECT(vfs_rename(NULL, "/t/b", NULL, "/t/d", 0) == ERR_ISDIR);
	EXPECT(vfs_rename(NULL, "/t/d", NULL, "/t/b", 0) == ERR_NOTDIR);
	EXPECT(vfs_rename(NULL, "/t/d", NULL, "/t/d/e/f", 0) == ERR_INVAL);
	EXPECT(vfs_rename(NULL, "/t/d/e", NULL, "/t/d", 0) == ERR_NOTEMPTY);
	EXPECT(vfs_rename(NULL, "/t/none", NULL, "/t/x", 0) == ERR_NOENT);
	EXPECT(vfs_rename(NULL, "/t/d/.", NULL, "/t/x", 0) == ERR_BUSY);
	EXPECT_OK(vfs_rename(NULL, "/t/b", NULL, "/t/d/e/moved", 0));
	EXPECT(file_is("/t/d/e/moved", "A"));
	EXPECT_OK(vfs_rename(NULL, "/t/d/e", NULL, "/t/e", 0));
	EXPECT(file_is("/t/e/moved", "A"));
	EXPECT_OK(stat_of("/t/e", 0, &before));
	EXPECT_OK(stat_of("/t/e/../e/.", 0, &after));
	EXPECT(before.ino == after.ino);
	EXPECT_OK(stat_of("/t/d", 0, &after));
	EXPECT(after.nlink == 2);
	must_write("/t/x", "X");
	EXPECT(vfs_rename(NULL, "/t/x", NULL, "/t/e/moved",
	    RENAME_NOREPLACE_) == ERR_EXISTS);
	EXPECT_OK(vfs_rename(NULL, "/t/x", NULL, "/t/e", RENAME_EXCHANGE_));
	EXPECT(file_is("/t/e", "X") && file_is("/t/x/moved", "A"));
	test_end();
}

KTEST(a_long_name_survives_renames)
{
	char a[200], b[260];
	unsigned long sum;

	test_begin();
	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	memcpy(a, "/t/", 3);
	memcpy(b, "/t/", 3);
	a[150] = '\0';
	b[250] = '\0';
	must_write("/t/short", "s");
	EXPECT_OK(vfs_rename(NULL, "/t/short", NULL, a, 0));
	EXPECT(file_is(a, "s"));
	EXPECT_OK(vfs_rename(NULL, a, NULL, b, 0));
	EXPECT(file_is(b, "s"));
	EXPECT_OK(vfs_rename(NULL, b, NULL, "/t/s", 0));
	EXPECT(file_is("/t/s", "s") && walk_of(b, 0) == ERR_NOENT);
	EXPECT(count_entries("/t", &sum) == 1);
	test_end();
}

KTEST(a_directory_lists_each_name_once)
{
	unsigned long sum = 0, want = 0;
	char name[32];

	test_begin();
	for (int i = 0; i < 1000; i++) {
		int n = snprintf(name, sizeof(name), "/t/file%d", i);

		EXPECT_OK(make_file(name));
		for (int k = 3; k < n; k++)
			want += (uint8_t)name[k] * (unsigned)(k - 2);
	}
	EXPECT(count_entries("/t", &sum) == 1000);
	EXPECT(sum == want);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "/t/file%d", i);
		EXPECT_OK(walk_of(name, 0));
		EXPECT_OK(vfs_unlink(NULL, name, UNLINK_FILE));
	}
	EXPECT(count_entries("/t", NULL) == 0);
	test_end();
}

KTEST(reclaimed_names_are_found_again)
{
	char name[32];

	test_begin();
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "/t/n%d", i);
		EXPECT_OK(make_file(name));
	}
	reclaim_pages(1 << 16);
	rcu_sync();
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "/t/n%d", i);
		EXPECT_OK(walk_of(name, 0));
	}
	test_end();
}

KTEST(the_path_of_a_place_is_told)
{
	char buf[64], *start = NULL;
	struct path p;

	test_begin();
	EXPECT_OK(make_dir("/t/a"));
	EXPECT_OK(make_dir("/t/a/b"));
	EXPECT_OK(vfs_walk(NULL, "/t/a/b", 0, &p));
	EXPECT_OK(vfs_path_text(&p, NULL, buf, sizeof(buf), &start));
	EXPECT(strcmp(start, "/t/a/b") == 0);
	EXPECT(vfs_path_text(&p, NULL, buf, 6, &start) == ERR_RANGE);
	EXPECT_OK(vfs_rename(NULL, "/t/a", NULL, "/t/longer", 0));
	EXPECT_OK(vfs_path_text(&p, NULL, buf, sizeof(buf), &start));
	EXPECT(strcmp(start, "/t/longer/b") == 0);
	path_unref(&p);
	EXPECT_OK(vfs_walk(NULL, "/", 0, &p));
	EXPECT_OK(vfs_path_text(&p, NULL, buf, sizeof(buf), &start));
	EXPECT(strcmp(start, "/") == 0);
	path_unref(&p);
	test_end();
}

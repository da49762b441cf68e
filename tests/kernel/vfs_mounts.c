/* Mounts, binds, namespaces, and the special file systems. */
#include "vfs_help.h"

#include <kernel/chardev.h>

#include "threads.h"

static enum err
mount_at(const char *at, const char *type, unsigned flags)
{
	struct path p;
	enum err e = vfs_walk(NULL, at, 0, &p);

	if (e != OK)
		return e;
	e = vfs_mount(&p, type, type, NULL, flags);
	path_unref(&p);
	return e;
}

static enum err
unmount_at(const char *at, unsigned flags)
{
	struct path p;
	enum err e = vfs_walk(NULL, at, 0, &p);

	if (e != OK)
		return e;
	e = vfs_unmount(&p, flags);
	path_unref(&p);
	return e;
}

static enum err
bind_at(const char *from, const char *at, bool recursive)
{
	struct path f, p;
	enum err e = vfs_walk(NULL, from, 0, &f);

	if (e != OK)
		return e;
	e = vfs_walk(NULL, at, 0, &p);
	if (e == OK) {
		e = vfs_bind(&f, &p, recursive);
		path_unref(&p);
	}
	path_unref(&f);
	return e;
}

KTEST(a_mount_covers_and_uncovers)
{
	struct file_stat below, root;

	test_begin();
	EXPECT_OK(make_dir("/t/m"));
	must_write("/t/m/under", "u");
	EXPECT_OK(walk_of("/t/m/under", 0));
	EXPECT_OK(mount_at("/t/m", "tmpfs", 0));
	EXPECT(walk_of("/t/m/under", 0) == ERR_NOENT);
	must_write("/t/m/over", "o");
	EXPECT_OK(stat_of("/t/m/..", 0, &below));
	EXPECT_OK(stat_of("/t", 0, &root));
	EXPECT(below.ino == root.ino && below.dev == root.dev);
	EXPECT(vfs_unlink(NULL, "/t/m", UNLINK_DIR) == ERR_BUSY);
	EXPECT(vfs_rename(NULL, "/t/m", NULL, "/t/n", 0) == ERR_BUSY);
	EXPECT(vfs_rename(NULL, "/t/m/over", NULL, "/t/x", 0) == ERR_XDEV);
	EXPECT_OK(mount_at("/t/m", "tmpfs", 0)); /* on top */
	EXPECT(walk_of("/t/m/over", 0) == ERR_NOENT);
	EXPECT_OK(unmount_at("/t/m", 0));
	EXPECT(file_is("/t/m/over", "o"));
	EXPECT_OK(unmount_at("/t/m", 0));
	EXPECT(file_is("/t/m/under", "u"));
	EXPECT(unmount_at("/t/m", 0) == ERR_INVAL);
	test_end();
}

KTEST(a_busy_mount_goes_only_lazily)
{
	const struct open_how o = { FILE_READ, 0, 0, 0 };
	struct file *f = NULL;
	struct iter it;
	char c = 0;
	size_t n = 0;

	test_begin();
	EXPECT_OK(make_dir("/t/m"));
	EXPECT_OK(mount_at("/t/m", "tmpfs", 0));
	EXPECT_OK(make_dir("/t/m/sub"));
	EXPECT_OK(mount_at("/t/m/sub", "tmpfs", 0));
	must_write("/t/m/sub/f", "z");
	EXPECT_OK(vfs_open(NULL, "/t/m/sub/f", &o, &f));
	EXPECT(unmount_at("/t/m", 0) == ERR_BUSY);
	EXPECT_OK(unmount_at("/t/m", UNMOUNT_LAZY));
	EXPECT(walk_of("/t/m/sub", 0) == ERR_NOENT);
	iter_kernel(&it, &c, 1, true);
	EXPECT_OK(file_read(f, &it, &n));
	EXPECT(c == 'z');
	file_unref(f);
	test_end();
}

KTEST(a_bind_shows_the_same_files)
{
	test_begin();
	EXPECT_OK(make_dir("/t/a"));
	EXPECT_OK(make_dir("/t/a/in"));
	EXPECT_OK(make_dir("/t/b"));
	must_write("/t/a/f", "same");
	EXPECT_OK(mount_at("/t/a/in", "tmpfs", 0));
	must_write("/t/a/in/g", "inner");
	EXPECT_OK(bind_at("/t/a", "/t/b", false));
	EXPECT(file_is("/t/b/f", "same"));
	EXPECT(walk_of("/t/b/in/g", 0) == ERR_NOENT);
	EXPECT_OK(unmount_at("/t/b", 0));
	EXPECT_OK(bind_at("/t/a", "/t/b", true));
	EXPECT(file_is("/t/b/in/g", "inner"));
	EXPECT_OK(unmount_at("/t/b", UNMOUNT_LAZY));
	EXPECT_OK(unmount_at("/t/a/in", 0));
	must_write("/t/file", "one");
	must_write("/t/other", "two");
	EXPECT_OK(bind_at("/t/file", "/t/other", false));
	EXPECT(file_is("/t/other", "one"));
	EXPECT(bind_at("/t/file", "/t/a", false) == ERR_NOTDIR);
	EXPECT_OK(unmount_at("/t/other", 0));
	EXPECT(file_is("/t/other", "two"));
	test_end();
}

KTEST(a_readonly_mount_refuses_changes)
{
	struct path p;

	test_begin();
	EXPECT_OK(make_dir("/t/a"));
	EXPECT_OK(make_dir("/t/ro"));
	must_write("/t/a/f", "1");
	EXPECT_OK(bind_at("/t/a", "/t/ro", false));
	EXPECT_OK(vfs_walk(NULL, "/t/ro", 0, &p));
	EXPECT_OK(vfs_remount(&p, MOUNT_RDONLY | MOUNT_NOEXEC));
	path_unref(&p);
	EXPECT(open_as("/t/ro/f", FILE_WRITE, 0) == ERR_ROFS);
	EXPECT(open_as("/t/ro/g", FILE_WRITE, OPEN_CREATE) == ERR_ROFS);
	EXPECT(make_dir("/t/ro/d") == ERR_ROFS);
	EXPECT(vfs_unlink(NULL, "/t/ro/f", UNLINK_FILE) == ERR_ROFS);
	EXPECT(file_is("/t/ro/f", "1"));
	must_write("/t/a/f", "2"); /* the other way is open */
	EXPECT(file_is("/t/ro/f", "2"));
	EXPECT_OK(unmount_at("/t/ro", 0));
	test_end();
}

KTEST(a_namespace_copy_changes_alone)
{
	struct mount_ns *mine = kernel_task.ns, *copy = NULL;
	struct fs_state *fs = kernel_task.fs, *other;

	test_begin();
	mine = kernel_task.ns;
	fs = kernel_task.fs;
	EXPECT_OK(make_dir("/t/m"));
	other = fs_state_clone(fs);
	EXPECT(other != NULL);
	EXPECT_OK(mount_ns_clone(mine, other, &copy));
	kernel_task.ns = copy;
	kernel_task.fs = other;
	EXPECT_OK(mount_at("/t/m", "tmpfs", 0));
	must_write("/t/m/only-here", "x");
	kernel_task.ns = mine;
	kernel_task.fs = fs;
	EXPECT(walk_of("/t/m/only-here", 0) == ERR_NOENT);
	fs_state_unref(other);
	mount_ns_unref(copy);
	EXPECT_OK(vfs_unlink(NULL, "/t/m", UNLINK_DIR));
	test_end();
}

KTEST(a_changed_root_cannot_be_left)
{
	struct path p, old;
	struct file_stat a, b;

	test_begin();
	EXPECT_OK(make_dir("/t/jail"));
	must_write("/t/jail/f", "in");
	must_write("/t/out", "out");
	EXPECT_OK(vfs_symlink(NULL, "/t/jail/abs", "/f"));
	EXPECT_OK(vfs_walk(NULL, "/", 0, &old));
	EXPECT_OK(vfs_walk(NULL, "/t/jail", 0, &p));
	EXPECT_OK(vfs_chroot(&p));
	EXPECT_OK(vfs_chdir(&p));
	EXPECT(file_is("/abs", "in"));
	EXPECT(file_is("/../../f", "in"));
	EXPECT(file_is("../../abs", "in"));
	EXPECT(walk_of("/../out", 0) == ERR_NOENT);
	EXPECT_OK(stat_of("/", 0, &a));
	EXPECT_OK(stat_of("/..", 0, &b));
	EXPECT(a.ino == b.ino);
	EXPECT_OK(vfs_chroot(&old));
	EXPECT_OK(vfs_chdir(&old));
	path_unref(&p);
	path_unref(&old);
	EXPECT(file_is("/t/out", "out"));
	test_end();
}

KTEST(pivot_root_swaps_the_roots)
{
	struct mount_ns *mine, *copy = NULL;
	struct fs_state *fs, *other;
	struct path n, o;

	test_begin();
	mine = kernel_task.ns;
	fs = kernel_task.fs;
	other = fs_state_clone(fs);
	EXPECT_OK(mount_ns_clone(mine, other, &copy));
	kernel_task.ns = copy;
	kernel_task.fs = other;
	EXPECT_OK(make_dir("/t/new"));
	EXPECT_OK(mount_at("/t/new", "tmpfs", 0));
	EXPECT_OK(make_dir("/t/new/old"));
	must_write("/t/new/here", "n");
	EXPECT_OK(vfs_walk(NULL, "/t/new", 0, &n));
	EXPECT_OK(vfs_walk(NULL, "/t/new/old", 0, &o));
	EXPECT_OK(vfs_pivot_root(&n, &o));
	/* No task of this kernel thread's pid space: set by hand. */
	EXPECT_OK(vfs_chroot(&n));
	EXPECT_OK(vfs_chdir(&n));
	path_unref(&n);
	path_unref(&o);
	EXPECT(file_is("/here", "n"));
	EXPECT_OK(walk_of("/old/t/new", 0));
	EXPECT_OK(unmount_at("/old", UNMOUNT_LAZY));
	EXPECT(walk_of("/old/t", 0) == ERR_NOENT);
	kernel_task.ns = mine;
	kernel_task.fs = fs;
	fs_state_unref(other);
	mount_ns_unref(copy);
	test_end();
}

KTEST(devices_appear_and_work)
{
	const struct open_how o = { FILE_READ | FILE_WRITE, 0, 0, 0 };
	struct file *f = NULL;
	struct file_stat st;
	struct iter it;
	char buf[16];
	size_t n = 9;

	test_begin();
	EXPECT_OK(make_dir("/t/dev"));
	EXPECT_OK(mount_at("/t/dev", "devfs", 0));
	EXPECT(count_entries("/t/dev", NULL) >= 10);
	EXPECT_OK(stat_of("/t/dev/null", 0, &st));
	EXPECT(st.mode == (S_CHAR | 0666) && st.rdev == RDEV(1, 3));
	EXPECT_OK(vfs_open(NULL, "/t/dev/zero", &o, &f));
	memset(buf, 1, sizeof(buf));
	iter_kernel(&it, buf, sizeof(buf), true);
	EXPECT_OK(file_read(f, &it, &n));
	EXPECT(n == 16 && buf[0] == 0 && buf[15] == 0);
	file_unref(f);
	EXPECT_OK(vfs_open(NULL, "/t/dev/null", &o, &f));
	iter_kernel(&it, buf, sizeof(buf), true);
	EXPECT_OK(file_read(f, &it, &n));
	EXPECT(n == 0);
	file_unref(f);
	EXPECT(walk_of("/t/dev/nothing", 0) == ERR_NOENT);
	EXPECT_OK(walk_of("/t/dev/shm", WALK_DIRECTORY));
	EXPECT_OK(unmount_at("/t/dev", 0));
	test_end();
}

KTEST(the_proc_files_can_all_be_read)
{
	static const char *const names[] = {
		"cpuinfo", "meminfo", "stat", "uptime", "loadavg", "version",
		"filesystems", "devices", "interrupts", "slabinfo", "cmdline",
		"sys/kernel/hostname", "sys/kernel/random/uuid",
		"sys/kernel/osrelease", "carmine/live", "carmine/counters",
		"carmine/abis", "carmine/log",
	};
	char path[64];

	test_begin();
	EXPECT_OK(make_dir("/t/proc"));
	EXPECT_OK(mount_at("/t/proc", "proc", 0));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct open_how o = { FILE_READ, 0, 0, 0 };
		struct file *f = NULL;
		struct iter it;
		char buf[64];
		size_t n = 0;

		strlcpy(path, "/t/proc/", sizeof(path));
		strlcat(path, names[i], sizeof(path));
		EXPECT_OK(vfs_open(NULL, path, &o, &f));
		if (f == NULL)
			continue;
		iter_kernel(&it, buf, sizeof(buf), true);
		EXPECT_OK(file_read(f, &it, &n));
		EXPECT(n > 0 || i == 10 || i == 15);
		file_unref(f);
	}
	EXPECT(count_entries("/t/proc", NULL) >= 20);
	EXPECT(walk_of("/t/proc/999999", 0) == ERR_NOENT);
	EXPECT_OK(unmount_at("/t/proc", 0));
	test_end();
}

/* Users come and go on all CPUs, where each counts for itself, while one that
 * stays keeps the mount: no sum taken meanwhile may miss it. */
static void
use_or_unmount(struct crew *c UNUSED, unsigned number)
{
	const struct open_how o = { FILE_READ, 0, 0, 0 };
	struct file *f = NULL;

	for (unsigned i = 0; i < 60; i++) {
		if (number == 0) {
			EXPECT(unmount_at("/t/m", 0) == ERR_BUSY);
			continue;
		}
		EXPECT_OK(vfs_open(NULL, "/t/m/f", &o, &f));
		file_unref(f);
	}
}

KTEST(a_mount_in_use_is_busy_whoever_counts)
{
	const struct open_how o = { FILE_READ, 0, 0, 0 };
	struct crew c = { .fn = use_or_unmount };
	struct file *f = NULL;

	test_begin();
	EXPECT_OK(make_dir("/t/m"));
	EXPECT_OK(mount_at("/t/m", "tmpfs", 0));
	must_write("/t/m/f", "z");
	EXPECT_OK(vfs_open(NULL, "/t/m/f", &o, &f));
	crew_run(&c, 4);
	file_unref(f);
	EXPECT_OK(unmount_at("/t/m", 0));
	EXPECT(walk_of("/t/m/f", 0) == ERR_NOENT);
	test_end();
}

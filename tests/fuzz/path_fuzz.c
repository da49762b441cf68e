// kernel
// uses: tests/fuzz/kernel_driver.c
/*
 * The path walker and the changes of names on arbitrary texts.
 *
 * The kernel runs in this process; a kernel thread waits for inputs. An input
 * is a list of operations, each a byte and one or two texts that end with
 * NUL, done in a small tree inside a changed root. After each operation a
 * walk of the text is compared: the walk without references and the careful
 * one must agree, the path told of the result must lead back to it, and
 * nothing outside the root may be reached.
 */
#include <host.h>
#include <kernel/ktest.h>
#include <kernel/mm.h>
#include <kernel/task.h>
#include <kernel/user.h>
#include <kernel/vfs.h>
#include <lib/string.h>

#include <stdlib.h>

#define TEXT_MAX 512u
#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

const uint8_t *fuzz_next(size_t *len);
void fuzz_boot(void);

static struct {
	const uint8_t *bytes;
	size_t len;
	unsigned mounts; /* made by this input */
} input;

/* Two texts of the input in turn; bytes that are left become shorter. */
static const char *
take_text(char buf[TEXT_MAX])
{
	size_t n = 0;

	while (input.len > 0 && *input.bytes != '\0' && n < TEXT_MAX - 1) {
		buf[n++] = (char)*input.bytes++;
		input.len--;
	}
	if (input.len > 0) {
		input.bytes++;
		input.len--;
	}
	buf[n] = '\0';
	return buf;
}

static void
check_way_back(const struct path *p)
{
	struct path again;
	char *buf = malloc(PATH_MAX), *start = NULL;

	/* A base that is kept may be on a mount that has been taken away since:
	 * then the text says "(unreachable)" and leads nowhere. */
	if (vfs_path_text(p, NULL, buf, PATH_MAX, &start) == OK &&
	    start[0] == '/') {
		if (vfs_walk(NULL, start, WALK_NOFOLLOW, &again) == OK) {
			/* A mount may cover what was reached by a base. */
			REQUIRE(again.dentry != p->dentry ||
			    path_vnode(&again) == path_vnode(p));
			path_unref(&again);
		}
	}
	free(buf);
}

static void
check_walk(const char *text, unsigned flags)
{
	struct path fast = { NULL, NULL }, slow = { NULL, NULL };
	enum err e, f;

	e = vfs_walk(NULL, text, flags, &fast);
	/* There are no magic links here: the flag only chooses the way. */
	f = vfs_walk(NULL, text, flags | WALK_NO_MAGIC, &slow);
	REQUIRE(e == f);
	if (e == OK) {
		REQUIRE(fast.mount == slow.mount);
		REQUIRE(fast.dentry == slow.dentry);
		check_way_back(&fast);
	}
	if (e == OK)
		path_unref(&fast);
	if (f == OK)
		path_unref(&slow);
	e = vfs_walk(NULL, text, flags, &fast); /* now from the cache */
	REQUIRE(e == f);
	if (e == OK)
		path_unref(&fast);
}

static enum err
at_path(const char *text, enum err (*fn)(const struct path *p))
{
	struct path p;
	enum err e = vfs_walk(NULL, text, 0, &p);

	if (e == OK) {
		e = fn(&p);
		path_unref(&p);
	}
	return e;
}

static enum err
do_mount(const struct path *p)
{
	enum err e = input.mounts > 8 ? ERR_BUSY :
	    vfs_mount(p, "tmpfs", NULL, "size=64k", 0);

	input.mounts += e == OK;
	return e;
}

static enum err
do_unmount(const struct path *p)
{
	return vfs_unmount(p, UNMOUNT_LAZY);
}

static enum err
do_chdir(const struct path *p)
{
	return vfs_chdir(p);
}

static void
open_close(const char *text, unsigned how)
{
	const struct open_how o = { FILE_READ | FILE_WRITE, how, 0, 0644 };
	struct file *f = NULL;

	if (vfs_open(NULL, text, &o, &f) == OK)
		file_unref(f);
}

static void
two_texts(unsigned op, const char *a, const char *b)
{
	struct path p;

	switch (op) {
	case 0:
		err_ignore(vfs_symlink(NULL, a, b));
		break;
	case 1:
		err_ignore(vfs_rename(NULL, a, NULL, b, 0));
		break;
	case 2:
		err_ignore(vfs_rename(NULL, a, NULL, b, RENAME_EXCHANGE_));
		break;
	case 3:
		if (vfs_walk(NULL, a, WALK_NOFOLLOW, &p) == OK) {
			err_ignore(vfs_link(&p, NULL, b));
			path_unref(&p);
		}
		break;
	default:
		err_ignore(vfs_rename(NULL, a, NULL, b, RENAME_NOREPLACE_));
		break;
	}
	check_walk(b, 0);
}

static void
one_text(unsigned op, const char *a)
{
	switch (op) {
	case 0:
		err_ignore(vfs_mknod(NULL, a, S_DIRECTORY | 0755, 0));
		break;
	case 1:
		open_close(a, OPEN_CREATE);
		break;
	case 2:
		err_ignore(vfs_unlink(NULL, a, UNLINK_FILE | UNLINK_DIR));
		break;
	case 3:
		err_ignore(at_path(a, do_mount));
		break;
	case 4:
		err_ignore(at_path(a, do_unmount));
		break;
	case 5:
		err_ignore(at_path(a, do_chdir));
		break;
	case 6:
		open_close(a, OPEN_TMPFILE);
		break;
	default:
		open_close(a, OPEN_CREATE | OPEN_EXCLUSIVE | OPEN_TRUNCATE);
		break;
	}
}

static void
run_input(void)
{
	char a[TEXT_MAX], b[TEXT_MAX];

	for (unsigned turns = 0; input.len > 1 && turns < 64; turns++) {
		unsigned op = *input.bytes++;

		input.len--;
		take_text(a);
		if (op & 0x10)
			two_texts(op % 5, a, take_text(b));
		else
			one_text(op & 7, a);
		check_walk(a, (op & 0x20) ? WALK_NOFOLLOW : 0);
		if (op & 0x40)
			check_walk(a, WALK_DIRECTORY);
	}
}

/* Each input gets a fresh file system as its root. */
static void
run_in_root(const struct path *top)
{
	struct path root;

	REQUIRE(vfs_mount(top, "tmpfs", NULL, "size=256k", 0) == OK);
	REQUIRE(vfs_walk(NULL, "/fuzz", 0, &root) == OK);
	REQUIRE(vfs_chroot(&root) == OK && vfs_chdir(&root) == OK);
	input.mounts = 0;
	run_input();
	path_unref(&root);
}

/* An input may have mounted on its root, or unmounted it. */
static void
uncover(const struct path *top)
{
	struct path over;
	bool more = true;

	while (more) {
		REQUIRE(vfs_walk(NULL, "/fuzz", 0, &over) == OK);
		more = over.mount != top->mount;
		if (more)
			REQUIRE(vfs_unmount(&over, UNMOUNT_LAZY) == OK);
		else
			REQUIRE(over.dentry == top->dentry);
		path_unref(&over);
	}
}

KTEST(path_fuzz_server)
{
	struct path top, slash;

	REQUIRE(vfs_mount_root("tmpfs", NULL, NULL, &kernel_task.fs,
	    &kernel_task.ns) == OK);
	REQUIRE(vfs_mknod(NULL, "/fuzz", S_DIRECTORY | 0755, 0) == OK);
	REQUIRE(vfs_walk(NULL, "/", 0, &slash) == OK);
	REQUIRE(vfs_walk(NULL, "/fuzz", 0, &top) == OK);
	for (;;) {
		input.bytes = fuzz_next(&input.len);
		run_in_root(&top);
		REQUIRE(vfs_chroot(&slash) == OK && vfs_chdir(&slash) == OK);
		uncover(&top);
		rcu_barrier();
	}
}

void
fuzz_boot(void)
{
	static const struct host_machine m = {
		.ram_bytes = MIB(64),
		.cpus = 1,
		.cmdline = "quiet ktest=path_fuzz_server",
	};

	host_boot(&m);
}

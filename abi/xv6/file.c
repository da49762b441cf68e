/*
 * Calls about files and descriptors.
 *
 * A descriptor is a handle below 16. User buffers are made resident before
 * data moves, so that a bad address answers -1 and nothing was done, also
 * when only a part of the buffer is bad.
 *
 * Source: the xv6 book, chapters 1 and 8; docs/abi-xv6.md.
 */
#include "xv6.h"

#include <kernel/chardev.h>
#include <kernel/handles.h>
#include <kernel/ipc.h>

/* A read cannot take more than this from a pipe or terminal at once. */
#define STREAM_MOST 65536u

struct use {
	struct file *file;
	struct handle_loan loan;
};

static enum err
use_get(struct thread *t, uintptr_t fd, rights_t need, struct use *u)
{
	enum err e;

	if ((int)fd < 0 || (int)fd >= XV6_FILES_MAX)
		return ERR_BADHANDLE;
	e = handle_borrow(t->task, (uint32_t)fd, OBJ_STREAM, need,
	    &u->loan);
	if (e == OK)
		u->file = file_of(u->loan.obj);
	return e;
}

static void
use_put(struct use *u)
{
	handle_return(&u->loan);
}

static bool
is_directory(const struct file *f)
{
	return f->vnode != NULL && vnode_is(f->vnode, S_DIRECTORY);
}

/* How much of a buffer of n bytes a read can fill, at most. */
static size_t
readable(struct file *f, size_t n)
{
	struct file_stat st;
	uint64_t off;

	if (f->vnode == NULL || !vnode_is(f->vnode, S_REGULAR))
		return n < STREAM_MOST ? n : STREAM_MOST;
	if (n <= PAGE_SIZE || file_stat_of(f, &st) != OK)
		return n;
	mutex_lock(&f->lock);
	off = f->off;
	mutex_unlock(&f->lock);
	/* Files of size 0 may be made up while they are read. */
	if (st.size == 0 || n <= st.size - off)
		return n;
	return off < st.size ? (size_t)(st.size - off) : 0;
}

static enum err
read_file(struct file *f, uintptr_t buf, size_t n, size_t *done)
{
	struct iter it;
	enum err e;

	n = readable(f, n);
	e = n > 0 ? user_fault_in(buf, n, PROT_WRITE) : OK;
	if (e == OK)
		e = iter_user(&it, buf, n, true);
	if (e == OK)
		e = file_read(f, &it, done);
	return e;
}

enum err
xv6_read(struct thread *t, const struct sysargs *a, long *ret)
{
	int n = (int)a->v[2];
	size_t done = 0;
	struct use u;
	enum err e = use_get(t, a->v[0], RIGHT_READ, &u);

	if (e != OK)
		return e;
	if (n < 0)
		e = ERR_INVAL;
	else if (is_directory(u.file))
		e = xv6_read_dir(u.file, a->v[1], (size_t)n, (long *)&done);
	else
		e = read_file(u.file, a->v[1], (size_t)n, &done);
	use_put(&u);
	*ret = (long)done;
	return e;
}

/* Where a write to a regular file begins. Behind its end nothing may be
 * written: the original knows no holes, and its programs want the -1. */
static enum err
write_place(struct file *f, uint64_t *off, uint64_t *size)
{
	struct file_stat st;
	enum err e;

	/* The offset first: others who write through this descriptor move it
	 * after they have made the file longer. */
	mutex_lock(&f->lock);
	*off = f->off;
	mutex_unlock(&f->lock);
	e = file_stat_of(f, &st);
	if (e != OK)
		return e;
	*size = st.size;
	return *off > st.size ? ERR_INVAL : OK;
}

/* What the caller has of n bytes at buf, up to the first page it has not. */
static size_t
present_bytes(uintptr_t buf, size_t n)
{
	size_t got = 0;

	while (got < n) {
		size_t step = PAGE_SIZE - (buf + got) % PAGE_SIZE;

		if (step > n - got)
			step = n - got;
		if (user_fault_in(buf + got, step, PROT_READ) != OK)
			break;
		got += step;
	}
	return got;
}

/*
 * A write whose buffer ends too early answers -1. The original has by then
 * replaced the bytes that the file had there, and its programs look; what
 * would make the file longer is not kept, nor does the offset move.
 */
static void
write_over(struct file *f, uintptr_t buf, size_t n)
{
	uint64_t off, size;
	size_t done = 0;
	struct iter it;

	if (write_place(f, &off, &size) != OK)
		return;
	n = present_bytes(buf, n < size - off ? n : (size_t)(size - off));
	if (n > 0 && iter_user(&it, buf, n, false) == OK)
		err_ignore(file_pwrite(f, &it, off, &done)); /* -1 anyway */
}

static enum err
write_file(struct file *f, uintptr_t buf, size_t n, size_t *done)
{
	bool placed = f->vnode != NULL && vnode_is(f->vnode, S_REGULAR) &&
	    !(file_flags(f) & FILE_APPEND);
	uint64_t off, size;
	struct iter it;
	enum err e = user_fault_in(buf, n, PROT_READ);

	if (e != OK && placed)
		write_over(f, buf, n);
	if (e == OK && placed)
		e = write_place(f, &off, &size);
	if (e == OK)
		e = iter_user(&it, buf, n, false);
	if (e == OK)
		e = file_write(f, &it, done);
	return e;
}

/* When nobody reads a pipe, -1 is all that happens: there is no signal. */
enum err
xv6_write(struct thread *t, const struct sysargs *a, long *ret)
{
	int n = (int)a->v[2];
	size_t done = 0;
	struct use u;
	enum err e = use_get(t, a->v[0], RIGHT_WRITE, &u);

	if (e != OK)
		return e;
	if (n < 0)
		e = ERR_INVAL;
	else if (n > 0)
		e = write_file(u.file, a->v[1], (size_t)n, &done);
	use_put(&u);
	*ret = (long)done;
	return e;
}

/* ---- descriptors ------------------------------------------------------- */

static enum err
reserve(struct handle_table *ht, uint32_t *out)
{
	enum err e = handle_reserve(ht, out);

	if (e == OK && *out >= XV6_FILES_MAX) {
		handle_cancel(ht, *out);
		*out = HANDLE_NONE;
		e = ERR_MFILE;
	}
	return e;
}

enum err
xv6_close(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	if ((int)a->v[0] < 0 || (int)a->v[0] >= XV6_FILES_MAX)
		return ERR_BADHANDLE;
	return handle_close(t->task->handles, (uint32_t)a->v[0]);
}

enum err
xv6_dup(struct thread *t, const struct sysargs *a, long *ret)
{
	struct handle_table *ht = t->task->handles;
	uint32_t h = 0;
	enum err e;

	if ((int)a->v[0] < 0 || (int)a->v[0] >= XV6_FILES_MAX)
		return ERR_BADHANDLE;
	e = handle_dup(ht, (uint32_t)a->v[0], RIGHTS_ALL, 0, &h);
	if (e != OK)
		return e;
	if (h >= XV6_FILES_MAX) {
		err_ignore(handle_close(ht, h)); /* it was just made */
		return ERR_MFILE;
	}
	*ret = (long)h;
	return OK;
}

enum err
xv6_pipe(struct thread *t, const struct sysargs *a, long *ret)
{
	struct handle_table *ht = t->task->handles;
	uint32_t h[2] = { HANDLE_NONE, HANDLE_NONE };
	struct file *r, *w;
	enum err e;

	e = reserve(ht, &h[0]);
	if (e != OK)
		goto out;
	e = reserve(ht, &h[1]);
	if (e != OK)
		goto out;
	/* Before anything exists, so that a bad address leaves nothing. */
	e = user_copy_out(a->v[0], h, sizeof(h));
	if (e != OK)
		goto out;
	e = pipe_create(0, &r, &w);
	if (e != OK)
		goto out;
	handle_install(ht, h[0], &r->obj, file_rights(file_flags(r)), 0);
	handle_install(ht, h[1], &w->obj, file_rights(file_flags(w)), 0);
	h[0] = h[1] = HANDLE_NONE;
	*ret = 0;
out:
	handle_cancel(ht, h[1]);
	handle_cancel(ht, h[0]);
	return e;
}

static unsigned
open_flags(unsigned mode)
{
	if (mode & XV6_O_WRONLY)
		return FILE_WRITE;
	return mode & XV6_O_RDWR ? FILE_READ | FILE_WRITE : FILE_READ;
}

/* Files have no permissions there: what is made may also be executed. */
enum err
xv6_open(struct thread *t, const struct sysargs *a, long *ret)
{
	struct handle_table *ht = t->task->handles;
	unsigned mode = (unsigned)a->v[1];
	const struct open_how how = {
		.flags = open_flags(mode),
		.how = OPEN_NOCTTY | (mode & XV6_O_CREATE ? OPEN_CREATE : 0) |
		    (mode & XV6_O_TRUNC ? OPEN_TRUNCATE : 0),
		.mode = 0777,
	};
	uint32_t h = HANDLE_NONE;
	struct file *f = NULL;
	struct xv6_path path;
	enum err e = xv6_path_in(a->v[0], &path);

	if (e == OK)
		e = reserve(ht, &h);
	if (e == OK)
		e = vfs_open(NULL, path.text, &how, &f);
	if (e == OK && mode != XV6_O_RDONLY && is_directory(f))
		e = ERR_ISDIR;
	if (e == OK) {
		*ret = (long)h;
		handle_install(ht, h, &f->obj, file_rights(how.flags), 0);
		f = NULL; /* the table has the reference */
		h = HANDLE_NONE;
	}
	file_unref(f);
	handle_cancel(ht, h);
	return e;
}

/* ---- attributes -------------------------------------------------------- */

_Static_assert(sizeof(struct xv6_stat) == 24, "xv6 stat");

static void
encode_stat(const struct file_stat *in, struct xv6_stat *out)
{
	bool is_dir = S_IS(in->mode, S_DIRECTORY);
	/* A directory counts itself once, not also its ".". */
	uint32_t links = is_dir && in->nlink > 1 ? in->nlink - 1 : in->nlink;

	*out = (struct xv6_stat){
		.dev = (int32_t)(in->dev >> 32 ^ in->dev),
		.ino = (uint32_t)in->ino,
		.type = is_dir ? XV6_T_DIR :
		    S_IS(in->mode, S_REGULAR) ? XV6_T_FILE : XV6_T_DEVICE,
		.nlink = (int16_t)(links > INT16_MAX ? INT16_MAX : links),
		.size = in->size,
	};
}

enum err
xv6_fstat(struct thread *t, const struct sysargs *a, long *ret)
{
	struct file_stat st;
	struct xv6_stat out;
	struct use u;
	enum err e = use_get(t, a->v[0], 0, &u);

	if (e != OK)
		return e;
	/* Pipes and sockets have no inode. */
	e = u.file->vnode == NULL ? ERR_NOTSUP : file_stat_of(u.file, &st);
	use_put(&u);
	if (e != OK)
		return e;
	encode_stat(&st, &out);
	*ret = 0;
	return user_copy_out(a->v[1], &out, sizeof(out));
}

/* ---- names ------------------------------------------------------------- */

enum err
xv6_chdir(struct thread *t, const struct sysargs *a, long *ret)
{
	struct xv6_path path;
	struct path p = { 0 };
	enum err e = xv6_path_in(a->v[0], &path);

	(void)t;
	if (e == OK)
		e = vfs_walk(NULL, path.text, WALK_DIRECTORY, &p);
	if (e != OK)
		return e;
	e = vfs_chdir(&p);
	path_unref(&p);
	*ret = 0;
	return e;
}

enum err
xv6_mkdir(struct thread *t, const struct sysargs *a, long *ret)
{
	struct xv6_path path;
	enum err e = xv6_path_in(a->v[0], &path);

	(void)t;
	*ret = 0;
	if (e == OK)
		e = vfs_mknod(NULL, path.text, S_DIRECTORY | 0777, 0);
	return e;
}

/* Numbers of devices that exist only there; nothing answers them. */
#define FOREIGN_MAJOR 0x78760000u

enum err
xv6_mknod(struct thread *t, const struct sysargs *a, long *ret)
{
	uint16_t major = (uint16_t)a->v[1], minor = (uint16_t)a->v[2];
	uint64_t rdev = RDEV(FOREIGN_MAJOR | major, minor);
	struct xv6_path path;
	enum err e = xv6_path_in(a->v[0], &path);

	(void)t;
	if (major == XV6_CONSOLE_MAJOR && minor == 0)
		rdev = RDEV(5, 1); /* /dev/console */
	*ret = 0;
	if (e == OK)
		e = vfs_mknod(NULL, path.text, S_CHAR | 0666, rdev);
	return e;
}

/* The last name of a path, trailing slashes aside, is "." or "..". */
static bool
ends_in_dots(const char *path)
{
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	return (end - start == 1 && path[start] == '.') ||
	    (end - start == 2 && path[start] == '.' && path[start + 1] == '.');
}

enum err
xv6_unlink(struct thread *t, const struct sysargs *a, long *ret)
{
	struct xv6_path path;
	enum err e = xv6_path_in(a->v[0], &path);

	(void)t;
	*ret = 0;
	if (e != OK)
		return e;
	if (ends_in_dots(path.text))
		return ERR_INVAL;
	return vfs_unlink(NULL, path.text, UNLINK_FILE | UNLINK_DIR);
}

enum err
xv6_link(struct thread *t, const struct sysargs *a, long *ret)
{
	struct xv6_path *paths = kzalloc(2 * sizeof(*paths));
	struct path from = { 0 };
	enum err e;

	(void)t;
	if (paths == NULL)
		return ERR_NOMEM;
	e = xv6_path_in(a->v[0], &paths[0]);
	if (e == OK)
		e = xv6_path_in(a->v[1], &paths[1]);
	if (e == OK)
		e = vfs_walk(NULL, paths[0].text, 0, &from);
	if (e == OK) {
		e = vfs_link(&from, NULL, paths[1].text);
		path_unref(&from);
	}
	kfree(paths, 2 * sizeof(*paths));
	*ret = 0;
	return e;
}

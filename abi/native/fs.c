/*
 * Files by name: native/fs.h. Mounts are in mount.c.
 */
#include "native.h"

#include <kernel/mm.h>
#include <uapi/native/fs.h>

#define HOW_KNOWN 0x3fffu

_Static_assert(ACCESS_READ == CM_ACCESS_READ && ACCESS_WRITE ==
    CM_ACCESS_WRITE && ACCESS_EXEC == CM_ACCESS_EXEC, "access");

/* ---- open --------------------------------------------------------------- */

static enum err
open_how_of(uint32_t how, uint32_t mode, struct open_how *out)
{
	if (how & ~HOW_KNOWN)
		return ERR_INVAL;
	if (!(how & (CM_OPEN_READ | CM_OPEN_WRITE | CM_OPEN_PATH)))
		return ERR_INVAL;
	if ((how & CM_OPEN_UNNAMED) && !(how & CM_OPEN_WRITE))
		return ERR_INVAL;
	*out = (struct open_how){
		.flags = (how & CM_OPEN_READ ? FILE_READ : 0) |
		    (how & CM_OPEN_WRITE ? FILE_WRITE : 0) |
		    (how & CM_OPEN_APPEND ? FILE_APPEND : 0) |
		    (how & CM_OPEN_NONBLOCK ? FILE_NONBLOCK : 0) |
		    (how & CM_OPEN_SYNC ? FILE_SYNC : 0) |
		    (how & CM_OPEN_PATH ? FILE_PATH : 0),
		.how = (how & CM_OPEN_CREATE ? OPEN_CREATE : 0) |
		    (how & CM_OPEN_EXCLUSIVE ? OPEN_EXCLUSIVE : 0) |
		    (how & CM_OPEN_TRUNCATE ? OPEN_TRUNCATE : 0) |
		    (how & CM_OPEN_NOTTY ? OPEN_NOCTTY : 0) |
		    (how & CM_OPEN_UNNAMED ? OPEN_TMPFILE : 0) |
		    (how & CM_OPEN_DIRECTORY ? OPEN_DIRECTORY : 0),
		.walk = how & CM_OPEN_NOFOLLOW ? WALK_NOFOLLOW : 0,
		.mode = mode & 07777,
	};
	return OK;
}

enum err
nt_fs_open(
    struct thread *t, struct file *dir, const struct sysargs *a, long *ret)
{
	struct handle_table *ht = nt_handles(t);
	uint32_t flags = (uint32_t)a->v[2], h = HANDLE_NONE;
	struct open_how how;
	struct file *file = NULL;
	struct user_path path = { .page = NULL };
	enum err e;

	e = open_how_of(flags, (uint32_t)a->v[3], &how);
	if (e == OK && (flags & (CM_OPEN_CREATE | CM_OPEN_UNNAMED)))
		e = nt_need(t, (uint32_t)a->v[0], RIGHT_CREATE);
	if (e == OK)
		e = user_path_get(&path, a->v[1]);
	/* A full table must answer before CREATE has made the file. */
	if (e == OK)
		e = handle_reserve(ht, &h);
	if (e == OK)
		e = vfs_open(nt_base(dir), path.text, &how, &file);
	if (e != OK)
		goto out;
	handle_install(ht, h, &file->obj, file_rights(file_flags(file)),
	    flags & CM_OPEN_CLOEXEC ? HANDLE_CLOEXEC : 0);
	*ret = (long)h;
	h = HANDLE_NONE;
out:
	handle_cancel(ht, h);
	user_path_put(&path);
	return e;
}

/* ---- attributes --------------------------------------------------------- */

static enum err
walk_flags(uintptr_t flags, uintptr_t known, unsigned *out)
{
	if (flags & ~known)
		return ERR_INVAL;
	*out = flags & CM_AT_NOFOLLOW ? WALK_NOFOLLOW : 0;
	return OK;
}

enum err
nt_fs_stat(
    struct thread *, struct file *dir, const struct sysargs *a, long *)
{
	struct path p = { 0 };
	struct file_stat st = { 0 };
	struct cm_stat out;
	unsigned flags;
	enum err e = walk_flags(a->v[2], CM_AT_NOFOLLOW, &flags);

	if (e == OK)
		e = nt_walk(dir, a->v[1], flags, &p);
	if (e != OK)
		return e;
	e = vfs_stat(&p, &st);
	path_unref(&p);
	if (e != OK)
		return e;
	nt_stat_encode(&st, &out);
	return user_copy_out(a->v[3], &out, sizeof(out));
}

enum err
nt_fs_set_attr(
    struct thread *, struct file *dir, const struct sysargs *a, long *)
{
	struct cm_attr attr;
	struct path p = { 0 };
	unsigned flags;
	enum err e = walk_flags(a->v[2], CM_AT_NOFOLLOW, &flags);

	if (e == OK)
		e = user_copy_in(&attr, a->v[3], sizeof(attr));
	if (e == OK)
		e = nt_walk(dir, a->v[1], flags, &p);
	if (e != OK)
		return e;
	e = nt_attr_apply(&p, &attr);
	path_unref(&p);
	return e;
}

enum err
nt_fs_access(
    struct thread *, struct file *dir, const struct sysargs *a, long *)
{
	struct path p = { 0 };
	unsigned flags;
	enum err e = walk_flags(
	    a->v[3], CM_AT_NOFOLLOW | CM_AT_REAL_IDS, &flags);

	if (e == OK && (a->v[2] & ~(uintptr_t)7))
		e = ERR_INVAL;
	if (e == OK)
		e = nt_walk(dir, a->v[1], flags, &p);
	if (e != OK)
		return e;
	if (a->v[2] != 0)
		e = vfs_access(&p, (unsigned)a->v[2],
		    !(a->v[3] & CM_AT_REAL_IDS));
	path_unref(&p);
	return e;
}

enum err
nt_fs_statfs(
    struct thread *, struct file *dir, const struct sysargs *a, long *)
{
	struct path p = { 0 };
	struct fs_stat st = { 0 };
	struct cm_statfs out = { 0 };
	unsigned flags;
	enum err e = nt_walk(dir, a->v[1], 0, &p);

	if (e != OK)
		return e;
	e = vfs_statfs(&p, &st);
	flags = mount_flags(p.mount);
	strlcpy(out.type, p.dentry->super->type->name, sizeof(out.type));
	out.id = p.dentry->super->dev;
	path_unref(&p);
	if (e != OK)
		return e;
	out.block_size = st.block_size;
	out.blocks = st.blocks;
	out.blocks_free = st.free;
	out.blocks_available = st.avail;
	out.files = st.files;
	out.files_free = st.files_free;
	out.name_max = st.name_max;
	out.flags = (flags & MOUNT_RDONLY ? CM_MOUNT_READONLY : 0) |
	    (flags & MOUNT_NOSUID ? CM_MOUNT_NOSUID : 0) |
	    (flags & MOUNT_NODEV ? CM_MOUNT_NODEV : 0) |
	    (flags & MOUNT_NOEXEC ? CM_MOUNT_NOEXEC : 0);
	return user_copy_out(a->v[2], &out, sizeof(out));
}

/* ---- names -------------------------------------------------------------- */

enum err
nt_fs_mkdir(
    struct thread *, struct file *dir, const struct sysargs *a, long *)
{
	char *path = NULL;
	size_t len;
	enum err e = user_path_in(a->v[1], &path, &len);

	if (e == OK)
		e = vfs_mknod(nt_base(dir), path,
		    S_DIRECTORY | ((uint32_t)a->v[2] & 07777), 0);
	path_buf_free(path);
	return e;
}

enum err
nt_fs_mknod(
    struct thread *, struct file *dir, const struct sysargs *a, long *)
{
	uint32_t mode = (uint32_t)a->v[2];
	char *path = NULL;
	size_t len;
	enum err e;

	switch (mode & S_TYPE_MASK) {
	case 0:
		mode |= S_REGULAR;
		break;
	case S_REGULAR:
	case S_FIFO:
	case S_SOCKET:
	case S_CHAR:
	case S_BLOCK:
		break;
	default:
		return ERR_INVAL;
	}
	e = user_path_in(a->v[1], &path, &len);
	if (e == OK)
		e = vfs_mknod(nt_base(dir), path,
		    mode & (S_TYPE_MASK | 07777), a->v[3]);
	path_buf_free(path);
	return e;
}

enum err
nt_fs_unlink(
    struct thread *, struct file *dir, const struct sysargs *a, long *)
{
	char *path = NULL;
	size_t len;
	enum err e;

	if (a->v[2] & ~(uintptr_t)CM_AT_DIRECTORY)
		return ERR_INVAL;
	e = user_path_in(a->v[1], &path, &len);
	if (e == OK)
		e = vfs_unlink(nt_base(dir), path,
		    a->v[2] & CM_AT_DIRECTORY ? UNLINK_DIR : UNLINK_FILE);
	path_buf_free(path);
	return e;
}

enum err
nt_fs_rename(
    struct thread *t, struct file *dir, const struct sysargs *a, long *)
{
	struct file *to_dir = NULL;
	char *from = NULL, *to = NULL;
	size_t len;
	enum err e;

	if (a->v[4] & ~(uintptr_t)(CM_RENAME_KEEP | CM_RENAME_SWAP))
		return ERR_INVAL;
	e = nt_dir_get(t, (uint32_t)a->v[2], RIGHT_LOOKUP | RIGHT_CREATE,
	    &to_dir);
	if (e == OK)
		e = user_path_in(a->v[1], &from, &len);
	if (e == OK)
		e = user_path_in(a->v[3], &to, &len);
	if (e == OK)
		e = vfs_rename(nt_base(dir), from, nt_base(to_dir), to,
		    (a->v[4] & CM_RENAME_KEEP ? RENAME_NOREPLACE_ : 0) |
		    (a->v[4] & CM_RENAME_SWAP ? RENAME_EXCHANGE_ : 0));
	path_buf_free(to);
	path_buf_free(from);
	file_unref(to_dir);
	return e;
}

enum err
nt_fs_link(
    struct thread *t, struct file *dir, const struct sysargs *a, long *)
{
	struct file *to_dir = NULL;
	struct path from = { 0 };
	char *to = NULL;
	size_t len;
	enum err e;

	if (a->v[4] & ~(uintptr_t)CM_AT_FOLLOW)
		return ERR_INVAL;
	e = nt_dir_get(t, (uint32_t)a->v[2], RIGHT_LOOKUP | RIGHT_CREATE,
	    &to_dir);
	if (e != OK)
		return e;
	e = nt_walk(dir, a->v[1],
	    a->v[4] & CM_AT_FOLLOW ? 0 : WALK_NOFOLLOW, &from);
	if (e != OK)
		goto out;
	e = user_path_in(a->v[3], &to, &len);
	if (e == OK)
		e = vfs_link(&from, nt_base(to_dir), to);
	path_buf_free(to);
	path_unref(&from);
out:
	file_unref(to_dir);
	return e;
}

enum err
nt_fs_symlink(
    struct thread *, struct file *dir, const struct sysargs *a, long *)
{
	char *path = NULL, *target = NULL;
	size_t len;
	enum err e = user_path_in(a->v[1], &path, &len);

	if (e == OK)
		e = user_path_in(a->v[2], &target, &len);
	if (e == OK)
		e = vfs_symlink(nt_base(dir), path, target);
	path_buf_free(target);
	path_buf_free(path);
	return e;
}

enum err
nt_fs_readlink(
    struct thread *, struct file *dir, const struct sysargs *a, long *ret)
{
	struct path p = { 0 };
	size_t room = MIN(a->v[3], (uintptr_t)PATH_MAX), done = 0;
	char *buf;
	enum err e = nt_walk(dir, a->v[1], WALK_NOFOLLOW, &p);

	if (e != OK)
		return e;
	buf = kmalloc(PATH_MAX);
	if (buf == NULL) {
		path_unref(&p);
		return ERR_NOMEM;
	}
	e = vfs_read_link(&p, buf, room, &done);
	path_unref(&p);
	if (e == OK)
		e = user_copy_out(a->v[2], buf, done);
	kfree(buf, PATH_MAX);
	*ret = (long)done;
	return e;
}

/* ---- directories -------------------------------------------------------- */

#define LIST_BYTES 8192 /* entries are collected in so much at once */

struct list_sink {
	struct dir_sink sink;
	char *buf;
	size_t used, room;
};

static bool
list_put(struct dir_sink *s, const struct dir_entry *e)
{
	struct list_sink *l = container_of(s, struct list_sink, sink);
	size_t size = ALIGN_UP(offsetof(struct cm_entry, name) + e->len + 1,
	    (size_t)8);
	struct cm_entry *out;

	if (size > l->room - l->used)
		return false;
	out = (struct cm_entry *)(void *)(l->buf + l->used);
	memset(out, 0, size);
	out->ino = e->ino;
	out->next = e->next;
	out->size = (uint16_t)size;
	out->type = (uint8_t)((e->type & S_TYPE_MASK) >> 12);
	out->name_len = (uint8_t)e->len;
	memcpy(l->buf + l->used + offsetof(struct cm_entry, name), e->name,
	    e->len);
	l->used += size;
	return true;
}

enum err
nt_fs_list(
    struct thread *, struct obj *o, const struct sysargs *a, long *ret)
{
	struct list_sink l = {
		.sink = { .put = list_put },
		.room = MIN(a->v[2], (uintptr_t)LIST_BYTES),
	};
	enum err e;

	/* The longest entry must fit, or a reader could never get past it. */
	if (a->v[2] < sizeof(struct cm_entry) + 256)
		return ERR_INVAL;
	l.buf = kmalloc(LIST_BYTES);
	if (l.buf == NULL)
		return ERR_NOMEM;
	e = file_list(file_of(o), &l.sink);
	if (e == OK)
		e = user_copy_out(a->v[1], l.buf, l.used);
	kfree(l.buf, LIST_BYTES);
	*ret = (long)l.used;
	return e;
}

enum err
nt_fs_chdir(
    struct thread *, struct file *dir, const struct sysargs *a, long *)
{
	struct path p = { 0 };
	enum err e = nt_walk(dir, a->v[1], WALK_DIRECTORY, &p);

	if (e != OK)
		return e;
	e = vfs_chdir(&p);
	path_unref(&p);
	return e;
}

enum err
nt_fs_chroot(struct thread *, const struct sysargs *a, long *)
{
	struct path p = { 0 };
	enum err e = nt_walk(NULL, a->v[0], WALK_DIRECTORY, &p);

	if (e != OK)
		return e;
	e = vfs_chroot(&p);
	path_unref(&p);
	return e;
}

enum err
nt_fs_getcwd(struct thread *t, const struct sysargs *a, long *ret)
{
	struct path root = { 0 }, cwd = { 0 };
	char *buf = kmalloc(PATH_MAX), *text = NULL;
	size_t len;
	enum err e;

	if (buf == NULL)
		return ERR_NOMEM;
	fs_state_view(t->task->fs, &root, &cwd);
	e = vfs_path_text(&cwd, &root, buf, PATH_MAX, &text);
	path_unref(&cwd);
	path_unref(&root);
	if (e != OK)
		goto out;
	len = strlen(text);
	if (text[0] != '/')
		e = ERR_NOENT;
	else if (len + 1 > a->v[1])
		e = ERR_RANGE;
	else
		e = user_copy_out(a->v[0], text, len + 1);
	*ret = (long)len;
out:
	kfree(buf, PATH_MAX);
	return e;
}

enum err
nt_fs_umask(struct thread *t, const struct sysargs *a, long *ret)
{
	atomic_uint *mask = &t->task->fs->umask;

	if ((int)a->v[0] == -1)
		*ret = (long)atomic_load(mask);
	else
		*ret = (long)atomic_exchange(
		    mask, (unsigned)a->v[0] & 0777);
	return OK;
}

enum err
nt_fs_sync(struct thread *, const struct sysargs *, long *)
{
	return vfs_sync();
}

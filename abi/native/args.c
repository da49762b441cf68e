/*
 * Arguments in, results out: the steps that handlers share.
 */
#include "native.h"

#include <uapi/native/fs.h>
#include <uapi/native/signal.h>

enum err
nt_dir_get(struct thread *t, uint32_t h, rights_t need, struct file **out)
{
	struct obj *o = NULL;
	enum err e;

	if (h == CM_CWD) {
		*out = NULL;
		return OK;
	}
	e = handle_get(nt_handles(t), h, OBJ_DIR | OBJ_PATH, need, &o);
	if (e == OK)
		*out = file_of(o);
	return e;
}

enum err
nt_need(struct thread *t, uint32_t h, rights_t need)
{
	rights_t have = 0;
	enum err e;

	if (h == CM_CWD)
		return OK;
	e = handle_rights(nt_handles(t), h, &have);
	if (e != OK)
		return e;
	return (have & need) == need ? OK : ERR_RIGHTS;
}

enum err
nt_walk(const struct file *dir, uintptr_t user, unsigned flags,
    struct path *out)
{
	__attribute__((uninitialized)) struct user_path path; /* set at once */
	enum err e = user_path_get(&path, user);

	if (e == OK)
		e = vfs_walk(nt_base(dir), path.text, flags, out);
	user_path_put(&path);
	return e;
}

enum err
nt_path_optional(uintptr_t user, char **out)
{
	size_t len;

	if (user == 0) {
		*out = NULL;
		return OK;
	}
	return user_path_in(user, out, &len);
}

static unsigned
handle_flags_of(uint32_t open_flags)
{
	return open_flags & CM_OPEN_CLOEXEC ? HANDLE_CLOEXEC : 0;
}

enum err
nt_install(struct thread *t, struct file *f, uint32_t open_flags, long *ret)
{
	uint32_t h;
	enum err e = handle_add(nt_handles(t), &f->obj,
	    file_rights(file_flags(f)), handle_flags_of(open_flags), &h);

	if (e == OK)
		*ret = (long)h;
	else
		file_unref(f);
	return e;
}

enum err
nt_install_pair(struct thread *t, struct file *const pair[2],
    uint32_t open_flags, uintptr_t out)
{
	struct handle_table *ht = nt_handles(t);
	uint32_t h[2] = { HANDLE_NONE, HANDLE_NONE };
	enum err e;

	e = handle_reserve(ht, &h[0]);
	if (e == OK)
		e = handle_reserve(ht, &h[1]);
	if (e == OK)
		e = user_copy_out(out, h, sizeof(h));
	if (e != OK)
		goto fail;
	for (int i = 0; i < 2; i++)
		handle_install(ht, h[i], &pair[i]->obj,
		    file_rights(file_flags(pair[i])),
		    handle_flags_of(open_flags));
	return OK;
fail:
	handle_cancel(ht, h[0]);
	handle_cancel(ht, h[1]);
	file_unref(pair[0]);
	file_unref(pair[1]);
	return e;
}

enum err
nt_create_flags(uint32_t flags, uint32_t allowed, unsigned *out)
{
	if (flags & ~allowed)
		return ERR_INVAL;
	*out = flags & CM_OPEN_NONBLOCK ? FILE_NONBLOCK : 0;
	return OK;
}

ns_t
nt_deadline(int64_t timeout)
{
	ns_t now, at;

	if (timeout <= 0)
		return 0;
	if (timeout == CM_FOREVER)
		return NS_NEVER;
	now = time_now();
	at = now + (ns_t)timeout;
	return at < now ? NS_NEVER : at;
}

void
nt_info_encode(const struct sig_info *in, struct cm_signal_info *out)
{
	*out = (struct cm_signal_info){
		.signal = in->number,
		.code = in->code,
		.pid = in->pid,
		.uid = in->uid,
		.status = in->status,
		.address = in->addr,
		.value = in->value,
	};
}

static int64_t
time_encode(const struct file_time *t)
{
	return t->sec * (int64_t)NS_PER_SEC + t->nsec;
}

static struct file_time
time_decode(int64_t ns)
{
	int64_t sec = ns / (int64_t)NS_PER_SEC;
	int64_t rest = ns % (int64_t)NS_PER_SEC;

	if (rest < 0) {
		rest += (int64_t)NS_PER_SEC;
		sec--;
	}
	return (struct file_time){ sec, (uint32_t)rest };
}

void
nt_stat_encode(const struct file_stat *in, struct cm_stat *out)
{
	*out = (struct cm_stat){
		.dev = in->dev,
		.ino = in->ino,
		.mode = in->mode,
		.links = in->nlink,
		.uid = in->uid,
		.gid = in->gid,
		.rdev = in->rdev,
		.size = in->size,
		.blocks = in->blocks,
		.block_size = in->block_size,
		.atime = time_encode(&in->atime),
		.mtime = time_encode(&in->mtime),
		.ctime = time_encode(&in->ctime),
		.btime = time_encode(&in->btime),
	};
}

#define ATTR_KNOWN (CM_ATTR_MODE | CM_ATTR_UID | CM_ATTR_GID | \
	CM_ATTR_SIZE | CM_ATTR_ATIME | CM_ATTR_MTIME | CM_ATTR_ATIME_NOW | \
	CM_ATTR_MTIME_NOW)

enum err
nt_attr_apply(const struct path *p, const struct cm_attr *a)
{
	int64_t now = (int64_t)time_wall();
	struct file_stat st = {
		.mode = a->mode & 07777,
		.uid = a->uid,
		.gid = a->gid,
		.atime = time_decode(
		    a->set & CM_ATTR_ATIME_NOW ? now : a->atime),
		.mtime = time_decode(
		    a->set & CM_ATTR_MTIME_NOW ? now : a->mtime),
	};
	unsigned mask = (a->set & CM_ATTR_MODE ? ATTR_MODE : 0) |
	    (a->set & CM_ATTR_UID ? ATTR_UID : 0) |
	    (a->set & CM_ATTR_GID ? ATTR_GID : 0) |
	    (a->set & (CM_ATTR_ATIME | CM_ATTR_ATIME_NOW) ? ATTR_ATIME : 0) |
	    (a->set & (CM_ATTR_MTIME | CM_ATTR_MTIME_NOW) ? ATTR_MTIME : 0);
	enum err e = OK;

	if (a->set & ~ATTR_KNOWN)
		return ERR_INVAL;
	if (p->dentry == NULL)
		return ERR_NOTSUP;
	if (a->set & CM_ATTR_SIZE)
		e = vfs_truncate(p, a->size);
	if (e == OK && mask != 0)
		e = vfs_set_attr(p, mask, &st);
	return e;
}

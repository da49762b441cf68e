/*
 * Tasks and their ids: native/task.h. spawn is in spawn.c, threads in
 * thread.c, limits and identity in attr.c.
 */
#include "native.h"

#include <uapi/native/task.h>

enum err
nt_task_exit(struct thread *, const struct sysargs *a, long *)
{
	task_exit((int)(a->v[0] & 0xff) << 8);
}

enum err
nt_task_fork(struct thread *, const struct sysargs *, long *ret)
{
	const struct fork_request req = { .exit_signal = SIG_CHLD };
	struct thread *child = NULL;
	enum err e = task_fork(&req, &child);

	if (e != OK)
		return e;
	*ret = child->tid;
	obj_unref(&child->obj);
	return OK;
}

enum err
nt_task_exec(
    struct thread *, struct file *dir, const struct sysargs *a, long *)
{
	struct exec_request req = {
		.dir = dir,
		.user_argv = a->v[2],
		.user_envp = a->v[3],
	};
	char *path = NULL;
	size_t len;
	enum err e;

	if (a->v[4] != 0)
		return ERR_INVAL;
	e = user_path_in(a->v[1], &path, &len);
	req.path = path;
	if (e == OK)
		e = exec_replace(&req);
	path_buf_free(path);
	return e;
}

/* The kernel's wait status in the ABI's words. */
static void
exit_encode(const struct wait_result *r, struct cm_exit *out)
{
	*out = (struct cm_exit){
		.pid = r->pid,
		.uid = r->uid,
		.user_ns = r->utime,
		.system_ns = r->stime,
	};
	if (r->status == 0xffff) {
		out->how = CM_CONTINUED;
	} else if ((r->status & 0xff) == 0x7f) {
		out->how = CM_STOPPED;
		out->value = r->status >> 8 & 0xff;
	} else if ((r->status & 0x7f) != 0) {
		out->how = CM_KILLED;
		out->value = r->status & 0x7f;
	} else {
		out->how = CM_EXITED;
		out->value = r->status >> 8 & 0xff;
	}
}

enum err
nt_task_wait(struct thread *, const struct sysargs *a, long *ret)
{
	const uintptr_t known = CM_WAIT_NOHANG | CM_WAIT_STOPPED |
	    CM_WAIT_CONTINUED | CM_WAIT_KEEP;
	struct wait_request req = {
		.pid = (int)a->v[0],
		.flags = WAITF_EXITED,
	};
	struct wait_result r = { 0 };
	struct cm_exit out;
	enum err e;

	if (a->v[1] & ~known)
		return ERR_INVAL;
	if (a->v[1] & CM_WAIT_NOHANG)
		req.flags |= WAITF_NOHANG;
	if (a->v[1] & CM_WAIT_STOPPED)
		req.flags |= WAITF_STOPPED;
	if (a->v[1] & CM_WAIT_CONTINUED)
		req.flags |= WAITF_CONTINUED;
	if (a->v[1] & CM_WAIT_KEEP)
		req.flags |= WAITF_NOWAIT;
	e = task_wait(&req, &r);
	if (e != OK)
		return e;
	*ret = r.pid;
	if (r.pid == 0)
		return OK;
	exit_encode(&r, &out);
	return nt_out(a->v[2], &out, sizeof(out));
}

#define TASK_RIGHTS (RIGHT_READ | RIGHT_WAIT | RIGHT_SIGNAL | RIGHT_MANAGE | \
	RIGHT_TRANSFER | RIGHT_DUP)

enum err
nt_task_open(struct thread *t, const struct sysargs *a, long *ret)
{
	rights_t rights = (rights_t)a->v[1];
	struct task *target = NULL;
	struct file *f = NULL;
	uint32_t h;
	enum err e;

	if (rights & ~TASK_RIGHTS)
		return ERR_INVAL;
	e = task_find((int)a->v[0], &target);
	if (e != OK)
		return e;
	if ((rights & (RIGHT_SIGNAL | RIGHT_MANAGE)) &&
	    !signal_may(target, SIG_TERM))
		e = ERR_PERM;
	if (e == OK)
		e = taskfd_create(target, FILE_READ, &f);
	task_unref(target);
	if (e == OK)
		e = handle_add(nt_handles(t), &f->obj, rights, 0, &h);
	if (e == OK)
		*ret = (long)h;
	else
		file_unref(f);
	return e;
}

enum err
nt_task_kill(
    struct thread *t, struct obj *o, const struct sysargs *a, long *)
{
	struct sig_info info = {
		.number = (int)a->v[1],
		.code = SIGC_USER,
		.pid = t->task->pid,
	};
	struct task *target = NULL;
	enum err e;

	if (a->v[1] > SIG_MAX)
		return ERR_INVAL;
	e = taskfd_task(file_of(o), &target);
	if (e != OK)
		return e;
	e = signal_send(target, &info);
	task_unref(target);
	return e;
}

static enum thread_state
leader_state(struct task *t)
{
	struct thread *leader = task_leader_get(t);
	enum thread_state state = atomic_load(&leader->state);

	obj_unref(&leader->obj);
	return state;
}

static uint32_t
state_letter(struct task *t)
{
	if (t->zombie)
		return 'Z';
	if (t->stop_signal != 0)
		return 'T';
	switch (leader_state(t)) {
	case THREAD_RUNNING:
	case THREAD_READY:
	case THREAD_NEW:
		return 'R';
	case THREAD_STOPPED:
		return 'T';
	case THREAD_DEAD:
		return 'Z';
	case THREAD_SLEEPING:
		break;
	}
	return 'S';
}

static void
info_fill(struct task *t, struct cm_task_info *out)
{
	struct creds *c = creds_get(t);
	struct space *s = NULL;

	*out = (struct cm_task_info){
		.pid = t->pid,
		.parent = task_parent_pid(t),
		.group = t->pgid,
		.session = task_sid(t),
		.uid = c->euid,
		.gid = c->egid,
		.threads = atomic_load(&t->thread_count),
		.state = state_letter(t),
		.start_ns = t->start_time,
	};
	creds_put(c);
	task_times(t, &out->user_ns, &out->system_ns);
	mutex_lock(&t->lock);
	strlcpy(out->name, t->name, sizeof(out->name));
	strlcpy(out->abi, t->abi != NULL ? t->abi->name : "", sizeof(out->abi));
	if (t->space != NULL)
		s = space_ref(t->space);
	mutex_unlock(&t->lock);
	if (s == NULL)
		return;
	out->mapped_bytes = s->mapped;
	out->resident_bytes =
	    (uint64_t)atomic_load(&s->resident) * PAGE_SIZE;
	space_unref(s);
}

enum err
nt_task_info(
    struct thread *, struct obj *o, const struct sysargs *a, long *)
{
	struct cm_task_info info;
	struct task *target = NULL;
	enum err e = taskfd_task(file_of(o), &target);

	if (e != OK)
		return e;
	info_fill(target, &info);
	task_unref(target);
	return user_copy_out(a->v[1], &info, sizeof(info));
}

static enum err
id_of(struct task *t, uintptr_t which, long *ret)
{
	switch (which) {
	case CM_ID_TASK:
		*ret = t->pid;
		return OK;
	case CM_ID_PARENT:
		*ret = task_parent_pid(t);
		return OK;
	case CM_ID_GROUP:
		*ret = t->pgid;
		return OK;
	case CM_ID_SESSION:
		*ret = task_sid(t);
		return OK;
	default:
		return ERR_INVAL;
	}
}

enum err
nt_task_id(struct thread *t, const struct sysargs *a, long *ret)
{
	int pid = (int)a->v[1];
	struct task *target = NULL;
	enum err e;

	if (a->v[0] == CM_ID_THREAD) {
		*ret = t->tid;
		return pid == 0 ? OK : ERR_INVAL;
	}
	if (pid == 0)
		return id_of(t->task, a->v[0], ret);
	e = task_find(pid, &target);
	if (e != OK)
		return e;
	e = id_of(target, a->v[0], ret);
	task_unref(target);
	return e;
}

enum err
nt_task_set_group(struct thread *, const struct sysargs *a, long *)
{
	return task_setpgid((int)a->v[0], (int)a->v[1]);
}

enum err
nt_task_new_session(struct thread *, const struct sysargs *, long *ret)
{
	int sid = 0;
	enum err e = task_setsid(&sid);

	*ret = sid;
	return e;
}

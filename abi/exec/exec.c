/*
 * exec: a new program in place of the running one, or in a fresh task.
 *
 * The new image is built completely beside the old one: program found,
 * headers checked, ABI chosen, a new space mapped, stack and registers laid
 * out by the ABI's start(). Only then, with nothing left that can fail, the
 * task switches: exec_replace() either succeeds or leaves the caller exactly
 * as it was. The one step in between that can be refused is killing the other
 * threads, which a fatal signal to ourselves interrupts.
 */
#include <kernel/futex.h>
#include <kernel/log.h>
#include <kernel/random.h>
#include <kernel/user.h>

#include <lib/string.h>

#include "exec.h"

enum err
exec_open(struct image *img, const char *path, struct file **out)
{
	const struct open_how how = {
		.flags = FILE_READ | FILE_EXEC,
		.walk = img->view.dentry != NULL ? WALK_IN_ROOT : 0,
	};

	return vfs_open(img->view.dentry != NULL ? &img->view : NULL, path,
	    &how, out);
}

static void
image_free(struct image *img)
{
	space_unref(img->space);
	file_unref(img->interp);
	file_unref(img->file);
	kfree(img->phdrs, img->elf.phdr_bytes);
	path_unref(&img->view);
	strings_free(img);
	kfree(img, sizeof(*img));
}

/* The program file itself, from a path or an already open file. */
static enum err
open_program(struct image *img, const struct exec_request *req)
{
	const struct open_how how = {
		.flags = FILE_READ | FILE_EXEC,
		.walk = req->flags & EXEC_NOFOLLOW ? WALK_NOFOLLOW : 0,
	};

	if (req->file != NULL)
		return vfs_open_path(
		    &req->file->path, FILE_READ | FILE_EXEC, &img->file);
	return vfs_open(req->dir != NULL ? &req->dir->path : NULL, req->path,
	    &how, &img->file);
}

/* Effective ids after set-user-id and set-group-id bits. */
static void
set_ids(struct image *img)
{
	struct creds *c = creds_get(task_current());
	struct vnode *v = img->file->vnode;
	uint32_t mode = atomic_load(&v->mode);

	img->uid = c->euid;
	img->gid = c->egid;
	if (!(mount_flags(img->file->path.mount) & MOUNT_NOSUID) &&
	    !task_current()->no_new_privs) {
		if (mode & S_SETUID)
			img->uid = atomic_load(&v->uid);
		if ((mode & (S_SETGID | 0010)) == (S_SETGID | 0010))
			img->gid = atomic_load(&v->gid);
	}
	img->set_creds = img->uid != c->euid || img->gid != c->egid;
	img->secure = img->set_creds || c->euid != c->uid || c->egid != c->gid;
	creds_put(c);
}

#define STACK_MIN     KIB(256)
#define STACK_GAP     MIB(1) /* between the stack's limit and mappings */
#define STACK_SHUFFLE (MIB(256) / PAGE_SIZE)

/*
 * The stack is mapped last, when its contents are known, but its place is
 * chosen first: what is loaded before goes below mmap_top, and so below the
 * lowest address that the stack may grow to. The room is never less than that
 * of the largest argument list, whatever the limit says.
 */
static void
stack_place(struct image *img)
{
	struct space *s = img->space;
	uint64_t soft = task_current()->rlimits[RLIM_STACK].soft;
	uint64_t shuffle = random_u64();
	vaddr_t room;

	img->stack_size = soft == UINT64_MAX ? IMAGE_STACK_ROOM :
	    (size_t)ALIGN_DOWN(MAX(MIN(soft, (s->high - s->low) / 4),
	        STACK_MIN), PAGE_SIZE);
	img->stack_top = s->high - PAGE_SIZE -
	    shuffle % STACK_SHUFFLE * PAGE_SIZE;
	room = MAX(img->stack_size, IMAGE_STACK_ROOM) + STACK_GAP +
	    (shuffle >> 32) % STACK_SHUFFLE * PAGE_SIZE;
	s->mmap_top = ALIGN_DOWN(img->stack_top - room, PAGE_SIZE);
}

/* Everything that can fail before the task is touched. */
static enum err
image_build(struct image *img, const struct exec_request *req,
    struct arch_frame *frame)
{
	enum err e;

	img->path = req->path != NULL ? req->path : "";
	e = open_program(img, req);
	if (e != OK)
		return e;
	e = req->kernel_args ? strings_from_kernel(img, req->argv, req->envp) :
	    strings_from_user(img, req->user_argv, req->user_envp);
	if (e != OK)
		return e;
	e = choose_program(img, req);
	if (e == OK)
		e = zone_translate(img);
	if (e != OK)
		return e;
	set_ids(img);
	e = space_create(task_current()->container, &img->space);
	if (e != OK)
		return e;
	if (img->abi->maps_zero)
		img->space->low = 0;
	stack_place(img);
	e = load_map(img);
	if (e != OK)
		return e;
	img->space->exe = file_ref(img->file);
	return img->abi->start(img, frame);
}

/* Set-id programs: new credentials with the effective ids. */
static enum err
image_creds(struct image *img, struct creds **out)
{
	struct creds *old = creds_get(task_current());
	struct creds *c = creds_alloc(old->group_count);

	if (c == NULL) {
		creds_put(old);
		return ERR_NOMEM;
	}
	memcpy(&c->uid, &old->uid, sizeof(*c) + old->group_count *
	    sizeof(c->groups[0]) - offsetof(struct creds, uid));
	c->euid = c->suid = c->fsuid = img->uid;
	c->egid = c->sgid = c->fsgid = img->gid;
	if (c->euid == 0)
		c->cap_permitted = c->cap_effective = c->cap_bounding;
	creds_put(old);
	*out = c;
	return OK;
}

static const char *
program_name(const struct image *img)
{
	const char *slash = strrchr(img->path, '/');

	return slash != NULL ? slash + 1 : img->path;
}

/* Table and fs_state that the task shares with others become its own. */
static enum err
unshare_for_exec(struct task *t, bool view)
{
	struct handle_table *h = NULL;
	struct fs_state *fs = NULL;

	if (handle_table_is_shared(t->handles)) {
		h = handle_table_clone(t->handles);
		if (h == NULL)
			return ERR_NOMEM;
	}
	if (view && fs_state_is_shared(t->fs)) {
		fs = fs_state_clone(t->fs);
		if (fs == NULL) {
			handle_table_unref(h);
			return ERR_NOMEM;
		}
	}
	mutex_lock(&t->lock);
	if (h != NULL) {
		struct handle_table *old = t->handles;

		task_set_handles(t, h);
		h = old;
	}
	if (fs != NULL) {
		struct fs_state *old = t->fs;

		t->fs = fs;
		fs = old;
	}
	mutex_unlock(&t->lock);
	handle_table_unref(h);
	fs_state_unref(fs);
	return OK;
}

/* The point of no return is behind us: nothing here fails. */
static void
image_switch(struct thread *th, struct image *img,
    const struct arch_frame *frame, struct creds *creds)
{
	struct task *t = th->task;
	const struct abi *old_abi = t->abi;
	struct space *old = t->space;
	unsigned long flags;

	zone_switch(t, img);
	if (old_abi != NULL && old_abi->exit != NULL)
		old_abi->exit(t);
	mutex_lock(&t->lock);
	flags = arch_irq_save();
	t->space = img->space;
	t->abi = img->abi;
	t->abi_data = img->abi_data;
	if (th == thread_current())
		tlb_space_switch(&t->space->arch);
	arch_irq_restore(flags);
	mutex_unlock(&t->lock);
	img->space = NULL;
	if (th == thread_current())
		arch_fpu_reset();
	*thread_frame(th) = *frame;
	handle_close_exec(t->handles);
	if (creds != NULL) /* the real user stays, so it cannot fail */
		err_ignore(creds_replace(t, creds));
	if (img->abi->started != NULL)
		img->abi->started(t, img);
	task_exec_done(t, program_name(img));
	space_unref(old);
}

/*
 * Ends the other threads, then parts from other tasks: not the other way round,
 * since threads use what the task has without references of their own. Who has
 * lost its threads for nothing cannot go on.
 */
static enum err
only_this_thread(struct task *t, bool view)
{
	bool alone = atomic_load(&t->thread_count) == 1;
	enum err e = task_single_thread();

	if (e != OK)
		return e;
	e = unshare_for_exec(t, view);
	if (e == OK)
		e = signal_exec(t);
	if (e != OK && !alone)
		signal_kernel(t, SIG_KILL);
	return e;
}

enum err
exec_replace(const struct exec_request *req)
{
	struct thread *th = thread_current();
	struct task *t = th->task;
	struct image *img = kzalloc(sizeof(*img));
	struct creds *creds = NULL;
	struct arch_frame frame;
	enum err e;

	if (img == NULL)
		return ERR_NOMEM;
	e = task_check_nproc();
	if (e == OK)
		e = image_build(img, req, &frame);
	if (e != OK)
		goto out;
	if (img->set_creds) {
		e = image_creds(img, &creds);
		if (e != OK)
			goto out;
	}
	e = only_this_thread(t, img->view.dentry != NULL);
	if (e != OK) {
		if (creds != NULL)
			creds_put(creds);
		goto out;
	}
	futex_thread_exit(th);
	task_lead();
	image_switch(th, img, &frame, creds);
	e = ERR_JUSTRETURN;
out:
	if (e != ERR_JUSTRETURN && img->abi_data != NULL &&
	    img->abi->discard != NULL)
		img->abi->discard(img);
	image_free(img);
	return e;
}

/* The first program's image is wrong: most likely one of another machine. */
static void
say_machine(const struct image *img)
{
	unsigned machine = img->head[18] | (unsigned)img->head[19] << 8;

	if (img->head_len >= 20 && memcmp(img->head, "\177ELF", 4) == 0 &&
	    machine != ARCH_ELF_MACHINE)
		klog(LOG_ERROR, "%s is for another machine (ELF %u; " ARCH_NAME
		    " is %u)", img->path, machine, ARCH_ELF_MACHINE);
}

enum err
exec_load_into(struct thread *th, const struct exec_request *req)
{
	struct image *img = kzalloc(sizeof(*img));
	struct arch_frame frame;
	enum err e;

	if (img == NULL)
		return ERR_NOMEM;
	e = image_build(img, req, &frame);
	if (e == OK)
		image_switch(th, img, &frame, NULL);
	else if (e == ERR_NOEXEC)
		say_machine(img);
	if (e != OK && img->abi_data != NULL && img->abi->discard != NULL)
		img->abi->discard(img);
	image_free(img);
	return e;
}

/*
 * What the files of the Linux ABI share: the shape of a handler, the fetch of
 * common arguments (descriptors, paths, times, vectors), and the encoders of
 * structures that several calls give out.
 *
 * A handler fetches and checks arguments, copies in, calls services with
 * kernel types, copies out, and sets *ret. It answers enum err; the number is
 * encoded once, by lx_answer().
 */
#pragma once

#include <kernel/abi.h>
#include <kernel/file.h>
#include <kernel/handles.h>
#include <kernel/task.h>
#include <kernel/user.h>
#include <kernel/vfs.h>
#include <lib/string.h>

#include <lx_arch.h>

typedef abi_handler lx_handler;

/* errno.c */
int lx_errno(enum err e); /* positive; 0 for OK */
long lx_answer(enum err e, long ret);

/* call.c */
#define LX_CALL_LIMIT 512 /* beyond the last number of any table */
extern abi_handler *const lx_calls[LX_CALL_LIMIT];
const char *lx_name_of(uintptr_t nr);
const char *lx_kinds_of(uintptr_t nr);

/* ---- descriptors ------------------------------------------------------ */

/* A descriptor in use for the length of one call. */
struct lx_fd {
	struct file *file;
	struct handle_loan loan;
};

/*
 * Looks up descriptor h without a reference where the table is private.
 * Takes: release with lx_fd_put; meanwhile the call closes no handle.
 * Errors: ERR_BADHANDLE, also for descriptors that only name (O_PATH).
 */
static inline enum err
lx_fd_get(struct thread *t, uintptr_t h, rights_t need, struct lx_fd *fd)
{
	enum err e = handle_borrow(t->task, (uint32_t)h, OBJ_STREAM,
	    need, &fd->loan);

	if (UNLIKELY(e != OK))
		return e;
	fd->file = file_of(fd->loan.obj);
	return OK;
}

static inline void
lx_fd_put(struct lx_fd *fd)
{
	handle_return(&fd->loan);
}

/*
 * The file of descriptor h, borrowed until the call ends, in the usual case;
 * NULL in the others (the table is shared, the kind is none of kinds, the
 * descriptor is wrong), which lx_fd_get sorts out. The call closes no handle.
 */
static ALWAYS_INLINE struct file *
lx_fd_peek(struct thread *t, uintptr_t h, unsigned kinds, rights_t need)
{
	struct obj *o;

	if (UNLIKELY(!handle_is_private(t->task) || handle_peek(
	    handle_slots_of(t->task), (uint32_t)h, kinds, need, &o) != OK))
		return NULL;
	return file_of(o);
}

/* As file_get on the caller's table; any file, also O_PATH. */
enum err lx_file(
    struct thread *t, uintptr_t h, rights_t need, struct file **out);
/* Installs f (reference taken, also on failure) with its own rights. */
enum err lx_install(
    struct thread *t, struct file *f, bool cloexec, long *ret);

/* A private copy of the descriptors that threads share. */
enum err lx_unshare_handles(struct thread *t);

static inline bool
file_is_stream(const struct file *f)
{
	return (file_flags(f) & FILE_STREAM) != 0;
}

/* ---- paths ------------------------------------------------------------ */

/* A directory descriptor and a path, ready for the VFS. */
struct lx_at {
	struct file *dir; /* referenced or NULL */
	const struct path *base; /* NULL: the working directory */
	struct user_path path;
};

/* Errors: ERR_FAULT, ERR_NAMETOOLONG, ERR_BADHANDLE, ERR_NOTDIR, and
 * ERR_NOENT for an empty path unless may_be_empty. at is clean on failure. */
enum err lx_at_get(struct lx_at *at, struct thread *t, uintptr_t dirfd,
    uintptr_t path, bool may_be_empty);
/* Its halves: the path alone, then the base for it. */
enum err lx_at_fetch(struct lx_at *at, uintptr_t path);
enum err lx_at_base(struct lx_at *at, struct thread *t, uintptr_t dirfd);

static inline void
lx_at_put(struct lx_at *at)
{
	user_path_put(&at->path);
	if (at->dir != NULL)
		file_unref(at->dir);
	at->dir = NULL;
}

/* Fetch and walk in one. walk: WALK_*. */
enum err lx_at_walk(struct thread *t, uintptr_t dirfd, uintptr_t path,
    unsigned walk, struct path *out);
/* From AT_SYMLINK_NOFOLLOW / AT_EMPTY_PATH to WALK_*; other bits than allowed
 * are ERR_INVAL. */
enum err lx_at_flags(uintptr_t flags, unsigned allowed, unsigned *walk);
/* The path behind a descriptor. ERR_BADHANDLE, also for an O_PATH one when
 * RIGHT_CONTROL is needed; ERR_INVAL for pathless ones. */
enum err lx_fd_path(struct thread *t, uintptr_t h, rights_t need,
    struct path *out);

/* ---- times ------------------------------------------------------------ */

/* ERR_INVAL for negative or unnormalised values; saturates below NS_NEVER. */
enum err lx_timespec_in(uintptr_t user, ns_t *out);
enum err lx_timespec_out(uintptr_t user, ns_t ns);
struct lx_timeval lx_timeval_of(ns_t ns);
/* now + span without wrapping. */
ns_t lx_deadline(ns_t span);
/* user 0: NS_NEVER; else now + *user. */
enum err lx_timeout_in(uintptr_t user, ns_t *deadline);

/* ---- vectors ---------------------------------------------------------- */

#define LX_RW_MAX   0x7ffff000ul /* bytes a call moves at most */
#define LX_IOV_MAX  1024
#define LX_IOV_FAST 8
struct lx_iov {
	struct iter it;
	struct iter_seg fast[LX_IOV_FAST];
	struct iter_seg *segs; /* fast or allocated */
	size_t count;
};
enum err lx_iov_get(
    struct lx_iov *v, uintptr_t user, size_t count, bool into);
void lx_iov_put(struct lx_iov *v);

/* ---- signals (signal.c, sigframe per architecture) -------------------- */

/* A kernel set from user memory; size must be 8. */
enum err lx_sigset_in(uintptr_t user, size_t size, sigset_bits *out);
/* For ppoll, pselect, epoll_pwait: user 0 is fine; sets the wait's mask. */
enum err lx_wait_mask(uintptr_t user, size_t size);
void lx_siginfo_encode(const struct sig_info *in, struct lx_siginfo *out);
void lx_signalfd_encode(
    const struct sig_info *in, struct lx_signalfd_info *out);
void lx_siginfo_decode(const struct lx_siginfo *in, struct sig_info *out);
void lx_deliver(struct thread *t, struct arch_frame *f);
void lx_fault(struct thread *t, struct arch_frame *f,
    const struct sig_info *info);
/* A wait that is not taken up again after a handler: poll and its kin. */
static inline enum err
lx_no_restart(enum err e)
{
	return e == ERR_RESTART ? ERR_RESTART_NOHANDLER : e;
}

/* Tells the writer of a pipe or stream without reader by SIGPIPE, as every
 * call that writes does; gives e back. */
enum err lx_broken_pipe(struct thread *t);
static inline enum err
lx_write_result(struct thread *t, enum err e)
{
	if (UNLIKELY(e == ERR_PIPE))
		return lx_broken_pipe(t);
	return UNLIKELY(e == ERR_NOTSUP) ? ERR_INVAL : e;
}

/* An object that cannot be read at all: EINVAL, as read(2) has it. */
static inline enum err
lx_read_result(enum err e)
{
	return UNLIKELY(e == ERR_NOTSUP) ? ERR_INVAL : e;
}

/* Builds the frame of a caught signal and points f, the running thread's, at
 * the handler. False: the stack cannot hold it. */
bool lx_frame_push(struct arch_frame *f, const struct sig_info *info,
    const struct sig_action *act);
/* Takes the frame at the stack pointer apart again. False: it is malformed or
 * unreadable; registers are unchanged then. */
bool lx_frame_pop(struct arch_frame *f, struct lx_frame_back *back);
size_t lx_frame_min(void); /* AT_MINSIGSTKSZ */
extern const char lx_platform[]; /* AT_PLATFORM; "" for none */

/* For the above (sigframe.c). Where a frame goes: below bytes under the last
 * address that is LX_FRAME_ALIGNed and has above bytes of room over it. 0: not
 * onto the alternate stack. Whether it is user memory is not looked at. */
uintptr_t lx_frame_place(const struct arch_frame *f,
    const struct sig_action *act, size_t above, size_t below);
/* Every byte, in place; or by a copy, where that is not possible. */
void lx_frame_head_fill(struct lx_frame_head *h, const struct arch_frame *f,
    const struct sig_info *info);
enum err lx_frame_head_out(uintptr_t place, const struct arch_frame *f,
    const struct sig_info *info);
/* The stack_t to save in a frame. */
void lx_alt_stack_save(struct thread *t, uintptr_t sp, struct lx_stack *out);

/* ---- start and vDSO --------------------------------------------------- */

enum err lx_start(struct image *img, struct arch_frame *f);
/* Maps the vDSO; *base its ELF header. */
enum err lx_vdso_map(struct space *s, vaddr_t *base);
vaddr_t lx_vdso_sigreturn(vaddr_t base);

/* ---- stat encoders (stat.c) ------------------------------------------- */

uint64_t lx_dev(uint64_t rdev); /* Linux's 64-bit st_dev encoding */
uint64_t lx_dev_decode(uint64_t dev);

/* ---- processes -------------------------------------------------------- */

/* pid 0: the caller. Referenced. */
enum err lx_task(struct thread *t, uintptr_t pid, struct task **out);
/* tid 0: the caller. Referenced (thread obj). */
enum err lx_thread(struct thread *t, uintptr_t tid, struct thread **out);
void lx_thread_put(struct thread *th);
void lx_rusage_encode(ns_t utime, ns_t stime, struct lx_rusage *out);
/* The pid of a parent as the task sees it; no lock, no reference. */
int lx_parent_pid(struct task *task);
/* May the caller change scheduling or limits of target? */
bool lx_may_change(struct thread *t, struct task *target, unsigned cap);
/* posix timers of a task that ends or execs (timer.c). */
void lx_timers_drop(struct task *task);

/* ---- for calls that only some tables have ------------------------------- */

lx_handler lx_clone; /* in the generic order of arguments */
lx_handler lx_flush_icache;
/* poll and select up to a deadline; arguments as ppoll's and pselect's. */
enum err lx_poll_until(struct thread *t, const struct sysargs *a,
    ns_t deadline, long *ret);
enum err lx_select_until(struct thread *t, const struct sysargs *a,
    ns_t deadline, long *ret);
/* getdents64, or with the old layout of records. */
enum err lx_list(struct thread *t, const struct sysargs *a, bool old_layout,
    long *ret);
/* Sets both times of a path; walk: WALK_*. */
enum err lx_utime_at(struct thread *t, const uintptr_t at[2], unsigned walk,
    const struct lx_timespec ts[2]);
#define LX_UTIME_NOW 0x3fffffffl
/* Sets ITIMER_REAL to one shot, tells what was left. */
ns_t lx_alarm_exchange(struct task *task, ns_t value);
/* The CPU time that a clock's negative id names: of a process, or (*thread not
 * NULL, referenced) of a thread. ERR_INVAL: none of this container. */
enum err lx_cpu_clock(struct thread *t, int id, struct task **task,
    struct thread **thread, enum cpu_clock *which);

/* Common part of plain open flags (open.c), shared with pipe2 and others. */
#define LX_FD_FLAGS (LX_O_CLOEXEC | LX_O_NONBLOCK)
static inline unsigned
lx_file_flags(unsigned o)
{
	return (o & LX_O_NONBLOCK) ? FILE_NONBLOCK : 0;
}

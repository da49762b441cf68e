/*
 * The native ABI's own parts (include/uapi/native, docs/abi-native.md).
 *
 * The handlers are declared from call.def: nt_NAME. By the line's form they
 * get, beside the arguments, nothing (CALL), the object behind the handle in
 * argument 0, its kind and rights checked (CALLH), or the directory, NULL for
 * the working directory (CALLD). What they get is borrowed.
 */
#pragma once

#include <kernel/abi.h>
#include <kernel/err.h>
#include <kernel/file.h>
#include <kernel/ipc.h>
#include <kernel/signal.h>
#include <kernel/task.h>
#include <kernel/user.h>
#include <kernel/vfs.h>
#include <lib/string.h>

#include <uapi/native/call.h>

#define CALL(number, name, args) \
	enum err nt_##name( \
	    struct thread *t, const struct sysargs *a, long *ret);
#define CALLH(number, name, args, kind, rights) \
	enum err nt_##name(struct thread *t, struct obj *o, \
	    const struct sysargs *a, long *ret);
#define CALLD(number, name, args, rights) \
	enum err nt_##name(struct thread *t, struct file *dir, \
	    const struct sysargs *a, long *ret);
#include <uapi/native/call.def>
#undef CALL
#undef CALLH
#undef CALLD

/* call.c, errno.c */
#define NT_CALL_LIMIT 192 /* beyond the last number */
extern abi_handler *const nt_calls[NT_CALL_LIMIT];
const char *nt_name_of(uintptr_t nr);
const char *nt_kinds_of(uintptr_t nr);
long nt_answer(enum err e, long ret);

/* start.c, signal.c */
enum err nt_start(struct image *img, struct arch_frame *f);
void nt_deliver(struct thread *t, struct arch_frame *f);
void nt_fault(
    struct thread *t, struct arch_frame *f, const struct sig_info *info);

/* arch: user registers in the order of struct cm_signal_context. */
void nt_regs_save(const struct arch_frame *f, uint64_t *reg);
void nt_regs_load(struct arch_frame *f, const uint64_t *reg);

/* ---- args.c: arguments in and results out ------------------------------- */

static inline struct handle_table *
nt_handles(struct thread *t)
{
	return t->task->handles;
}

static inline const struct path *
nt_base(const struct file *dir)
{
	return dir != NULL ? &dir->path : NULL;
}

/* The directory behind h, referenced; *out NULL for CM_CWD. */
enum err nt_dir_get(
    struct thread *t, uint32_t h, rights_t need, struct file **out);
/* ERR_RIGHTS when h is a handle (not CM_CWD) without all of need. */
enum err nt_need(struct thread *t, uint32_t h, rights_t need);
/* Walks the user's path from dir; *out referenced. */
enum err nt_walk(
    const struct file *dir, uintptr_t path, unsigned flags, struct path *out);
/* A path argument that may be NULL: *out NULL. */
enum err nt_path_optional(uintptr_t path, char **out);
/* Installs a new file object in a fresh handle; takes f, also on failure. */
enum err nt_install(
    struct thread *t, struct file *f, uint32_t open_flags, long *ret);
/* Two files as two handles in the user's array; takes both. */
enum err nt_install_pair(struct thread *t, struct file *const pair[2],
    uint32_t open_flags, uintptr_t out);
/* Open flags of calls that create files: checks against allowed, gives
 * FILE_*. */
enum err nt_create_flags(uint32_t flags, uint32_t allowed, unsigned *out);
/* A relative timeout as a deadline: 0 is past, CM_FOREVER never comes. */
ns_t nt_deadline(int64_t timeout);
/* Signal information in the user's terms. */
struct cm_signal_info;
void nt_info_encode(const struct sig_info *in, struct cm_signal_info *out);
struct cm_stat;
void nt_stat_encode(const struct file_stat *in, struct cm_stat *out);
struct cm_attr;
/* Sets the attributes of p as *a says. */
enum err nt_attr_apply(const struct path *p, const struct cm_attr *a);

/* Copies a fixed-size structure out unless the user gave NULL. */
static inline enum err
nt_out(uintptr_t to, const void *from, size_t len)
{
	return to == 0 ? OK : user_copy_out(to, from, len);
}

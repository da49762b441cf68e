/*
 * The call table, made from call.def: what to run, its name, its argument
 * kinds. Handles in argument 0 are looked up here and nowhere else,
 * with the kind and the rights that the line names.
 */
#include "native.h"

#include <kernel/handles.h>

#include "kinds.h"

typedef enum err object_handler(
    struct thread *t, struct obj *o, const struct sysargs *a, long *ret);
typedef enum err dir_handler(
    struct thread *t, struct file *dir, const struct sysargs *a, long *ret);

/* A call on an object, as its line of call.def says. */
struct object_call {
	unsigned kinds;
	rights_t need;
	object_handler *handler;
};

static ALWAYS_INLINE enum err
with_object(struct thread *t, const struct sysargs *a, long *ret,
    struct object_call c)
{
	struct handle_loan loan;
	enum err e = handle_borrow(
	    t->task, (uint32_t)a->v[0], c.kinds, c.need, &loan);

	if (UNLIKELY(e != OK))
		return e;
	e = c.handler(t, loan.obj, a, ret);
	handle_return(&loan);
	return e;
}

static ALWAYS_INLINE enum err
with_dir(struct thread *t, const struct sysargs *a, long *ret,
    rights_t need, dir_handler *handler)
{
	struct handle_loan loan;
	enum err e;

	if (LIKELY((uint32_t)a->v[0] == CM_CWD))
		return handler(t, NULL, a, ret);
	e = handle_borrow(t->task, (uint32_t)a->v[0],
	    OBJ_DIR | OBJ_PATH, need, &loan);
	if (e != OK)
		return e;
	e = handler(t, file_of(loan.obj), a, ret);
	handle_return(&loan);
	return e;
}

/* The entries of calls with an object. */
#define ENTRY(name, perform) \
	static enum err \
	enter_##name(struct thread *t, const struct sysargs *a, long *ret) \
	{ \
		return perform; \
	}
#define CALL(number, name, args)
#define CALLH(number, name, args, kind, rights) \
	ENTRY(name, with_object(t, a, ret, \
	    (struct object_call){ kind, rights, nt_##name }))
#define CALLD(number, name, args, rights) \
	ENTRY(name, with_dir(t, a, ret, rights, nt_##name))
#include <uapi/native/call.def>
#undef CALL
#undef CALLH
#undef CALLD

abi_handler *const nt_calls[NT_CALL_LIMIT] = {
#define CALL(number, name, args) [number] = nt_##name,
#define CALLH(number, name, args, kind, rights) [number] = enter_##name,
#define CALLD(number, name, args, rights) [number] = enter_##name,
#include <uapi/native/call.def>
#undef CALL
#undef CALLH
#undef CALLD
};

const char *
nt_name_of(uintptr_t nr)
{
	switch (nr) {
#define CALL(number, name, args) \
	case number: \
		return #name;
#define CALLH(number, name, args, kind, rights) CALL(number, name, args)
#define CALLD(number, name, args, rights) CALL(number, name, args)
#include <uapi/native/call.def>
#undef CALL
#undef CALLH
#undef CALLD
	default:
		return NULL;
	}
}

const char *
nt_kinds_of(uintptr_t nr)
{
	switch (nr) {
#define CALL(number, name, args) \
	case number: \
		return args;
#define CALLH(number, name, args, kind, rights) CALL(number, name, args)
#define CALLD(number, name, args, rights) CALL(number, name, args)
#include <uapi/native/call.def>
#undef CALL
#undef CALLH
#undef CALLD
	default:
		return NULL;
	}
}

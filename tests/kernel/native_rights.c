/*
 * Every native call refuses every missing right and every wrong kind. The
 * calls come from call.def, so a new line is tested without a word here.
 */
#include <kernel/ktest.h>
#include <kernel/mm.h>

#include "../../abi/native/native.h"
/* after the handlers are declared: the words of the kind and rights columns */
#include "../../abi/native/kinds.h"

struct checked_call {
	unsigned number;
	unsigned kinds;
	rights_t rights;
	const char *name;
};

static const struct checked_call checked[] = {
#define CALL(number, name, args)
#define CALLH(number, name, args, kind, rights) \
	{ number, kind, rights, #name },
#define CALLD(number, name, args, rights) \
	{ number, OBJ_DIR | OBJ_PATH, rights, #name },
#include <uapi/native/call.def>
#undef CALL
#undef CALLH
#undef CALLD
};

static void
target_destroy(struct obj *o)
{
	obj_gone(o);
}

static const struct obj_ops target_ops = { .destroy = target_destroy };

/* A thread that has nothing but a handle table: refused calls look at nothing
 * else. */
struct caller {
	struct thread *thread;
	struct task *task;
};

static bool
caller_make(struct caller *c)
{
	c->thread = kzalloc(sizeof(*c->thread));
	c->task = kzalloc(sizeof(*c->task));
	if (c->thread == NULL || c->task == NULL)
		return false;
	c->task->handles = handle_table_create(16);
	c->thread->task = c->task;
	return c->task->handles != NULL;
}

static void
caller_free(struct caller *c)
{
	if (c->task != NULL)
		handle_table_unref(c->task->handles);
	kfree(c->task, sizeof(*c->task));
	kfree(c->thread, sizeof(*c->thread));
}

/* A refused call leaves the handle, its rights and the object as they were, and
 * makes no other handle. */
static bool
is_untouched(struct handle_table *table, uint32_t h, struct obj *target,
    rights_t rights)
{
	struct obj *got = NULL;
	rights_t now = 0;
	bool same;

	if (handle_rights(table, h, &now) != OK || now != rights ||
	    handle_get(table, h, ~0u, 0, &got) != OK)
		return false;
	same = got == target && atomic_load(&target->refs.count) == 3;
	obj_unref(got);
	return same && handle_rights(table, h + 1, &now) == ERR_BADHANDLE;
}

/* What call number answers for an object of this kind with these rights. */
static enum err
answer(struct caller *c, const struct checked_call *call, unsigned kind,
    rights_t rights)
{
	struct obj target;
	struct sysargs a = { { 0 } };
	uint32_t h = HANDLE_NONE;
	long ret = 0;
	enum err e;

	obj_init(&target, &target_ops, (enum obj_kind)kind);
	obj_ref(&target);
	EXPECT_OK(handle_add(c->task->handles, &target, rights, 0, &h));
	a.v[0] = h;
	e = nt_call(c->thread, call->number, &a, &ret);
	EXPECT(ret == 0);
	EXPECT(is_untouched(c->task->handles, h, &target, rights));
	EXPECT_OK(handle_close(c->task->handles, h));
	obj_unref(&target);
	return e;
}

KTEST(native_calls_refuse_missing_rights)
{
	struct caller c = { NULL, NULL };
	unsigned tried = 0;

	EXPECT(caller_make(&c));
	for (size_t i = 0; i < ARRAY_LEN(checked); i++) {
		const struct checked_call *call = &checked[i];
		unsigned kind = call->kinds & -call->kinds;

		for (rights_t bit = 1; bit <= RIGHTS_ALL; bit <<= 1) {
			if (!(call->rights & bit))
				continue;
			EXPECT(answer(&c, call, kind, RIGHTS_ALL & ~bit) ==
			    ERR_RIGHTS);
			tried++;
		}
	}
	EXPECT(tried > 50); /* the table was not empty */
	caller_free(&c);
}

KTEST(native_calls_refuse_other_kinds)
{
	struct caller c = { NULL, NULL };

	EXPECT(caller_make(&c));
	for (size_t i = 0; i < ARRAY_LEN(checked); i++) {
		const struct checked_call *call = &checked[i];

		for (unsigned k = 0; k < OBJ_KINDS; k++)
			if (!(call->kinds & 1u << k) && k != 12 && k != 13 &&
			    k != 14 && k != 15)
				EXPECT(answer(&c, call, 1u << k,
				    RIGHTS_ALL) == ERR_TYPE);
	}
	caller_free(&c);
}

KTEST(native_calls_refuse_absent_handles)
{
	struct caller c = { NULL, NULL };
	const struct sysargs a = { { 7 } };
	long ret = 0;

	EXPECT(caller_make(&c));
	for (size_t i = 0; i < ARRAY_LEN(checked); i++)
		EXPECT(nt_call(c.thread, checked[i].number, &a, &ret) ==
		    ERR_BADHANDLE);
	EXPECT(nt_call(c.thread, 0, &a, &ret) == ERR_NOSYS);
	EXPECT(nt_call(c.thread, 4000, &a, &ret) == ERR_NOSYS);
	caller_free(&c);
}

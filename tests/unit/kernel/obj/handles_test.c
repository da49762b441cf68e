// uses: kernel/obj/handles.c kernel/obj/slots.c kernel/obj/obj.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#undef PROT_READ
#undef PROT_WRITE
#undef PROT_EXEC
#include "../shim.h"

#include <kernel/handles.h>

static unsigned destroyed, closed;

static void
thing_destroy(struct obj *o)
{
	destroyed++;
	obj_gone(o);
	free(o);
}

static void
thing_closed(struct obj *o, struct handle_table *t)
{
	(void)o;
	(void)t;
	closed++;
}

static const struct obj_ops thing_ops = { thing_destroy, thing_closed };

static struct obj *
thing(enum obj_kind kind)
{
	struct obj *o = aligned_alloc(64, 64);

	obj_init(o, &thing_ops, kind);
	return o;
}

/* Large tables take pages: the shim gives memory as pages. */
struct page *
page_alloc(unsigned order)
{
	(void)order;
	return NULL;
}

void
page_free(struct page *p, unsigned order)
{
	(void)p;
	(void)order;
	abort();
}

struct page *
page_of(paddr_t pa)
{
	(void)pa;
	return NULL;
}

struct page_section *page_sections;

static struct handle_table *
start(unsigned limit)
{
	shim_start();
	destroyed = closed = 0;
	return handle_table_create(limit);
}

TEST(lookup_checks_kind_and_rights_at_once)
{
	struct handle_table *t = start(100);
	struct obj *o = thing(OBJ_FILE), *got = NULL;
	uint32_t h = 99;
	struct handle_loan loan;

	EXPECT_EQ(handle_add(t, o, RIGHT_READ, 0, &h), OK);
	EXPECT_EQ(h, 0);
	EXPECT_EQ(handle_get(t, h, OBJ_FILE, RIGHT_WRITE, &got), ERR_RIGHTS);
	EXPECT_EQ(handle_get(t, h, OBJ_TASK, RIGHT_READ, &got), ERR_TYPE);
	EXPECT_EQ(handle_get(t, 1, OBJ_FILE, 0, &got), ERR_BADHANDLE);
	EXPECT_EQ(handle_get(t, 1 << 30, OBJ_FILE, 0, &got), ERR_BADHANDLE);
	EXPECT(got == NULL); /* untouched on failure */
	EXPECT_EQ(handle_get(
	    t, h, OBJ_FILE | OBJ_TASK, RIGHT_READ, &got), OK);
	EXPECT(got == o);
	obj_unref(got);
	shim_task.handles = t;
	EXPECT_EQ(handle_borrow(&shim_task, h, OBJ_ANY, 0, &loan), OK);
	EXPECT(!loan.counted && atomic_load(&o->refs.count) == 1);
	handle_return(&loan);
	handle_table_ref(t);
	EXPECT_EQ(handle_borrow(&shim_task, h, OBJ_ANY, 0, &loan), OK);
	EXPECT(loan.counted && atomic_load(&o->refs.count) == 2);
	handle_return(&loan);
	handle_table_unref(t);
	shim_task.handles = NULL;
	EXPECT_EQ(destroyed, 0);
	handle_table_unref(t);
	EXPECT_EQ(destroyed, 1);
	EXPECT_EQ(closed, 1);
	EXPECT_EQ(obj_live(0), 0);
}

TEST(a_full_table_refuses)
{
	struct handle_table *t = start(3);
	uint32_t h = 0;

	for (unsigned i = 0; i < 3; i++)
		EXPECT_EQ(handle_reserve(t, &h), OK);
	EXPECT_EQ(handle_reserve(t, &h), ERR_MFILE);
	handle_cancel(t, 1);
	handle_cancel(t, HANDLE_NONE);
	EXPECT_EQ(handle_reserve_from(t, 2, &h), ERR_MFILE);
	EXPECT_EQ(handle_reserve(t, &h), OK);
	EXPECT_EQ(h, 1);
	handle_table_unref(t);
}

TEST(reserved_slots_are_invisible)
{
	struct handle_table *t = start(10);
	struct obj *got = NULL, *o = thing(OBJ_PIPE);
	uint32_t h = 0, copy = 0;

	EXPECT_EQ(handle_reserve(t, &h), OK);
	EXPECT_EQ(handle_get(t, h, OBJ_ANY, 0, &got), ERR_BADHANDLE);
	EXPECT_EQ(handle_close(t, h), ERR_BADHANDLE);
	EXPECT_EQ(handle_dup(t, h, RIGHTS_ALL, 0, &copy), ERR_BADHANDLE);
	handle_install(t, h, o, RIGHT_READ, HANDLE_CLOEXEC);
	copy = 5;
	EXPECT_EQ(handle_dup(t, h, RIGHTS_ALL, 0, &copy), OK);
	EXPECT_EQ(copy, 5);
	EXPECT_EQ(handle_reserve_from(t, 6, &h), OK);
	EXPECT_EQ(handle_dup_to(t, 5, h, RIGHTS_ALL, 0), ERR_BUSY);
	handle_close_exec(t);
	EXPECT_EQ(handle_get(t, 0, OBJ_ANY, 0, &got), ERR_BADHANDLE);
	EXPECT_EQ(handle_get(t, 5, OBJ_ANY, 0, &got), OK);
	obj_unref(got);
	handle_table_unref(t);
	EXPECT_EQ(destroyed, 1);
}

TEST(handles_are_taken_together_or_not_at_all)
{
	struct handle_table *t = start(10);
	struct obj *o[3] = { thing(OBJ_PIPE), thing(OBJ_PIPE), thing(OBJ_PIPE) };
	struct obj *swapped[2] = { o[0], o[2] }, *pair[2] = { o[0], o[1] };
	uint32_t h[2] = { 0, 0 }, third = 0, far[2] = { 0, 5000 };

	EXPECT_EQ(handle_add(t, o[0], RIGHT_READ, 0, &h[0]), OK);
	EXPECT_EQ(handle_add(t, o[1], RIGHT_READ, 0, &h[1]), OK);
	EXPECT_EQ(handle_add(t, o[2], RIGHT_READ, 0, &third), OK);
	/* One number names another object now: nothing is closed. */
	EXPECT_EQ(handle_take(t, h, swapped, 2), ERR_BADHANDLE);
	EXPECT_EQ(handle_take(t, far, pair, 2), ERR_BADHANDLE);
	EXPECT_EQ(handle_count(t), 3);
	EXPECT_EQ(handle_take(t, h, pair, 2), OK);
	EXPECT_EQ(handle_count(t), 1);
	EXPECT_EQ(closed, 0);
	handle_closed(t, o[0]);
	handle_closed(t, o[1]);
	EXPECT_EQ(closed, 2);
	EXPECT_EQ(destroyed, 2);
	handle_table_unref(t);
	EXPECT_EQ(destroyed, 3);
}

TEST(rights_only_shrink)
{
	struct handle_table *t = start(10);
	rights_t r = 0;
	uint32_t h = 0, copy = 0;

	EXPECT_EQ(handle_add(t, thing(OBJ_FILE), RIGHT_READ | RIGHT_SEEK, 0,
	    &h), OK);
	EXPECT_EQ(handle_dup(t, h, RIGHT_READ | RIGHT_WRITE, 0, &copy), OK);
	h = copy;
	EXPECT_EQ(handle_rights(t, h, &r), OK);
	EXPECT_EQ(r, RIGHT_READ);
	handle_table_unref(t);
}

TEST(tables_grow_and_find_the_lowest_free_number)
{
	struct handle_table *t = start(1 << 20);
	struct obj *o = thing(OBJ_FILE);
	uint32_t h = 0, n = 5000;

	for (unsigned i = 0; i < n; i++) {
		EXPECT_EQ(handle_add(t, obj_ref(o), RIGHT_READ, 0, &h), OK);
		EXPECT_EQ(h, i);
	}
	EXPECT_EQ(handle_count(t), n);
	EXPECT_EQ(handle_close(t, 4097), OK);
	EXPECT_EQ(handle_close(t, 63), OK);
	EXPECT_EQ(handle_reserve_from(t, 64, &h), OK);
	EXPECT_EQ(h, 4097);
	EXPECT_EQ(handle_reserve(t, &h), OK);
	EXPECT_EQ(h, 63);
	EXPECT_EQ(handle_reserve(t, &h), OK);
	EXPECT_EQ(h, n);
	handle_close_range(t, 10, UINT32_MAX, 0);
	EXPECT_EQ(handle_reserve(t, &h), OK);
	EXPECT_EQ(h, 10);
	obj_unref(o);
	handle_table_unref(t);
	shim_rcu_run();
	EXPECT_EQ(destroyed, 1);
	EXPECT_EQ(shim_blocks, 0);
}

TEST(a_clone_has_the_same_handles)
{
	struct handle_table *t = start(1 << 20), *c;
	struct obj *got = NULL;
	unsigned flags = 0;
	uint32_t h = 0;

	for (unsigned i = 0; i < 200; i++)
		EXPECT_EQ(handle_add(t, thing(OBJ_FILE), RIGHT_READ,
		    i % 2 ? HANDLE_CLOEXEC : 0, &h), OK);
	EXPECT_EQ(handle_close(t, 7), OK);
	EXPECT_EQ(handle_reserve_from(t, 300, &h), OK);
	c = handle_table_clone(t);
	EXPECT(c != NULL);
	EXPECT_EQ(handle_count(c), 199); /* not what is only reserved */
	EXPECT_EQ(handle_flags_get(c, 9, &flags), OK);
	EXPECT_EQ(flags, HANDLE_CLOEXEC);
	EXPECT_EQ(handle_get(c, 7, OBJ_ANY, 0, &got), ERR_BADHANDLE);
	EXPECT_EQ(handle_next(c, 7, &h, &got), OK);
	EXPECT_EQ(h, 8);
	obj_unref(got);
	handle_table_unref(t);
	handle_table_unref(c);
	shim_rcu_run();
	EXPECT_EQ(destroyed, 200);
	EXPECT_EQ(shim_blocks, 0);
}

TEST(running_out_of_memory_leaves_nothing)
{
	struct handle_table *t;
	uint32_t h = 0;

	for (long at = 1; at <= 2; at++) {
		shim_start();
		shim_fail_at = at;
		EXPECT(handle_table_create(10) == NULL);
		EXPECT_EQ(shim_blocks, 0);
	}
	t = start(1000);
	for (unsigned i = 0; i < 64; i++)
		EXPECT_EQ(handle_reserve(t, &h), OK);
	shim_fail_at = 1;
	EXPECT_EQ(handle_reserve(t, &h), ERR_NOMEM);
	EXPECT_EQ(handle_reserve(t, &h), OK);
	EXPECT_EQ(h, 64);
	handle_table_unref(t);
	shim_rcu_run();
	EXPECT_EQ(shim_blocks, 0);
}

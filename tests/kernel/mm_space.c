/*
 * Address spaces, faults, fork, mapped objects. Most tests play a program, in a
 * task of their own.
 */
#include <kernel/ktest.h>
#include <kernel/mm.h>
#include <kernel/space.h>
#include <kernel/task.h>
#include <kernel/user.h>

#include <lib/string.h>

#include "threads.h"

#define RW  (PROT_READ | PROT_WRITE)
#define AT  UINT64_C(0x10000000)
#define PG  PAGE_SIZE

/* A test in a task of its own, which has a space. */
#define PROGRAM_TEST(name) \
	static void play_##name(void *); \
	KTEST(name) \
	{ \
		test_task_run(play_##name, NULL); \
	} \
	static void play_##name(void *unused UNUSED)

static vaddr_t
map_at(struct space *s, vaddr_t at, size_t pages, unsigned prot)
{
	const struct map_request q = { .addr = at, .len = pages * PG,
		.prot = prot, .how = MAP_AT };
	vaddr_t got = 0;

	EXPECT_OK(space_map(s, &q, &got));
	EXPECT(got == at);
	return got;
}

static uint64_t
peek(vaddr_t va)
{
	uint64_t v = 0;

	EXPECT_OK(user_load64(va, &v));
	return v;
}

PROGRAM_TEST(untouched_memory_reads_as_zero_and_costs_no_page)
{
	struct space *s = task_current()->space;

	map_at(s, AT, 16, RW);
	for (unsigned i = 0; i < 16; i++)
		EXPECT(peek(AT + i * PG + 8) == 0);
	EXPECT(atomic_load(&s->resident) == 0);
	EXPECT_OK(user_store64(AT + 3 * PG, 77));
	EXPECT(peek(AT + 3 * PG) == 77);
	EXPECT(peek(AT + 4 * PG) == 0);
	EXPECT(atomic_load(&s->resident) == 1);
}

PROGRAM_TEST(address_zero_can_be_mapped)
{
	struct space *s = task_current()->space;
	char buf[8];
	size_t len;

	s->low = 0;
	map_at(s, 0, 1, RW);
	EXPECT_OK(user_copy_out(0, "xv6", 4));
	EXPECT_OK(user_string_in(buf, 0, sizeof(buf), &len));
	EXPECT(len == 3 && strcmp(buf, "xv6") == 0);
}

PROGRAM_TEST(unmapped_and_protected_memory_answers_fault)
{
	struct space *s = task_current()->space;
	uint64_t v = 0;

	map_at(s, AT, 4, RW);
	EXPECT_OK(user_store64(AT, 1));
	EXPECT_OK(user_store64(AT + PG, 1));
	EXPECT_OK(space_unmap(s, AT, PG));
	EXPECT(user_load64(AT, &v) == ERR_FAULT);
	EXPECT_OK(user_load64(AT + PG, &v));
	EXPECT_OK(space_protect(s, AT + PG, PG, PROT_READ));
	EXPECT(user_store64(AT + PG, 2) == ERR_FAULT);
	EXPECT(peek(AT + PG) == 1);
	EXPECT_OK(space_protect(s, AT + PG, PG, 0));
	EXPECT(user_load64(AT + PG, &v) == ERR_FAULT);
	EXPECT_OK(space_protect(s, AT + PG, PG, RW));
	EXPECT(peek(AT + PG) == 1);
	EXPECT_OK(user_store64(AT + PG, 3));
	EXPECT(s->region_count == 1); /* joined again */
	EXPECT(user_load64(arch_user_end, &v) == ERR_FAULT);
	EXPECT(user_load64(~(vaddr_t)7, &v) == ERR_FAULT);
	EXPECT(user_load64(KMAP_BASE, &v) == ERR_FAULT);
}

/* On x86_64 the page at arch_user_end is the last one before addresses that
 * are not canonical: a call at its end could not be returned from by SYSRET. */
PROGRAM_TEST(nothing_is_mapped_beyond_the_last_user_page)
{
	struct space *s = task_current()->space;
	const vaddr_t last = arch_user_end - PG;
	struct map_request q = { .addr = arch_user_end, .len = PG,
		.prot = PROT_READ | PROT_WRITE | PROT_EXEC, .how = MAP_AT };
	const struct remap_request grow = { last, PG, 2 * PG, 0, 0 }, move = {
		last, PG, PG, REMAP_MAYMOVE | REMAP_FIXED, arch_user_end };
	vaddr_t at = 0;

	EXPECT(IS_ALIGNED(arch_user_end, PG));
	EXPECT(space_map(s, &q, &at) == ERR_NOMEM);
	q.how |= MAP_NOREPLACE;
	EXPECT(space_map(s, &q, &at) == ERR_NOMEM);
	q.addr = last;
	q.len = 2 * PG;
	EXPECT(space_map(s, &q, &at) == ERR_NOMEM);
	q.len = PG;
	EXPECT(space_map(s, &q, &at) == OK && at == last);
	EXPECT_OK(user_store64(last + PG - 8, 5));
	EXPECT(user_store64(arch_user_end, 5) == ERR_FAULT);
	EXPECT(user_copy_out(last + PG - 8, "0123456789ab", 12) == ERR_FAULT);
	EXPECT(space_protect(s, arch_user_end, PG, PROT_READ) != OK);
	EXPECT(space_fault(s, arch_user_end, PROT_EXEC) != OK);
	EXPECT(space_remap(s, &grow, &at) == ERR_NOMEM);
	EXPECT(space_remap(s, &move, &at) != OK && at == last);
	s->brk_start = s->brk = last - 4 * PG;
	EXPECT(space_brk(s, arch_user_end + 1, &at) == ERR_NOMEM);
	EXPECT(at == last - 4 * PG);
	/* A hint is no more than that. */
	q.how = 0;
	q.addr = arch_user_end;
	EXPECT(space_map(s, &q, &at) == OK && at < last);
}

PROGRAM_TEST(a_copy_across_a_hole_reports_how_far_it_came)
{
	struct space *s = task_current()->space;
	char buf[100];

	memset(buf, 1, sizeof(buf));
	map_at(s, AT, 1, RW);
	EXPECT_OK(user_store64(AT, 1));
	EXPECT(user_copy_out_nofault(AT + PG - 40, buf, 100) == 40);
	EXPECT(user_copy_out(AT + PG - 40, buf, 100) == ERR_FAULT);
	EXPECT(user_copy_in_nofault(buf, AT + PG - 40, 100) == 40);
}

/* Every length and alignment: bytes and words go other ways than the rest,
 * and nothing beside them may change. */
PROGRAM_TEST(small_copies_move_what_they_should_and_nothing_else)
{
	struct space *s = task_current()->space;
	ALIGNED(8) uint8_t from[96], to[96];
	unsigned wrong = 0;

	map_at(s, AT, 2, RW);
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i + 1);
	for (size_t n = 0; n <= 72; n++) {
		for (size_t shift = 0; shift < 8; shift++) {
			vaddr_t at = AT + PG - 40 + shift;

			EXPECT_OK(user_zero(AT + PG - 64, 192));
			EXPECT_OK(user_copy_out(at, from + shift, n));
			memset(to, 0xee, sizeof(to));
			EXPECT_OK(user_copy_in(to, at - 1, n + 2));
			wrong += to[0] != 0 || to[n + 1] != 0 ||
			    to[n + 2] != 0xee ||
			    memcmp(to + 1, from + shift, n) != 0;
			EXPECT_OK(user_zero(at, n));
			EXPECT_OK(user_copy_in(to, at, n));
			for (size_t i = 0; i < n; i++)
				wrong += to[i] != 0;
		}
	}
	EXPECT(wrong == 0);
}

PROGRAM_TEST(paths_of_all_lengths_arrive_from_all_places)
{
	struct space *s = task_current()->space;
	struct user_path p;
	char text[160];
	unsigned wrong = 0;

	map_at(s, AT, 2, RW);
	memset(text, 'x', sizeof(text));
	for (size_t n = 0; n < 150; n++) {
		for (size_t shift = 0; shift < 9; shift++) {
			vaddr_t at = AT + PG - 75 + shift;

			EXPECT_OK(user_zero(AT + PG - 80, 256));
			EXPECT_OK(user_copy_out(at, text, n));
			EXPECT_OK(user_path_get(&p, at));
			wrong += p.len != n || strlen(p.text) != n ||
			    memcmp(p.text, text, n) != 0;
			user_path_put(&p);
		}
	}
	EXPECT(wrong == 0);
	/* Up to the last byte of what is mapped, and on. */
	EXPECT_OK(user_copy_out(AT + 2 * PG - 5, "tail", 5));
	EXPECT_OK(user_path_get(&p, AT + 2 * PG - 5));
	EXPECT(p.len == 4 && strcmp(p.text, "tail") == 0);
	user_path_put(&p);
	EXPECT_OK(user_copy_out(AT + 2 * PG - 5, "tails", 5));
	EXPECT(user_path_get(&p, AT + 2 * PG - 5) == ERR_FAULT);
	EXPECT(user_peek_byte(AT + 2 * PG - 5) == 't');
	EXPECT(user_peek_byte(AT + 2 * PG) == -1);
}

PROGRAM_TEST(fork_shares_pages_until_one_side_writes)
{
	struct space *s = task_current()->space, *child = NULL;
	uint64_t v = 0;

	map_at(s, AT, 4, RW);
	EXPECT_OK(user_store64(AT, 5));
	EXPECT_OK(user_store64(AT + PG, 6));
	EXPECT_OK(space_clone(s, &child));
	EXPECT(atomic_load(&child->resident) == 2);
	EXPECT_OK(user_store64(AT, 50));
	EXPECT_OK(space_read(child, AT, &v, sizeof(v)));
	EXPECT(v == 5);
	v = 60;
	EXPECT_OK(space_write(child, AT + PG, &v, sizeof(v)));
	EXPECT(peek(AT + PG) == 6);
	EXPECT(peek(AT) == 50);
	EXPECT_OK(space_read(child, AT + 2 * PG, &v, sizeof(v)));
	EXPECT(v == 0);
	space_unref(child);
	EXPECT_OK(user_store64(AT + PG, 7)); /* alone again: in place */
	EXPECT(peek(AT + PG) == 7);
}

static struct memobj *
object_make(size_t pages)
{
	struct memobj *m = NULL;
	struct iter it;
	uint64_t word;
	size_t done = 0;

	EXPECT_OK(memobj_create(0, &m));
	for (uint64_t i = 0; i < pages; i++) {
		word = 1000 + i;
		iter_kernel(&it, &word, sizeof(word), false);
		EXPECT_OK(memobj_write(m, i * PG, &it, &done));
		EXPECT(done == sizeof(word));
	}
	EXPECT_OK(memobj_resize(m, pages * PG));
	return m;
}

static void
map_object(struct space *s, struct memobj *m, size_t pages, unsigned flags)
{
	const struct map_request q = { .addr = AT, .len = pages * PG,
		.prot = RW, .how = MAP_AT, .obj = m, .flags = flags };
	vaddr_t got;

	EXPECT_OK(space_map(s, &q, &got));
}

static uint64_t
object_word(struct memobj *m, uint64_t off)
{
	uint64_t word = 0;
	struct iter it;
	size_t done = 0;

	iter_kernel(&it, &word, sizeof(word), true);
	EXPECT_OK(memobj_read(m, off, &it, &done));
	EXPECT(done == sizeof(word));
	return word;
}

PROGRAM_TEST(a_shared_mapping_and_the_object_are_the_same_memory)
{
	struct space *s = task_current()->space;
	struct memobj *m = object_make(20);

	map_object(s, m, 20, REGION_SHARED);
	for (unsigned i = 0; i < 20; i++)
		EXPECT(peek(AT + i * PG) == 1000 + i);
	EXPECT_OK(user_store64(AT + 5 * PG, 42));
	EXPECT(object_word(m, 5 * PG) == 42);
	EXPECT_OK(space_unmap(s, AT, 20 * PG));
	EXPECT(object_word(m, 5 * PG) == 42);
	obj_unref(&m->obj);
}

PROGRAM_TEST(a_private_mapping_leaves_the_object_alone)
{
	struct space *s = task_current()->space, *child = NULL;
	struct memobj *m = object_make(20);
	uint64_t v = 0;

	map_object(s, m, 20, 0);
	EXPECT(peek(AT + 7 * PG) == 1007);
	EXPECT_OK(user_store64(AT + 7 * PG, 42)); /* copy of a mapped page */
	EXPECT_OK(user_store64(AT + 19 * PG, 43)); /* copied at once */
	EXPECT(object_word(m, 7 * PG) == 1007);
	EXPECT(object_word(m, 19 * PG) == 1019);
	EXPECT_OK(space_clone(s, &child));
	EXPECT_OK(space_read(child, AT + 7 * PG, &v, sizeof(v)));
	EXPECT(v == 42);
	EXPECT_OK(space_read(child, AT + 6 * PG, &v, sizeof(v)));
	EXPECT(v == 1006);
	space_unref(child);
	obj_unref(&m->obj);
}

PROGRAM_TEST(truncation_takes_mapped_pages_away)
{
	struct space *s = task_current()->space;
	struct memobj *m = object_make(20);
	uint64_t v;

	map_object(s, m, 20, REGION_SHARED);
	EXPECT(peek(AT + 12 * PG) == 1012);
	EXPECT_OK(memobj_resize(m, 10 * PG + 4));
	EXPECT(space_fault(s, AT + 12 * PG, PROT_READ) == ERR_NODATA);
	EXPECT(user_load64(AT + 12 * PG, &v) == ERR_FAULT);
	EXPECT(peek(AT + 9 * PG) == 1009);
	EXPECT(peek(AT + 10 * PG) == 1010); /* its upper half is zero */
	EXPECT_OK(memobj_resize(m, 20 * PG));
	EXPECT(peek(AT + 12 * PG) == 0);
	EXPECT_OK(memobj_punch(m, 2 * PG, 4 * PG));
	EXPECT(peek(AT + 2 * PG) == 0 && peek(AT + 4 * PG) == 1004);
	obj_unref(&m->obj);
}

KTEST(holes_and_data_are_told_apart)
{
	struct memobj *m = object_make(2);
	uint64_t at = 0;

	EXPECT_OK(memobj_resize(m, 10 * PG));
	EXPECT_OK(memobj_seek(m, 100, true, &at));
	EXPECT(at == 100);
	EXPECT_OK(memobj_seek(m, 100, false, &at));
	EXPECT(at == 2 * PG);
	EXPECT(memobj_seek(m, 2 * PG, true, &at) == ERR_NXIO);
	EXPECT(memobj_seek(m, 10 * PG, false, &at) == ERR_NXIO);
	EXPECT(object_word(m, 9 * PG) == 0);
	obj_unref(&m->obj);
}

PROGRAM_TEST(the_break_grows_and_shrinks_one_region)
{
	struct space *s = task_current()->space;
	vaddr_t brk = 0;

	s->brk_start = s->brk = AT + 100;
	EXPECT_OK(space_brk(s, AT + 10 * PG, &brk));
	EXPECT(brk == AT + 10 * PG);
	EXPECT_OK(user_store64(AT + 9 * PG, 9));
	EXPECT_OK(space_brk(s, AT + 20 * PG, &brk));
	EXPECT(s->region_count == 1);
	EXPECT(peek(AT + 9 * PG) == 9);
	EXPECT_OK(space_brk(s, AT + 9 * PG, &brk));
	EXPECT_OK(space_brk(s, AT + 10 * PG, &brk));
	EXPECT(peek(AT + 9 * PG) == 0);
	EXPECT(space_brk(s, AT, &brk) == ERR_NOMEM);
	EXPECT(brk == AT + 10 * PG);
}

PROGRAM_TEST(a_moved_mapping_keeps_its_pages)
{
	struct space *s = task_current()->space;
	struct remap_request q = { AT, 4 * PG, 8 * PG, 0, 0 };
	vaddr_t to = 0;

	map_at(s, AT, 4, RW);
	map_at(s, AT + 4 * PG, 1, PROT_READ); /* no room to grow */
	EXPECT_OK(user_store64(AT + PG, 11));
	EXPECT(space_remap(s, &q, &to) == ERR_NOMEM);
	q.flags = REMAP_MAYMOVE;
	EXPECT_OK(space_remap(s, &q, &to));
	EXPECT(to != AT && peek(to + PG) == 11);
	EXPECT(peek(to + 7 * PG) == 0);
	EXPECT(space_fault(s, AT + PG, PROT_READ) == ERR_FAULT);
	q = (struct remap_request){ to, 8 * PG, 2 * PG, 0, 0 };
	EXPECT_OK(space_remap(s, &q, &to));
	EXPECT(peek(to + PG) == 11);
	EXPECT(space_fault(s, to + 2 * PG, PROT_READ) == ERR_FAULT);
}

PROGRAM_TEST(a_stack_grows_to_its_limit_and_no_further)
{
	struct space *s = task_current()->space;
	const struct map_request q = { .addr = AT + GIB(1), .len = PG,
		.prot = RW, .how = MAP_AT, .flags = REGION_GROWSDOWN };
	vaddr_t got, top = AT + GIB(1) + PG;

	EXPECT_OK(space_map(s, &q, &got));
	s->limit_stack = 64 * PG;
	EXPECT_OK(user_store64(top - 40 * PG, 1));
	EXPECT_OK(user_store64(top - 64 * PG, 1));
	EXPECT(user_store64(top - 65 * PG, 1) == ERR_FAULT);
	s->limit_stack = SIZE_MAX;
	map_at(s, top - 1000 * PG, 1, RW);
	EXPECT(user_store64(top - 990 * PG, 1) == ERR_FAULT); /* guard gap */
}

PROGRAM_TEST(advice_drops_pages_and_fork_obeys_it)
{
	struct space *s = task_current()->space, *child = NULL;
	uint64_t v;

	map_at(s, AT, 4, RW);
	EXPECT_OK(user_store64(AT, 1));
	EXPECT_OK(user_store64(AT + PG, 2));
	EXPECT_OK(space_advise(s, AT, PG, ADVISE_DONTNEED));
	EXPECT(peek(AT) == 0);
	EXPECT_OK(space_advise(s, AT, PG, ADVISE_DONTFORK));
	EXPECT_OK(space_advise(s, AT + PG, PG, ADVISE_WIPEONFORK));
	EXPECT_OK(space_clone(s, &child));
	EXPECT(space_read(child, AT, &v, sizeof(v)) == ERR_FAULT);
	EXPECT_OK(space_read(child, AT + PG, &v, sizeof(v)));
	EXPECT(v == 0 && peek(AT + PG) == 2);
	space_unref(child);
}

PROGRAM_TEST(futex_keys_of_shared_words_are_equal_everywhere)
{
	struct space *s = task_current()->space, *child = NULL;
	struct memobj *m = object_make(2);
	struct futex_key a, b;

	map_object(s, m, 2, REGION_SHARED);
	EXPECT_OK(space_clone(s, &child));
	EXPECT_OK(space_futex_key(s, AT + PG + 4, true, &a));
	EXPECT_OK(space_futex_key(child, AT + PG + 4, true, &b));
	EXPECT(a.base == b.base && a.offset == b.offset);
	EXPECT(a.offset == PG + 4);
	futex_key_drop(&a);
	futex_key_drop(&b);
	EXPECT_OK(space_futex_key(s, AT, false, &a));
	EXPECT_OK(space_futex_key(child, AT, false, &b));
	EXPECT(a.base != b.base);
	space_unref(child);
	obj_unref(&m->obj);
}

/* Everything in one go, for failure injection. Errors are fine, leaks not. */
static void
busy_life(void)
{
	struct space *s = NULL, *child = NULL;
	struct memobj *m = NULL;
	struct map_request q = { .len = 64 * PG, .prot = RW };
	vaddr_t at = 0, to = 0;
	uint64_t word = 3;
	struct iter it;
	size_t done;

	if (space_create(container_root, &s) != OK)
		return;
	if (space_map(s, &q, &at) == OK) {
		err_ignore(space_write(s, at, &word, sizeof(word)));
		err_ignore(space_write(s, at + 9 * PG, &word, sizeof(word)));
		err_ignore(space_protect(s, at + PG, PG, PROT_READ));
		err_ignore(space_remap(s, &(struct remap_request){ at + 8 * PG,
		    4 * PG, 80 * PG, REMAP_MAYMOVE, 0 }, &to));
	}
	if (memobj_create(8 * PG, &m) == OK) {
		q.obj = m;
		q.flags = REGION_SHARED;
		iter_kernel(&it, &word, sizeof(word), false);
		err_ignore(memobj_write(m, 5 * PG, &it, &done));
		if (space_map(s, &q, &at) == OK) {
			err_ignore(space_write(
			    s, at + 2 * PG, &word, sizeof(word)));
			err_ignore(space_read(
			    s, at + 5 * PG, &word, sizeof(word)));
		}
	}
	if (space_clone(s, &child) == OK)
		err_ignore(space_write(child, at, &word, sizeof(word)));
	if (m != NULL)
		err_ignore(memobj_resize(m, PG));
	err_ignore(space_unmap(s, at, 3 * PG));
	space_unref(child);
	space_unref(s);
	if (m != NULL)
		obj_unref(&m->obj);
}

KTEST(every_allocation_may_fail_and_nothing_leaks)
{
	unsigned long n = 1;

	for (; n < 1000; n++) {
		atomic_store(&alloc_fail_at, n);
		busy_life();
		if (atomic_exchange(&alloc_fail_at, 0) != 0)
			break;
	}
	EXPECT(n > 10 && n < 1000);
}

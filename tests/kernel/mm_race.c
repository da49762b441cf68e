/*
 * Faults, unmapping, fork and truncation at once, on all CPUs, by the threads
 * of one test task. The task releases the space as soon as they are not counted
 * any more, while some are still on their way out.
 */
#include <kernel/ktest.h>
#include <kernel/mm.h>
#include <kernel/sched.h>
#include <kernel/space.h>
#include <kernel/task.h>
#include <kernel/user.h>

#include <lib/random.h>

#include "threads.h"

#define AT      UINT64_C(0x10000000)
#define SPAN    64 /* pages per thread */
#define THREADS 4
#define TURNS   100

static struct {
	struct space *space;
	struct memobj *object;
	atomic_uint next;
	atomic_uint wrong;
	void (*fn)(void *);
} race;

/* Anonymous memory of its own among that of others, whose page tables are
 * shared; sometimes a clone. */
static void
race_anon(void *arg)
{
	unsigned me = atomic_fetch_add(&race.next, 1);
	vaddr_t base = AT + me * SPAN * PAGE_SIZE;
	struct prng rnd;

	(void)arg;
	prng_seed(&rnd, me + 1);
	for (unsigned turn = 0; turn < TURNS; turn++) {
		vaddr_t va = base + prng_below(&rnd, SPAN - 1) * PAGE_SIZE;
		const struct map_request q = { .addr = va,
			.len = PAGE_SIZE * 2, .how = MAP_AT,
			.prot = PROT_READ | PROT_WRITE };
		uint64_t v = 1;
		vaddr_t got;

		if (space_map(race.space, &q, &got) != OK)
			atomic_fetch_add(&race.wrong, 1);
		/* What is mapped anew is zero, whoever had the frame. */
		if (user_load64(va, &v) != OK || v != 0 ||
		    user_store64(va, va) != OK ||
		    user_load64(va, &v) != OK || v != va)
			atomic_fetch_add(&race.wrong, 1);
		if (turn % 32 == 31) {
			struct space *child = NULL;

			if (space_clone(race.space, &child) == OK &&
			    (space_read(child, va, &v, 8) != OK || v != va))
				atomic_fetch_add(&race.wrong, 1);
			space_unref(child);
		}
		if (user_store64(va, ~va) != OK ||
		    user_load64(va, &v) != OK || v != ~va)
			atomic_fetch_add(&race.wrong, 1);
		err_ignore(space_unmap(race.space, va, PAGE_SIZE));
		if (user_load64(va, &v) != ERR_FAULT)
			atomic_fetch_add(&race.wrong, 1);
	}
}

/* A shared object that one thread truncates all the time. */
static void
race_object(void *arg)
{
	unsigned me = atomic_fetch_add(&race.next, 1);
	struct prng rnd;

	(void)arg;
	prng_seed(&rnd, me + 1);
	for (unsigned turn = 0; turn < TURNS; turn++) {
		uint64_t page = prng_below(&rnd, SPAN), v = 0;
		enum err e;

		if (me == 0) {
			err_ignore(memobj_resize(
			    race.object, page * PAGE_SIZE));
			err_ignore(memobj_resize(
			    race.object, SPAN * PAGE_SIZE));
			continue;
		}
		e = user_load64(AT + page * PAGE_SIZE, &v);
		/* Zero, or what a thread wrote there; never a foreign page. */
		if (e == OK && v != 0 && v != page + 1)
			atomic_fetch_add(&race.wrong, 1);
		err_ignore(user_store64(AT + page * PAGE_SIZE, page + 1));
	}
}

/*
 * One thread drops all pages again and again, and clones the space so that they
 * are copied on write; one writes rising numbers; the others look. What was
 * told of a page before it is read is there, or zero, since the page was
 * dropped: an older number would come through a translation that outlived the
 * drop, another one from a page that was somebody else's already.
 */
static void
race_drop(void *arg)
{
	static _Atomic(uint64_t) told[SPAN];
	unsigned me = atomic_fetch_add(&race.next, 1);
	struct prng rnd;

	(void)arg;
	prng_seed(&rnd, me + 1);
	for (unsigned turn = 1; turn <= TURNS * 8; turn++) {
		uint64_t page = prng_below(&rnd, SPAN), v = 0;
		uint64_t least = atomic_load(&told[page]);
		vaddr_t va = AT + page * PAGE_SIZE;
		struct space *child = NULL;

		if (me == 0) {
			if (turn % 8 == 0)
				err_ignore(space_clone(race.space, &child));
			if (space_advise(race.space, AT, SPAN * PAGE_SIZE,
			    ADVISE_DONTNEED) != OK)
				atomic_fetch_add(&race.wrong, 1);
			space_unref(child);
		} else if (me == 1) {
			if (user_store64(va, turn << 8 | page) != OK)
				atomic_fetch_add(&race.wrong, 1);
			atomic_store(&told[page], turn << 8 | page);
		} else if (user_load64(va, &v) != OK ||
		    (v != 0 && ((v & 0xff) != page || v < least))) {
			atomic_fetch_add(&race.wrong, 1);
		} else if (space_read(race.space, va, &v, 8) != OK ||
		    (v != 0 && ((v & 0xff) != page || v < least))) {
			atomic_fetch_add(&race.wrong, 1);
		}
	}
	if (me == 1)
		for (unsigned i = 0; i < SPAN; i++)
			atomic_store(&told[i], 0);
}

static void
race_task(void *arg UNUSED)
{
	struct task *t = task_current();

	race.space = t->space;
	if (race.fn != race_anon) {
		const struct map_request q = { .addr = AT, .how = MAP_AT,
			.len = SPAN * PAGE_SIZE,
			.flags = race.object != NULL ? REGION_SHARED : 0,
			.prot = PROT_READ | PROT_WRITE,
			.obj = race.object };
		vaddr_t got;

		EXPECT_OK(space_map(race.space, &q, &got));
	}
	for (unsigned i = 0; i < THREADS; i++)
		EXPECT_OK(test_thread_start(race.fn, NULL));
	EXPECT_OK(wait_until(&t->exit_waitq,
	    atomic_load(&t->thread_count) == 1, WAIT_DEEP));
	EXPECT(atomic_load(&race.wrong) == 0);
}

static void
race_run(void (*fn)(void *))
{
	atomic_store(&race.wrong, 0);
	atomic_store(&race.next, 0);
	race.fn = fn;
	test_task_run(race_task, NULL);
}

KTEST(threads_map_touch_clone_and_unmap_at_once)
{
	race.object = NULL;
	race_run(race_anon);
}

KTEST(pages_are_dropped_under_those_who_use_them)
{
	race_run(race_drop);
}

KTEST(faults_race_with_truncation)
{
	EXPECT_OK(memobj_create(SPAN * PAGE_SIZE, &race.object));
	race_run(race_object);
	obj_unref(&race.object->obj);
	race.object = NULL;
}

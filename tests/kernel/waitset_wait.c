/* SPDX-License-Identifier: MIT */
/* Wait sets: level, edge, one-shot, many sleepers, nesting, ends of files. */
#include "ipc_help.h"
#include "threads.h"

static enum err
add(struct file *set, struct file *f, unsigned events, unsigned flags)
{
	const struct waitset_event ev = { events, (uintptr_t)f };

	return waitset_add(set, f, 1, &ev, flags);
}

/* How many are ready now. */
static unsigned
ready_now(struct file *set, struct waitset_event *out)
{
	struct waitset_event none[8];
	unsigned n = 0;

	EXPECT_OK(waitset_wait(set, out != NULL ? out : none, 8, 0, &n));
	return n;
}

static void
bump(struct file *f)
{
	uint64_t one = 1;
	size_t done;

	EXPECT_OK(put_n(f, &one, sizeof(one), &done));
}

static void
drain(struct file *f)
{
	uint64_t v;
	size_t done;

	EXPECT_OK(get_n(f, &v, sizeof(v), &done));
}

KTEST(a_level_item_is_told_as_long_as_it_is_true)
{
	struct file *set = NULL, *f = NULL;
	struct waitset_event ev = { 0 };

	EXPECT_OK(waitset_create(0, &set));
	EXPECT_OK(event_create(0, 0, FILE_NONBLOCK, &f));
	EXPECT_OK(add(set, f, POLL_IN, 0));
	EXPECT(add(set, f, POLL_IN, 0) == ERR_EXISTS);
	EXPECT(ready_now(set, NULL) == 0);
	bump(f);
	EXPECT(ready_now(set, &ev) == 1);
	EXPECT(ev.events == POLL_IN && ev.data == (uintptr_t)f);
	EXPECT(ready_now(set, NULL) == 1);
	EXPECT(polls(set, POLL_IN));
	drain(f);
	EXPECT(ready_now(set, NULL) == 0);
	EXPECT(!polls(set, POLL_IN));
	file_unref(f);
	file_unref(set);
}

KTEST(an_edge_item_is_told_once_for_each_change)
{
	struct file *set = NULL, *f = NULL;

	EXPECT_OK(waitset_create(0, &set));
	EXPECT_OK(event_create(0, 0, FILE_NONBLOCK, &f));
	bump(f);
	EXPECT_OK(add(set, f, POLL_IN, WAITSET_EDGE)); /* true already */
	EXPECT(ready_now(set, NULL) == 1);
	EXPECT(ready_now(set, NULL) == 0);
	bump(f);
	EXPECT(ready_now(set, NULL) == 1);
	EXPECT(ready_now(set, NULL) == 0);
	file_unref(f);
	file_unref(set);
}

KTEST(a_one_shot_item_is_silent_until_it_is_changed)
{
	struct file *set = NULL, *f = NULL;
	const struct waitset_event ev = { POLL_IN, 5 };

	EXPECT_OK(waitset_create(0, &set));
	EXPECT_OK(event_create(1, 0, FILE_NONBLOCK, &f));
	EXPECT_OK(add(set, f, POLL_IN, WAITSET_ONESHOT));
	EXPECT(ready_now(set, NULL) == 1);
	bump(f);
	EXPECT(ready_now(set, NULL) == 0);
	EXPECT_OK(waitset_modify(set, f, 1, &ev, WAITSET_ONESHOT));
	EXPECT(ready_now(set, NULL) == 1);
	EXPECT_OK(waitset_remove(set, f, 1));
	EXPECT(waitset_remove(set, f, 1) == ERR_NOENT);
	EXPECT(waitset_modify(set, f, 1, &ev, 0) == ERR_NOENT);
	bump(f);
	EXPECT(ready_now(set, NULL) == 0);
	file_unref(f);
	file_unref(set);
}

KTEST(a_file_that_ends_leaves_its_sets)
{
	struct file *set = NULL, *set2 = NULL, *f = NULL;

	EXPECT_OK(waitset_create(0, &set));
	EXPECT_OK(waitset_create(0, &set2));
	EXPECT_OK(event_create(1, 0, FILE_NONBLOCK, &f));
	EXPECT_OK(add(set, f, POLL_IN, 0));
	EXPECT_OK(add(set2, f, POLL_IN, 0));
	EXPECT(ready_now(set, NULL) == 1);
	file_unref(f);
	EXPECT(ready_now(set, NULL) == 0);
	EXPECT(ready_now(set2, NULL) == 0);
	file_unref(set);
	file_unref(set2);
}

KTEST(the_end_of_a_set_leaves_its_files)
{
	struct file *set = NULL, *f = NULL;

	EXPECT_OK(waitset_create(0, &set));
	EXPECT_OK(event_create(0, 0, FILE_NONBLOCK, &f));
	EXPECT_OK(add(set, f, POLL_IN, 0));
	file_unref(set);
	bump(f); /* nobody is there to be told */
	file_unref(f);
}

KTEST(sets_nest_but_not_in_rings_and_not_too_deep)
{
	struct file *s[7] = { NULL }, *f = NULL;

	for (unsigned i = 0; i < 7; i++)
		EXPECT_OK(waitset_create(0, &s[i]));
	EXPECT_OK(event_create(0, 0, FILE_NONBLOCK, &f));
	EXPECT(add(s[0], s[0], POLL_IN, 0) == ERR_INVAL);
	EXPECT_OK(add(s[0], f, POLL_IN, 0));
	EXPECT_OK(add(s[1], s[0], POLL_IN, 0));
	EXPECT_OK(add(s[2], s[1], POLL_IN, 0));
	EXPECT(add(s[0], s[2], POLL_IN, 0) == ERR_LOOP);
	EXPECT(ready_now(s[2], NULL) == 0);
	bump(f);
	EXPECT(ready_now(s[2], NULL) == 1);
	EXPECT(ready_now(s[0], NULL) == 1);
	drain(f);
	EXPECT(ready_now(s[2], NULL) == 0);
	EXPECT_OK(add(s[3], s[2], POLL_IN, 0));
	EXPECT_OK(add(s[4], s[3], POLL_IN, 0));
	EXPECT(add(s[5], s[4], POLL_IN, 0) == ERR_LOOP);
	bump(f);
	EXPECT(ready_now(s[4], NULL) == 1);
	file_unref(f);
	EXPECT(ready_now(s[4], NULL) == 0);
	for (unsigned i = 0; i < 7; i++)
		file_unref(s[i]);
}

/* ---- with threads ------------------------------------------------------ */

#define TOKENS 600u

struct race {
	struct file *set, *f;
	atomic_uint taken;
};

/* Thread 0 signals, the others wait and take; every signal is taken. */
static void
many_sleepers(struct crew *c, unsigned number)
{
	struct race *r = c->arg;

	if (number == 0) {
		for (unsigned i = 0; i < TOKENS; i++)
			bump(r->f);
		return;
	}
	while (atomic_load(&r->taken) < TOKENS) {
		struct waitset_event ev;
		unsigned n = 0;
		uint64_t v;
		size_t done;

		EXPECT_OK(waitset_wait(r->set, &ev, 1,
		    time_now() + 5 * NS_PER_MS, &n));
		while (n > 0 && get_n(r->f, &v, sizeof(v), &done) == OK)
			atomic_fetch_add(&r->taken, (unsigned)v);
	}
}

KTEST(several_sleepers_share_what_comes)
{
	struct race r = { 0 };
	struct crew c = { .fn = many_sleepers, .arg = &r };

	EXPECT_OK(waitset_create(0, &r.set));
	EXPECT_OK(event_create(0, EVENT_SEMAPHORE, FILE_NONBLOCK, &r.f));
	EXPECT_OK(add(r.set, r.f, POLL_IN, 0));
	crew_run(&c, 4);
	EXPECT(atomic_load(&r.taken) == TOKENS);
	file_unref(r.f);
	file_unref(r.set);
}

/* Thread 0 makes the only file ready and not ready, the others look. */
static void
look_at_one(struct crew *c, unsigned number)
{
	struct race *r = c->arg;
	unsigned twice = 0;

	for (unsigned i = 0; i < 2000; i++) {
		struct waitset_event ev[8];
		unsigned n = 0;

		if (number == 0) {
			bump(r->f);
			drain(r->f);
			continue;
		}
		EXPECT_OK(waitset_wait(r->set, ev, ARRAY_LEN(ev), 0, &n));
		twice += n > 1;
	}
	EXPECT(twice == 0);
}

KTEST(a_look_reports_no_item_twice)
{
	struct race r = { 0 };
	struct crew c = { .fn = look_at_one, .arg = &r };
	struct waitset_event ev;
	unsigned n = 0;

	EXPECT_OK(waitset_create(0, &r.set));
	EXPECT_OK(event_create(0, 0, FILE_NONBLOCK, &r.f));
	EXPECT_OK(add(r.set, r.f, POLL_IN, 0));
	crew_run(&c, 3);
	/* And no wake-up got lost. */
	bump(r.f);
	EXPECT_OK(waitset_wait(r.set, &ev, 1, 0, &n));
	EXPECT(n == 1);
	file_unref(r.f);
	file_unref(r.set);
}

/* Files and sets end while others wake and wait. */
static void
end_race(struct crew *c UNUSED, unsigned number)
{
	for (unsigned i = 0; i < 100; i++) {
		struct file *set = NULL, *f = NULL;

		EXPECT_OK(waitset_create(0, &set));
		EXPECT_OK(event_create(0, 0, FILE_NONBLOCK, &f));
		EXPECT_OK(add(set, f, POLL_IN, 0));
		bump(f);
		EXPECT(ready_now(set, NULL) == 1);
		file_unref((number + i) & 1 ? f : set);
		file_unref((number + i) & 1 ? set : f);
	}
}

KTEST(files_and_sets_may_end_in_any_order)
{
	struct crew c = { .fn = end_race };

	crew_run(&c, 4);
}

struct shared_end {
	struct file *set[64], *f[64];
};

static void
end_both(struct crew *c, unsigned number)
{
	struct shared_end *s = c->arg;

	for (unsigned i = 0; i < ARRAY_LEN(s->f); i++)
		file_unref(number == 0 ? s->f[i] : s->set[i]);
}

KTEST(a_file_and_its_set_may_end_together)
{
	static struct shared_end s;
	struct crew c = { .fn = end_both, .arg = &s };

	for (unsigned i = 0; i < ARRAY_LEN(s.f); i++) {
		EXPECT_OK(waitset_create(0, &s.set[i]));
		EXPECT_OK(event_create(1, 0, FILE_NONBLOCK, &s.f[i]));
		EXPECT_OK(add(s.set[i], s.f[i], POLL_IN, 0));
	}
	crew_run(&c, 2);
}

/*
 * The runner of in-kernel tests: TAP on the console, a leak check after each
 * test, power off at the end with the number of failures.
 *
 * Leaks: free pages and live objects per kind must be as before. Work that a
 * test leaves to RCU or to exiting threads is waited for; a cache may keep a
 * few of both, so the test runs again while they differ.
 */
#include <kernel/boot.h>
#include <kernel/ktest.h>
#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/obj.h>
#include <kernel/sched.h>

#include <lib/string.h>

extern const struct ktest carmine_ktest_start[], carmine_ktest_end[];

#define RUNS 16u /* of a test that seems to leak */

static atomic_uint failures; /* of the running test */

void
ktest_fail(const char *what, const char *file, int line)
{
	atomic_fetch_add(&failures, 1);
	log_raw("# %s:%d: expected %s\n", file, line, what);
}

struct census {
	uint64_t free_pages;
	unsigned long live[OBJ_KINDS];
};

static void
census_take(struct census *c)
{
	struct page_stats st;

	/* What ends in a callback may drop others that end in one: a mount,
	 * its directory, the file system. */
	for (unsigned i = 0; i < 3; i++)
		rcu_barrier();
	for (unsigned i = 0; i < OBJ_KINDS; i++)
		c->live[i] = obj_live(i);
	page_stats(&st);
	c->free_pages = st.free;
}

static bool
same_objects(const struct census *a, const struct census *b, bool report)
{
	bool same = true;

	for (unsigned i = 0; i < OBJ_KINDS; i++) {
		if (a->live[i] == b->live[i])
			continue;
		same = false;
		if (report)
			log_raw("# leaked %ld objects: %s\n",
			    (long)(b->live[i] - a->live[i]),
			    obj_kind_name(i));
	}
	return same;
}

/* Exiting threads and callbacks get a while to finish. */
static bool
objects_settle(const struct census *before, struct census *after)
{
	for (unsigned i = 0; i < 50; i++) {
		census_take(after);
		if (same_objects(before, after, false))
			return true;
		sleep_until(arch_time() + 10 * NS_PER_MS);
	}
	return false;
}

/* What a cache keeps after the first run is no leak, what grows with each of
 * several runs is. */
static bool
leaks(const struct ktest *t, struct census *before)
{
	struct census after;
	long lost = 0;

	for (unsigned i = 0; i < RUNS; i++) {
		bool settled = objects_settle(before, &after);

		lost = (long)(before->free_pages - after.free_pages);
		if (settled && lost <= 0)
			return false;
		if (i == RUNS - 1)
			break;
		census_take(before);
		t->fn();
	}
	same_objects(before, &after, true);
	log_raw("# leaked %ld pages in the last of %u runs\n", lost, RUNS);
	return true;
}

static bool
run_one(const struct ktest *t)
{
	struct census before;
	bool bad;

	atomic_store(&failures, 0);
	census_take(&before);
	t->fn();
	bad = atomic_load(&failures) != 0;
	if (!bad)
		bad = leaks(t, &before);
	return !bad && atomic_load(&failures) == 0;
}

/* timed: the value of ktest.timed; empty for both kinds. */
static bool
wanted(const struct ktest *t, const char *want, const char *timed)
{
	if (strcmp(timed, t->timed ? "no" : "only") == 0)
		return false;
	return strcmp(want, "all") == 0 || strstr(t->name, want) != NULL;
}

void
ktest_run_some(const char *want)
{
	const struct ktest *t = carmine_ktest_start;
	unsigned n = 0, failed = 0, total = 0;
	char timed[8] = "";

	cmdline_value("ktest.timed", timed, sizeof(timed));
	for (; t < carmine_ktest_end; t++)
		total += wanted(t, want, timed);
	log_raw("TAP version 13\n1..%u\n", total);
	for (t = carmine_ktest_start; t < carmine_ktest_end; t++) {
		bool ok;

		if (!wanted(t, want, timed))
			continue;
		ok = run_one(t);
		failed += !ok;
		log_raw("%sok %u - %s\n", ok ? "" : "not ", ++n, t->name);
	}
	arch_poweroff(failed > 0 ? 1 : 0);
}

void
ktest_run(void)
{
	char want[64] = "all";

	cmdline_value("ktest", want, sizeof(want));
	ktest_run_some(want);
}

/* SPDX-License-Identifier: MIT */
/* Events, event groups, timers, task files, channels, files in flight. */
#include "ipc_help.h"
#include "threads.h"

static bool
signal_event(struct file *f, uint64_t n)
{
	size_t done;

	return put_n(f, &n, sizeof(n), &done) == OK && done == sizeof(n);
}

static enum err
take_event(struct file *f, uint64_t *out)
{
	size_t done;

	return get_n(f, out, sizeof(*out), &done);
}

KTEST(an_event_counts_and_is_cleared_by_reading)
{
	struct file *f = NULL;
	uint64_t v = 0;
	size_t done;

	EXPECT_OK(event_create(3, 0, FILE_NONBLOCK, &f));
	EXPECT(polls(f, POLL_IN | POLL_OUT));
	EXPECT(signal_event(f, 4));
	EXPECT_OK(take_event(f, &v));
	EXPECT(v == 7);
	EXPECT(take_event(f, &v) == ERR_AGAIN);
	EXPECT(!polls(f, POLL_IN));
	v = UINT64_MAX;
	EXPECT(put_n(f, &v, sizeof(v), &done) == ERR_INVAL);
	EXPECT(put_n(f, &v, 4, &done) == ERR_INVAL);
	EXPECT(signal_event(f, UINT64_MAX - 1));
	EXPECT(!polls(f, POLL_OUT));
	v = 1;
	EXPECT(put_n(f, &v, sizeof(v), &done) == ERR_AGAIN);
	file_unref(f);
}

KTEST(a_semaphore_event_gives_one_at_a_time)
{
	struct file *f = NULL;
	uint64_t v = 0;

	EXPECT_OK(event_create(2, EVENT_SEMAPHORE, FILE_NONBLOCK, &f));
	EXPECT(take_event(f, &v) == OK && v == 1);
	EXPECT(take_event(f, &v) == OK && v == 1);
	EXPECT(take_event(f, &v) == ERR_AGAIN);
	file_unref(f);
}

static void
overflow_traffic(struct crew *c, unsigned number)
{
	struct file *f = c->arg;
	uint64_t v = 0;

	if (number == 0) {
		EXPECT(signal_event(f, 5)); /* waits until there is room */
	} else {
		sleep_ms(2);
		EXPECT(take_event(f, &v) == OK && v == UINT64_MAX - 1);
	}
}

KTEST(a_full_event_makes_writers_wait)
{
	struct file *f = NULL;
	struct crew c = { .fn = overflow_traffic };
	uint64_t v = 0;

	EXPECT_OK(event_create(UINT64_MAX - 1, 0, 0, &f));
	c.arg = f;
	crew_run(&c, 2);
	EXPECT(take_event(f, &v) == OK && v == 5);
	file_unref(f);
}

KTEST(a_broadcast_reaches_the_queues_that_match)
{
	struct file *g = NULL, *all = NULL, *odd = NULL;
	uint64_t v[4] = { 0 };
	size_t done;

	EXPECT_OK(event_group_create(&g));
	EXPECT_OK(event_subscribe(g, 1, 0, 0, &all));
	EXPECT_OK(event_subscribe(g, 2, 1, 1, &odd));
	EXPECT(event_subscribe(all, 1, 0, 0, &odd) == ERR_NOTSUP);
	EXPECT_OK(event_broadcast(g, 6));
	EXPECT_OK(event_broadcast(g, 7));
	EXPECT_OK(get_n(all, v, sizeof(v), &done));
	EXPECT(done == 16 && v[0] == 6 && v[1] == 7);
	EXPECT_OK(get_n(odd, v, sizeof(v), &done));
	EXPECT(done == 8 && v[0] == 7);
	file_unref(odd);
	file_unref(g);
	/* The group has ended: so has the queue. */
	EXPECT_OK(get_n(all, v, sizeof(v), &done));
	EXPECT(done == 0 && polls(all, POLL_HUP));
	file_unref(all);
}

KTEST(a_full_queue_misses_values_and_the_sender_is_told)
{
	struct file *g = NULL, *q = NULL;
	unsigned sent = 0;

	EXPECT_OK(event_group_create(&g));
	EXPECT_OK(event_subscribe(g, 0, 0, 0, &q));
	while (sent < 10000 && event_broadcast(g, sent) == OK)
		sent++;
	EXPECT(sent == 4096);
	EXPECT(event_broadcast(g, 0) == ERR_NOMEM);
	file_unref(q);
	EXPECT_OK(event_broadcast(g, 0));
	file_unref(g);
}

KTEST(a_timer_file_counts_its_periods)
{
	struct file *f = NULL;
	uint64_t v = 0;
	ns_t left = 0, interval = 0, start = time_now();

	EXPECT_OK(timer_create(CLOCK_MONO, 0, &f));
	EXPECT_OK(timer_set(f, start + NS_PER_MS, NS_PER_MS, false));
	EXPECT_OK(timer_get(f, &left, &interval));
	EXPECT(left > 0 && left <= NS_PER_MS && interval == NS_PER_MS);
	EXPECT_OK(take_event(f, &v)); /* waits */
	EXPECT(v >= 1 && time_now() >= start + NS_PER_MS);
	sleep_ms(5);
	EXPECT(polls(f, POLL_IN));
	EXPECT_OK(take_event(f, &v));
	EXPECT(v >= 4);
	EXPECT_OK(timer_set(f, 0, 0, false));
	sleep_ms(3);
	EXPECT(!polls(f, POLL_IN));
	file_unref(f);
}

KTEST(a_step_of_the_wall_clock_cancels_or_moves_timers)
{
	struct file *a = NULL, *b = NULL;
	ns_t wall = time_wall();
	uint64_t v = 0;

	EXPECT_OK(timer_create(CLOCK_WALL, FILE_NONBLOCK, &a));
	EXPECT_OK(timer_create(CLOCK_WALL, FILE_NONBLOCK, &b));
	EXPECT_OK(timer_set(a, wall + 100 * NS_PER_SEC, 0, true));
	EXPECT_OK(timer_set(b, wall + 100 * NS_PER_SEC, 0, false));
	EXPECT(take_event(b, &v) == ERR_AGAIN);
	time_set_wall(wall + 101 * NS_PER_SEC);
	EXPECT(take_event(a, &v) == ERR_CANCELED);
	sleep_ms(1);
	EXPECT(take_event(b, &v) == OK && v == 1);
	time_set_wall(time_wall() - 101 * NS_PER_SEC);
	file_unref(a);
	file_unref(b);
}

static atomic_bool may_end;

static void
short_life(void *arg UNUSED)
{
	while (!atomic_load(&may_end))
		sleep_ms(1);
}

static void
watch_a_child(void *arg UNUSED)
{
	struct task *t = NULL;
	struct file *f = NULL;
	struct poll_one item = { .events = POLL_IN };
	struct wait_request req = { .pid = -1, .flags = WAITF_EXITED };
	struct wait_result r;
	unsigned ready = 0;

	atomic_store(&may_end, false);
	EXPECT_OK(test_task_start(task_current(), short_life, NULL, &t));
	EXPECT_OK(taskfd_create(t, 0, &f));
	EXPECT(!polls(f, POLL_IN));
	atomic_store(&may_end, true);
	item.file = f;
	EXPECT_OK(poll_files(&item, 1, NS_NEVER, &ready));
	EXPECT(ready == 1);
	EXPECT_OK(task_wait(&req, &r));
	task_unref(t);
	file_unref(f);
}

KTEST(a_task_file_tells_when_its_task_has_ended)
{
	test_task_run(watch_a_child, NULL);
}

/* ---- channels ---------------------------------------------------------- */

static enum err
send_obj(struct file *f, const char *text, struct obj *o)
{
	struct iter it;
	rights_t rights = RIGHTS_ALL;
	struct channel_message m = {
		.bytes = &it, .objs = &o, .rights = &rights,
		.obj_count = o != NULL,
	};

	iter_kernel(&it, (void *)(uintptr_t)text, strlen(text), false);
	return channel_send(f, &m, false);
}

static enum err
receive_obj(struct file *f, char *buf, size_t room, size_t *len,
    struct obj **o)
{
	struct iter it;
	rights_t rights = 0;
	struct channel_message m = {
		.bytes = &it, .objs = o, .rights = &rights, .obj_count = 1,
	};

	iter_kernel(&it, buf, room, true);
	return channel_receive(f, &m, false, len);
}

KTEST(a_channel_carries_messages_with_handles)
{
	struct file *a = NULL, *b = NULL, *r = NULL, *w = NULL;
	struct obj *got = NULL;
	char buf[16];
	size_t len = 0;

	EXPECT_OK(channel_create(&a, &b));
	EXPECT_OK(pipe_create(0, &r, &w));
	EXPECT(receive_obj(b, buf, sizeof(buf), &len, &got) == ERR_AGAIN);
	EXPECT_OK(send_obj(a, "take this", &r->obj)); /* r moves */
	EXPECT(receive_obj(b, buf, 3, &len, &got) == ERR_MSGSIZE);
	EXPECT_OK(receive_obj(b, buf, sizeof(buf), &len, &got));
	EXPECT(len == 9 && got == &r->obj);
	EXPECT(put_text(w, "hi") && get_text(file_of(got), "hi"));
	obj_unref(got);
	file_unref(w);
	EXPECT_OK(send_obj(b, "last words", NULL));
	file_unref(b);
	EXPECT_OK(receive_obj(a, buf, sizeof(buf), &len, &got));
	EXPECT(len == 10);
	EXPECT(receive_obj(a, buf, sizeof(buf), &len, &got) == ERR_PIPE);
	EXPECT(send_obj(a, "x", NULL) == ERR_PIPE);
	file_unref(a);
}

static enum err
send_handle(struct file *f, struct handle_table *t, uint32_t h, struct obj *o)
{
	struct iter it;
	rights_t rights = RIGHTS_ALL;
	struct channel_message m = {
		.bytes = &it, .objs = &o, .rights = &rights, .obj_count = 1,
		.table = t, .handles = &h,
	};

	iter_kernel(&it, (void *)(uintptr_t)"h", 1, false);
	return channel_send(f, &m, false);
}

KTEST(a_message_takes_its_handles_out_of_the_table_or_is_not_sent)
{
	struct handle_table *t = handle_table_create(8);
	struct file *a = NULL, *b = NULL, *r = NULL, *w = NULL;
	struct obj *got = NULL;
	char buf[4];
	size_t len = 0;
	uint32_t h = 0;

	if (t == NULL)
		return;
	EXPECT_OK(channel_create(&a, &b));
	EXPECT_OK(pipe_create(0, &r, &w));
	EXPECT_OK(handle_add(t, &r->obj, RIGHTS_ALL, 0, &h));
	EXPECT_OK(send_handle(a, t, h, obj_ref(&r->obj)));
	EXPECT(handle_count(t) == 0);
	EXPECT_OK(receive_obj(b, buf, sizeof(buf), &len, &got));
	EXPECT(got == &r->obj);
	/* The number is another object's by now. */
	EXPECT_OK(handle_add(t, &w->obj, RIGHTS_ALL, 0, &h));
	EXPECT(send_handle(a, t, h, got) == ERR_BADHANDLE);
	EXPECT(handle_count(t) == 1);
	EXPECT(receive_obj(b, buf, sizeof(buf), &len, &got) == ERR_AGAIN);
	obj_unref(got);
	handle_table_unref(t);
	file_unref(a);
	file_unref(b);
}

static unsigned long
live(enum obj_kind kind)
{
	unsigned i = 0;

	while ((1u << i) != (unsigned)kind)
		i++;
	return obj_live(i);
}

/* Two channels whose ends are only in each other's queues. */
KTEST(ends_that_hold_only_each_other_are_dropped)
{
	struct file *a1 = NULL, *a2 = NULL, *b1 = NULL, *b2 = NULL;
	unsigned long before = live(OBJ_CHANNEL);

	EXPECT_OK(channel_create(&a1, &a2));
	EXPECT_OK(channel_create(&b1, &b2));
	EXPECT_OK(send_obj(b2, "a1", obj_ref(&a1->obj)));
	EXPECT_OK(send_obj(a2, "b1", obj_ref(&b1->obj)));
	file_unref(a2);
	file_unref(b2);
	file_unref(a1);
	file_unref(b1);
	EXPECT(live(OBJ_CHANNEL) == before + 2);
	inflight_check(); /* as closing a handle does */
	for (unsigned i = 0; i < 100 && live(OBJ_CHANNEL) != before; i++)
		sleep_ms(1);
	EXPECT(live(OBJ_CHANNEL) == before);
}

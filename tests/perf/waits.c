/*
 * What waiting costs: event descriptors, epoll, poll and select over many
 * files, and sleep.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

/* ---- waiting ----------------------------------------------------------- */

static int event, waiter;
static int many[1000], watched;
static struct pollfd polls[1000];

static int
open_event(void)
{
	struct epoll_event e = { .events = EPOLLIN };

	event = eventfd(0, 0);
	waiter = epoll_create1(0);
	return event < 0 || waiter < 0 ||
	    epoll_ctl(waiter, EPOLL_CTL_ADD, event, &e) != 0;
}

static void
close_event(void)
{
	close(event);
	close(waiter);
}

static int
event_turn(unsigned n)
{
	struct epoll_event e;
	uint64_t v = 1;

	while (n-- > 0)
		if (write(event, &v, 8) != 8 ||
		    epoll_wait(waiter, &e, 1, -1) != 1 ||
		    read(event, &v, 8) != 8)
			return 1;
	return 0;
}

/* 1,000 eventfds, the first of them in a set. */
static int
watch(int count)
{
	struct rlimit r = { 4096, 4096 };
	struct epoll_event e = { .events = EPOLLIN };

	setrlimit(RLIMIT_NOFILE, &r);
	waiter = epoll_create1(0);
	watched = count;
	for (int i = 0; i < 1000; i++) {
		many[i] = eventfd(0, EFD_NONBLOCK);
		if (many[i] < 0 || (i < count &&
		    epoll_ctl(waiter, EPOLL_CTL_ADD, many[i], &e) != 0))
			return 1;
		polls[i].fd = many[i];
		polls[i].events = POLLIN;
	}
	return waiter < 0;
}

static int
open_many(void)
{
	return watch(0);
}

#define WATCH(count) \
	static int watch_##count(void) { \
		return watch(count); \
	}
WATCH(10)
WATCH(100)
WATCH(1000)

static void
close_many(void)
{
	for (int i = 0; i < 1000; i++)
		close(many[i]);
	close(waiter);
}

static int
poll_some(unsigned n, unsigned count)
{
	while (n-- > 0)
		if (poll(polls, count, 0) != 0)
			return 1;
	return 0;
}

static int
select_some(unsigned n, int count)
{
	while (n-- > 0) {
		struct timeval zero = { 0, 0 };
		fd_set set;

		FD_ZERO(&set);
		for (int i = 0; i < count; i++)
			FD_SET(many[i], &set);
		if (select(many[count - 1] + 1, &set, NULL, NULL, &zero) != 0)
			return 1;
	}
	return 0;
}

static int
epoll_one(unsigned n)
{
	struct epoll_event e;
	uint64_t v = 1;

	while (n-- > 0)
		if (write(many[watched - 1], &v, 8) != 8 ||
		    epoll_wait(waiter, &e, 1, 0) != 1 ||
		    read(many[watched - 1], &v, 8) != 8)
			return 1;
	return 0;
}

#define SOME(what, count) \
	static int what##_##count(unsigned n) { \
		return what##_some(n, count); \
	}
SOME(poll, 10)
SOME(poll, 100)
SOME(poll, 1000)
SOME(select, 10)
SOME(select, 100)
SOME(select, 900)

/* A sleep of 1 ms: what it takes beyond that. */
#define SLEEP_NS 1000000

static int
sleep_ms(unsigned n)
{
	const struct timespec t = { 0, SLEEP_NS };

	while (n-- > 0)
		if (nanosleep(&t, NULL) != 0)
			return 1;
	return 0;
}

/* ---- the list ---------------------------------------------------------- */

const struct bench wait_benches[] = {
	WITH("eventfd+epoll+read", 300, open_event, event_turn, close_event),
	WITH("poll 10", 100, open_many, poll_10, close_many),
	WITH("poll 100", 30, open_many, poll_100, close_many),
	WITH("poll 1000", 5, open_many, poll_1000, close_many),
	WITH("select 10", 100, open_many, select_10, close_many),
	WITH("select 100", 30, open_many, select_100, close_many),
	WITH("select 900", 5, open_many, select_900, close_many),
	WITH("epoll 1 of 10", 100, watch_10, epoll_one, close_many),
	WITH("epoll 1 of 100", 100, watch_100, epoll_one, close_many),
	WITH("epoll 1 of 1000", 100, watch_1000, epoll_one, close_many),
	{ "nanosleep 1 ms, beyond it", 5, NULL, sleep_ms, NULL, 1, SLEEP_NS },
	{ 0 },
};

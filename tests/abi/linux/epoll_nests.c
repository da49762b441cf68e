/* epoll: sets in sets, as deep as they go; tied, untied and closed. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define SOON 3000 /* ms: it has to come */

/* Whether the set is ready. */
static void
ready(int ep, const char *when, int ms)
{
	struct epoll_event ev[4];

	printf("  %s: %d\n", when, epoll_wait(ep, ev, 4, ms));
}

static void
one_more(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, 8) != 8)
		printf("  event: %s\n", strerrorname_np(errno));
}

#define DEEP 7

static int
link_sets(int outer, int inner)
{
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(outer, EPOLL_CTL_ADD, inner, &ev);
}

/* From the outside in, or from the inside out; closed from either end. */
static void
nested(bool outside_in, bool close_inner_first)
{
	int set[DEEP], e = eventfd(0, 0), last = 0, ep;

	printf("nested\n");
	for (int i = 0; i < DEEP; i++)
		set[i] = epoll_create1(0);
	for (int n = 0; n < DEEP - 1; n++) {
		int i = outside_in ? n : DEEP - 2 - n;

		SHOW(link_sets(set[i], set[i + 1]));
	}
	/* The set that the outermost leads to. */
	while (last < DEEP - 1 && link_sets(set[last], set[last + 1]) != 0 &&
	    errno == EEXIST)
		last++;
	SHOW(link_sets(set[last], set[0]));
	SHOW(link_sets(set[last], e));
	ep = set[0];
	ready(ep, "before", 0);
	one_more(e);
	ready(ep, "through all", SOON);
	for (int n = 0; n < DEEP - 1; n++) {
		int i = close_inner_first ? DEEP - 1 - n : n;

		ep = set[close_inner_first ? 0 : DEEP - 1];
		close(set[i]);
		ready(ep, "one less", 0);
	}
	close(ep);
	close(e);
}

/* A set that lost the sets in it may lie deep again. */
static void
lower_again(void)
{
	int set[5], other[4], inner[2];

	printf("lower again\n");
	for (int i = 0; i < 5; i++)
		set[i] = epoll_create1(0);
	for (int i = 0; i < 4; i++)
		other[i] = epoll_create1(0);
	for (int i = 0; i < 2; i++)
		inner[i] = epoll_create1(0);
	SHOW(link_sets(set[3], set[4]));
	SHOW(link_sets(set[2], set[3]));
	SHOW(link_sets(set[1], set[2]));
	SHOW(link_sets(other[0], other[1]));
	SHOW(link_sets(other[1], other[2]));
	SHOW(link_sets(other[2], set[1]));
	SHOW(epoll_ctl(set[1], EPOLL_CTL_DEL, set[2], NULL));
	SHOW(link_sets(other[2], set[1]));
	SHOW(link_sets(set[1], inner[0]));
	SHOW(link_sets(inner[0], inner[1]));
	close(inner[0]);
	SHOW(link_sets(set[1], inner[1]));
	SHOW(link_sets(inner[1], other[0]));
	for (int i = 0; i < 5; i++)
		close(set[i]);
	for (int i = 0; i < 4; i++)
		close(other[i]);
	close(inner[1]);
}

static atomic_int stop_;

static void *
look_on(void *arg)
{
	struct epoll_event ev[4];

	while (!stop_)
		epoll_wait(*(int *)arg, ev, 4, 1);
	return NULL;
}

/* Sets are tied and untied while others look through them. */
static void
tied_meanwhile(void)
{
	int set[4], e = eventfd(1, 0);
	pthread_t t[2];

	printf("tied meanwhile\n");
	for (int i = 0; i < 4; i++)
		set[i] = epoll_create1(0);
	for (int i = 0; i < 3; i++)
		link_sets(set[i], set[i + 1]);
	link_sets(set[3], e);
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, look_on, &set[i]);
	for (int n = 0; n < 200; n++) {
		int p[2];

		epoll_ctl(set[n % 3], EPOLL_CTL_DEL, set[n % 3 + 1], NULL);
		socketpair(AF_UNIX, SOCK_STREAM, 0, p);
		link_sets(set[3], p[0]);
		write(p[1], "x", 1);
		close(p[1]);
		close(p[0]);
		one_more(e);
		link_sets(set[n % 3], set[n % 3 + 1]);
	}
	stop_ = true;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	ready(set[0], "through all", 0);
	for (int i = 0; i < 4; i++)
		close(set[i]);
	close(e);
}

int
main(void)
{
	enter();
	for (int n = 0; n < 4; n++)
		nested(n & 1, n & 2);
	lower_again();
	tied_meanwhile();
	leave();
	return 0;
}

/* epoll: levels, edges, one-shots, nesting, lifetimes. */
#include "check.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

static int ep;

static void
waits(int ms)
{
	struct epoll_event ev[8];
	int n = epoll_wait(ep, ev, 8, ms);

	printf("%d ready:", n);
	for (int i = 0; i < n; i++)
		printf(" %x/%d", ev[i].events, (int)ev[i].data.u64);
	printf("\n");
}

static int
ctl(int op, int fd, uint32_t events, int data)
{
	struct epoll_event ev = { .events = events };

	ev.data.u64 = (uint64_t)data;
	return epoll_ctl(ep, op, fd, &ev);
}

int
main(void)
{
	uint64_t one = 1, v;
	int p[2], e, file, inner, copy;

	enter();
	OKAY(ep = epoll_create1(EPOLL_CLOEXEC));
	SHOW(epoll_create1(5));
	SHOW(epoll_create(0));
	/* The event is read first, then the sets are looked for. */
	SHOW(epoll_ctl(-1, EPOLL_CTL_ADD, -1, NULL));
	SHOW(epoll_ctl(-1, 77, -1, NULL));
	SHOW(epoll_ctl(-1, EPOLL_CTL_DEL, -1, NULL));
	pipe(p);
	SHOW(ctl(77, p[0], 0, 0));
	OKAY(e = eventfd(0, EFD_NONBLOCK));
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
	SHOW(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLET, 2));
	SHOW(ctl(EPOLL_CTL_MOD, 77, EPOLLIN, 2));
	SHOW(ctl(EPOLL_CTL_DEL, p[1], 0, 0));
	SHOW(ctl(EPOLL_CTL_ADD, ep, EPOLLIN, 2));
	OKAY(file = open("f", O_CREAT | O_RDWR, 0600));
	SHOW(ctl(EPOLL_CTL_ADD, file, EPOLLIN, 2));
	waits(0);
	write(p[1], "ab", 2);
	waits(0);
	waits(0);
	read(p[0], &v, 8);
	waits(0);

	/* An edge is told once. */
	write(e, &one, 8);
	waits(100);
	waits(0);
	write(e, &one, 8);
	waits(100);
	waits(0);
	read(e, &v, 8);
	SHOW(ctl(EPOLL_CTL_MOD, e, EPOLLIN | EPOLLONESHOT, 3));
	write(e, &one, 8);
	waits(0);
	waits(0);
	SHOW(ctl(EPOLL_CTL_MOD, e, EPOLLIN | EPOLLONESHOT, 4));
	waits(0);
	SHOW(ctl(EPOLL_CTL_DEL, e, 0, 0));
	SHOW(ctl(EPOLL_CTL_DEL, e, 0, 0));

	SHOW(ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT, 5));
	waits(0);
	SHOW(ctl(EPOLL_CTL_MOD, p[1], 0, 5));
	waits(0);
	close(p[0]);
	waits(0);
	close(p[1]);
	waits(0);

	/* A set in a set. */
	inner = ep;
	OKAY(ep = epoll_create1(0));
	SHOW(ctl(EPOLL_CTL_ADD, inner, EPOLLIN, 6));
	waits(0);
	copy = ep;
	ep = inner;
	SHOW(ctl(EPOLL_CTL_ADD, e, EPOLLIN, 7));
	SHOW(ctl(EPOLL_CTL_ADD, copy, EPOLLIN, 8));
	ep = copy;
	waits(0);
	read(e, &v, 8);
	waits(0);

	/* A copy keeps the file, and with it the item, alive. */
	ep = inner;
	copy = dup(e);
	close(e);
	write(copy, &one, 8);
	waits(0);
	close(copy);
	waits(0);

	pipe(p);
	ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 9);
	if (fork() == 0) {
		nap_ms(30);
		write(p[1], "x", 1);
		_exit(0);
	}
	waits(2000);
	wait(NULL);
	int64_t begun = now_ms();
	read(p[0], &v, 8);
	waits(50);
	IS(now_ms() - begun >= 49);
	SHOW(epoll_wait(ep, NULL, 0, 0));
	SHOW(epoll_wait(0, nowhere, 1, 0));
	unlink("f");
	leave();
	return 0;
}

/* epoll on files of every kind: added, changed, made ready, closed in the set,
 * in messages that nobody reads, by other threads. */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <termios.h>

#define ALL (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP)
#define SOON 3000 /* ms: it has to come */

static int ep;

static int
ctl(int op, int fd, uint32_t events, int data)
{
	struct epoll_event ev = { .events = events };

	ev.data.u64 = (uint64_t)data;
	return epoll_ctl(ep, op, fd, &ev);
}

static int
by_data(const void *a, const void *b)
{
	const struct epoll_event *x = a, *y = b;

	return (int)x->data.u64 - (int)y->data.u64;
}

/* What the set reports, by the items' numbers. */
static void
ready(const char *when, int ms)
{
	struct epoll_event ev[16];
	int n = epoll_wait(ep, ev, 16, ms);

	printf("  %s:", when);
	if (n < 0)
		printf(" %s", strerrorname_np(errno));
	else
		qsort(ev, (size_t)n, sizeof(ev[0]), by_data);
	for (int i = 0; i < n; i++)
		printf(" %d/%x", (int)ev[i].data.u64, ev[i].events);
	printf("\n");
}

static void
text(int fd, const char *s)
{
	if (write(fd, s, strlen(s)) != (ssize_t)strlen(s))
		printf("  write: %s\n", strerrorname_np(errno));
}

static void
one_more(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, 8) != 8)
		printf("  event: %s\n", strerrorname_np(errno));
}

/* ---- the kinds --------------------------------------------------------- */

/* Two handles: what is watched, and what makes that ready. */
struct pair {
	int fd, other;
};

static struct pair
pipe_read(void)
{
	int p[2];

	pipe(p);
	return (struct pair){ p[0], p[1] };
}

static void
say(struct pair p)
{
	text(p.other, "x\n");
}

/* Full until other is read. */
static struct pair
pipe_write(void)
{
	static char page[4096];
	int p[2];

	pipe2(p, O_NONBLOCK);
	while (write(p[1], page, sizeof(page)) > 0)
		;
	return (struct pair){ p[1], p[0] };
}

static void
drain(struct pair p)
{
	char buf[4096];

	while (recv(p.other, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	while (read(p.other, buf, sizeof(buf)) > 0)
		;
}

static struct pair
fifo(void)
{
	struct pair p;

	mkfifo("fifo", 0600);
	p.fd = open("fifo", O_RDONLY | O_NONBLOCK);
	p.other = open("fifo", O_WRONLY);
	unlink("fifo");
	return p;
}

static struct pair
pair_of(int type)
{
	int s[2];

	socketpair(AF_UNIX, type, 0, s);
	return (struct pair){ s[0], s[1] };
}

static struct pair
stream(void)
{
	return pair_of(SOCK_STREAM);
}

static struct pair
packets(void)
{
	return pair_of(SOCK_SEQPACKET);
}

static struct pair
dgrams(void)
{
	return pair_of(SOCK_DGRAM);
}

static void
half(struct pair p)
{
	shutdown(p.other, SHUT_WR);
}

/* An abstract name that no other run of this program has. */
static socklen_t
name(struct sockaddr_un *a, const char *what)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    (size_t)snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1,
	        "%s %d", what, getpid()));
}

static struct pair
listener(int type)
{
	struct sockaddr_un a;
	socklen_t len = name(&a, "listener");
	struct pair p;

	p.fd = socket(AF_UNIX, type, 0);
	p.other = socket(AF_UNIX, type, 0);
	bind(p.fd, (struct sockaddr *)&a, len);
	listen(p.fd, 1);
	return p;
}

static struct pair
listening(void)
{
	return listener(SOCK_STREAM);
}

static struct pair
packet_listening(void)
{
	return listener(SOCK_SEQPACKET);
}

static void
call(struct pair p)
{
	struct sockaddr_un a;
	socklen_t len = name(&a, "listener");

	if (connect(p.other, (struct sockaddr *)&a, len) != 0)
		printf("  connect: %s\n", strerrorname_np(errno));
}

/* A lone socket that is given a name and backlog in the set. */
static struct pair
lone_stream(void)
{
	return (struct pair){ socket(AF_UNIX, SOCK_STREAM, 0), -1 };
}

static struct pair
lone_packet(void)
{
	return (struct pair){ socket(AF_UNIX, SOCK_SEQPACKET, 0), -1 };
}

static struct pair
lone_dgram(void)
{
	return (struct pair){ socket(AF_UNIX, SOCK_DGRAM, 0),
		socket(AF_UNIX, SOCK_DGRAM, 0) };
}

static void
bind_and_send(struct pair p)
{
	struct sockaddr_un a;
	socklen_t len = name(&a, "dgram");

	bind(p.fd, (struct sockaddr *)&a, len);
	if (sendto(p.other, "x", 1, 0, (struct sockaddr *)&a, len) != 1)
		printf("  sendto: %s\n", strerrorname_np(errno));
}

static struct pair
event(void)
{
	int e = eventfd(0, EFD_NONBLOCK);

	return (struct pair){ e, dup(e) };
}

static void
count(struct pair p)
{
	one_more(p.other);
}

static struct pair
timer(void)
{
	int t = timerfd_create(CLOCK_MONOTONIC, 0);

	return (struct pair){ t, dup(t) };
}

static void
start(struct pair p)
{
	struct itimerspec soon = { .it_value = { 0, 20000000 } };

	timerfd_settime(p.other, 0, &soon, NULL);
}

static struct pair
signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return (struct pair){ signalfd(-1, &set, 0), -1 };
}

static void
signal_self(struct pair p)
{
	(void)p;
	kill(getpid(), SIGUSR1);
}

/* A child that ends when it reads the end of a pipe. */
static struct pair
process(void)
{
	int p[2];
	pid_t pid;
	char c;

	pipe(p);
	pid = fork();
	if (pid == 0) {
		close(p[1]);
		read(p[0], &c, 1);
		_exit(0);
	}
	close(p[0]);
	return (struct pair){ (int)syscall(SYS_pidfd_open, pid, 0), p[1] };
}

static void
end_child(struct pair p)
{
	close(p.other);
}

static struct pair
master(void)
{
	struct pair p = { -1, -1 };
	struct termios raw;

	if (openpty(&p.fd, &p.other, NULL, NULL, NULL) != 0)
		printf("  openpty: %s\n", strerrorname_np(errno));
	tcgetattr(p.other, &raw);
	cfmakeraw(&raw);
	tcsetattr(p.other, TCSANOW, &raw);
	return p;
}

static struct pair
slave(void)
{
	struct pair p = master();

	return (struct pair){ p.other, p.fd };
}

static struct pair
set_of_event(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct pair p = { epoll_create1(0), eventfd(0, 0) };

	epoll_ctl(p.fd, EPOLL_CTL_ADD, p.other, &ev);
	return p;
}

static struct pair
watching(void)
{
	int i = inotify_init1(0);

	inotify_add_watch(i, ".", IN_CREATE);
	return (struct pair){ i, -1 };
}

static void
make_file(struct pair p)
{
	(void)p;
	put("new", "");
	unlink("new");
}

static void
nothing(struct pair p)
{
	(void)p;
}

static const struct kind {
	const char *name;
	struct pair (*make)(void);
	void (*wake)(struct pair p);
} kinds[] = {
	{ "pipe, reading", pipe_read, say },
	{ "pipe, writing", pipe_write, drain },
	{ "fifo", fifo, say },
	{ "stream", stream, say },
	{ "packets", packets, say },
	{ "datagrams", dgrams, say },
	{ "stream, half closed", stream, half },
	{ "packets, half closed", packets, half },
	{ "listening", listening, call },
	{ "listening for packets", packet_listening, call },
	{ "lone stream", lone_stream, nothing },
	{ "lone packets", lone_packet, nothing },
	{ "lone datagrams", lone_dgram, bind_and_send },
	{ "event", event, count },
	{ "timer", timer, start },
	{ "signals", signals, signal_self },
	{ "process", process, end_child },
	{ "master", master, say },
	{ "slave", slave, say },
	{ "set", set_of_event, count },
	{ "inotify", watching, make_file },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Opened once more by its place in /proc: what has no place of its own is
 * not, or a set could get into itself. */
static void
again(int fd)
{
	char path[40];
	int more;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	more = open(path, (fcntl(fd, F_GETFL) & O_ACCMODE) | O_NONBLOCK |
	    O_NOCTTY);
	printf("  again: %s\n", more < 0 ? strerrorname_np(errno) : "ok");
	if (more >= 0)
		close(more);
}

/* Its whole life in a set. */
static void
one_kind(const struct kind *k)
{
	struct pair p = k->make();
	struct epoll_event ev = { .events = EPOLLIN };

	printf("%s\n", k->name);
	if (ctl(EPOLL_CTL_ADD, p.fd, ALL, 1) != 0)
		printf("  add: %s\n", strerrorname_np(errno));
	ready("added", 0);
	again(p.fd);
	k->wake(p);
	ctl(EPOLL_CTL_MOD, p.fd, EPOLLIN | EPOLLRDHUP, 2);
	ready("in", k->wake == nothing || k->wake == drain ? 0 : SOON);
	ctl(EPOLL_CTL_MOD, p.fd, ALL, 3);
	ready("all", SOON);
	ctl(EPOLL_CTL_MOD, p.fd, ALL | EPOLLET, 4);
	ready("edge", SOON);
	ready("no edge", 0);
	ctl(EPOLL_CTL_MOD, p.fd, EPOLLOUT | EPOLLONESHOT, 5);
	ready("out", 0);
	if (ctl(EPOLL_CTL_ADD, p.fd, ALL, 6) == 0 || errno != EEXIST)
		printf("  twice\n");
	/* The other end goes first, then what is watched. */
	ctl(EPOLL_CTL_MOD, p.fd, ALL, 7);
	if (p.other >= 0 && k->wake != end_child)
		close(p.other);
	ready("other end closed", 0);
	close(p.fd);
	ready("closed", 0);
	if (epoll_ctl(ep, EPOLL_CTL_DEL, p.fd, &ev) == 0 || errno != EBADF)
		printf("  still there\n");
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* All kinds in one set at once, gone in an order of their own. */
static void
all_kinds(unsigned step)
{
	struct pair p[KINDS];

	printf("all kinds, every %u.\n", step);
	for (unsigned i = 0; i < KINDS; i++) {
		p[i] = kinds[i].make();
		if (ctl(EPOLL_CTL_ADD, p[i].fd, EPOLLIN | EPOLLET, (int)i))
			printf("  add: %s\n", strerrorname_np(errno));
	}
	for (unsigned i = 0; i < KINDS; i++)
		if (kinds[i].wake != call)
			kinds[i].wake(p[i]);
	for (unsigned n = 0, i = 0; n < KINDS; n++, i = (i + step) % KINDS) {
		close(p[i].fd);
		if (p[i].other >= 0)
			close(p[i].other);
	}
	/* The child has copies of some. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	ready("none left", 0);
}

/* What epoll does not take. */
static void
refused(void)
{
	int fd;

	printf("refused\n");
	SHOW(ctl(EPOLL_CTL_ADD, fd = open(".", O_RDONLY), EPOLLIN, 0));
	close(fd);
	SHOW(ctl(EPOLL_CTL_ADD, fd = open(".", O_PATH), EPOLLIN, 0));
	close(fd);
	SHOW(ctl(EPOLL_CTL_ADD, fd = open("/dev/null", O_RDWR), EPOLLIN, 0));
	close(fd);
	SHOW(ctl(EPOLL_CTL_ADD, fd = memfd_create("m", 0), EPOLLIN, 0));
	close(fd);
	SHOW(ctl(EPOLL_CTL_ADD, ep, EPOLLIN, 0));
	SHOW(ctl(EPOLL_CTL_ADD, -1, EPOLLIN, 0));
}

/* ---- sockets that change in the set ------------------------------------ */

static void *
read_all(void *arg)
{
	struct pair p = { -1, *(int *)arg };

	nap_ms(30);
	drain(p);
	return NULL;
}

/* Fills what fd sends to, lets another thread read it, waits for room. */
static void
room(int fd, int to, uint32_t how)
{
	static char page[4096];
	pthread_t t;

	ctl(EPOLL_CTL_MOD, fd, EPOLLOUT | how, 2);
	if (how != 0)
		ready("edge", 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(to, F_SETFL, O_NONBLOCK);
	while (write(fd, page, sizeof(page)) > 0)
		;
	ready("full", 0);
	pthread_create(&t, NULL, read_all, &to);
	ready("room", SOON);
	pthread_join(t, NULL);
}

static void
connected_late(int type)
{
	struct pair p = listener(type);
	int accepted;

	printf("connected late\n");
	ctl(EPOLL_CTL_ADD, p.other, ALL, 1);
	ready("added", 0);
	call(p);
	ready("connected", 0);
	accepted = accept(p.fd, NULL, NULL);
	text(accepted, "hello");
	ready("hello", SOON);
	room(p.other, accepted, 0);
	room(p.other, accepted, EPOLLET);
	close(accepted);
	ctl(EPOLL_CTL_MOD, p.other, ALL, 3);
	ready("hung up", 0);
	close(p.fd);
	close(p.other);
}

static void
listening_late(void)
{
	struct sockaddr_un a;
	socklen_t len = name(&a, "listener");
	struct pair p = { socket(AF_UNIX, SOCK_STREAM, 0),
		socket(AF_UNIX, SOCK_STREAM, 0) };

	printf("listening late\n");
	ctl(EPOLL_CTL_ADD, p.fd, ALL, 1);
	bind(p.fd, (struct sockaddr *)&a, len);
	listen(p.fd, 1);
	ready("listens", 0);
	call(p);
	ready("called", SOON);
	close(p.other);
	close(p.fd);
}

/* A datagram socket that gets a peer, and another. */
static void
peers_late(void)
{
	struct sockaddr_un a[2];
	socklen_t len[2];
	int to[2], fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	printf("peers late\n");
	ctl(EPOLL_CTL_ADD, fd, ALL, 1);
	for (int i = 0; i < 2; i++) {
		len[i] = name(&a[i], i == 0 ? "first" : "second");
		to[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
		bind(to[i], (struct sockaddr *)&a[i], len[i]);
		SHOW(connect(fd, (struct sockaddr *)&a[i], len[i]));
		room(fd, to[i], 0);
		room(fd, to[i], EPOLLET);
	}
	close(to[0]);
	close(to[1]);
	ctl(EPOLL_CTL_MOD, fd, ALL, 3);
	ready("nobody there", 0);
	close(fd);
}

static void *
poll_once(void *arg)
{
	poll(arg, 1, SOON);
	return NULL;
}

/* The peer of a datagram socket ends while poll and a set wait at it. */
static void
peer_gone(void)
{
	struct sockaddr_un a, mine;
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	socklen_t len = name(&a, "peer"), my_len = name(&mine, "mine");
	int to = socket(AF_UNIX, SOCK_DGRAM, 0);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct pollfd p = { fd, POLLIN, 0 };
	pthread_t t;

	printf("peer gone\n");
	bind(to, (struct sockaddr *)&a, len);
	bind(fd, (struct sockaddr *)&mine, my_len);
	connect(fd, (struct sockaddr *)&a, len);
	ctl(EPOLL_CTL_ADD, fd, EPOLLIN, 1);
	pthread_create(&t, NULL, poll_once, &p);
	nap_ms(30);
	SHOW(connect(fd, &none, sizeof(none)));
	close(to);
	nap_ms(100); /* its memory is free for others */
	to = socket(AF_UNIX, SOCK_DGRAM, 0);
	SHOW(sendto(to, "x", 1, 0, (struct sockaddr *)&mine, my_len));
	pthread_join(t, NULL);
	printf("  polled: %x\n", p.revents);
	ready("a datagram", 0);
	close(to);
	close(fd);
}

/* ---- handles that are copied, sent, inherited -------------------------- */

static void
copies(void)
{
	int e = eventfd(1, 0), copy, p[2];

	printf("copies\n");
	ctl(EPOLL_CTL_ADD, e, EPOLLIN, 1);
	copy = dup(e);
	SHOW(ctl(EPOLL_CTL_ADD, copy, EPOLLIN, 2));
	ready("both", 0);
	close(e);
	ready("one closed", 0);
	pipe(p); /* takes the place of e */
	IS(p[0] == e);
	text(p[1], "x");
	SHOW(ctl(EPOLL_CTL_DEL, e, 0, 0));
	SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 3));
	ready("three", 0);
	dup2(p[1], copy); /* the last handle of the event */
	ready("the pipe", 0);
	close(copy);
	close(p[1]);
	ready("hung up", 0);
	close(p[0]);
	ready("none", 0);
}

static int
link_sets(int outer, int inner)
{
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(outer, EPOLL_CTL_ADD, inner, &ev);
}

/* Sends fd, and closes it here. */
static void
send_away(int to, int fd)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v = { (char[]){ 'x' }, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(to, &m, 0) != 1)
		printf("  sendmsg: %s\n", strerrorname_np(errno));
	close(fd);
}

static void
sent(int type)
{
	struct pair p = pair_of(type), q;
	int e = eventfd(1, 0), inner = epoll_create1(0);

	printf("sent\n");
	ctl(EPOLL_CTL_ADD, e, EPOLLIN, 1);
	ctl(EPOLL_CTL_ADD, inner, EPOLLIN, 2);
	link_sets(inner, e);
	ctl(EPOLL_CTL_ADD, p.fd, EPOLLIN, 3);
	send_away(p.other, inner);
	send_away(p.other, e);
	ready("on their way", 0);
	close(p.other);
	close(p.fd);
	ready("dropped", 0);

	/* The set itself is sent with what it watches. */
	q = pair_of(type);
	p = pair_of(type);
	inner = epoll_create1(0);
	link_sets(inner, q.fd);
	link_sets(inner, p.fd);
	send_away(p.other, inner);
	close(p.fd);
	close(p.other);
	text(q.other, "x");

	/* A socket in a message to itself: nobody has it any more. */
	ctl(EPOLL_CTL_ADD, q.fd, EPOLLIN, 4);
	ctl(EPOLL_CTL_ADD, q.other, EPOLLIN, 5);
	ready("still here", 0);
	send_away(q.other, q.fd);
	close(q.other);
	/* Who collects such does it soon. */
	for (int n = 0; n < 100 && epoll_wait(ep, &(struct epoll_event){ 0 },
	     1, 0) != 0; n++)
		nap_ms(10);
	ready("collected", 0);
}

/* A child adds files of its own, and ends. */
static void
inherited(void)
{
	int e, status;

	printf("inherited\n");
	fflush(stdout);
	if (fork() == 0) {
		struct pair p = pair_of(SOCK_STREAM);

		e = eventfd(1, 0);
		ctl(EPOLL_CTL_ADD, e, EPOLLIN, 1);
		ctl(EPOLL_CTL_ADD, p.fd, EPOLLOUT, 2);
		ready("the child's", 0);
		_exit(0);
	}
	wait(&status);
	ready("gone with it", 0);
	if (fork() == 0) {
		ctl(EPOLL_CTL_ADD, eventfd(1, EFD_CLOEXEC), EPOLLIN, 3);
		ready("before exec", 0);
		execl("/bin/true", "true", NULL);
		_exit(0);
	}
	wait(&status);
	ready("after exec", 0);
}

/* ---- others meanwhile -------------------------------------------------- */

static void *
wait_there(void *arg)
{
	(void)arg;
	ready("the waiter", SOON);
	return NULL;
}

/* Files end while another thread waits for them. */
static void
closed_meanwhile(void)
{
	int e = eventfd(0, 0);
	pthread_t t;

	printf("closed meanwhile\n");
	pthread_create(&t, NULL, wait_there, NULL);
	for (unsigned i = 0; i < KINDS; i++) {
		struct pair p;

		/* Those that hang up by themselves, or stay in a child. */
		if (kinds[i].wake == nothing || kinds[i].wake == end_child)
			continue;
		p = kinds[i].make();
		ctl(EPOLL_CTL_ADD, p.fd, EPOLLPRI, 1);
		if (ctl(EPOLL_CTL_DEL, p.fd, 0, 0) != 0)
			printf("  del: %s\n", strerrorname_np(errno));
		ctl(EPOLL_CTL_ADD, p.fd, EPOLLPRI | EPOLLONESHOT, 1);
		close(p.fd);
		if (p.other >= 0)
			close(p.other);
	}
	ctl(EPOLL_CTL_ADD, e, EPOLLIN, 2);
	one_more(e);
	pthread_join(t, NULL);
	close(e);
}

int
main(void)
{
	enter();
	OKAY(ep = epoll_create1(0));
	for (unsigned i = 0; i < KINDS; i++)
		one_kind(&kinds[i]);
	for (unsigned step = 1; step < 5; step++)
		if (step != 3) /* which KINDS can be divided by */
			all_kinds(step);
	refused();
	connected_late(SOCK_STREAM);
	connected_late(SOCK_SEQPACKET);
	listening_late();
	peers_late();
	peer_gone();
	copies();
	sent(SOCK_STREAM);
	sent(SOCK_DGRAM);
	inherited();
	closed_meanwhile();
	close(ep);
	leave();
	return 0;
}

/* Unix sockets: kinds, names, descriptors, credentials, ends. */
#include "check.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un
name(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strcpy(a.sun_path, path);
	return a;
}

static void
pass_fd(int s, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { (char *)"f", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	SHOW(sendmsg(s, &m, 0));
}

static int
take_fd(int s, size_t room)
{
	char control[256] = "", data[8];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = room };
	struct cmsghdr *c;
	int fd = -1;

	SHOW(recvmsg(s, &m, 0));
	printf("flags %x\n", m.msg_flags);
	for (c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_type == SCM_RIGHTS)
			memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred u;

			memcpy(&u, CMSG_DATA(c), sizeof(u));
			IS(u.pid == getpid() && u.uid == getuid());
		}
	}
	return fd;
}

static void
passing(void)
{
	int s[2], p[2], fd, on = 1;
	char buf[8] = "";

	SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	pipe(p);
	pass_fd(s[0], p[0]);
	close(p[0]);
	OKAY(fd = take_fd(s[1], 256));
	write(p[1], "via", 3);
	SHOW(read(fd, buf, 8));
	printf("%s\n", buf);
	close(fd);
	signal(SIGPIPE, SIG_IGN);
	SHOW(write(p[1], "x", 1));
	close(p[1]);
	pass_fd(s[0], 1);
	SHOW(take_fd(s[1], 0));
	SHOW(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	SHOW(send(s[0], "c", 1, 0));
	SHOW(take_fd(s[1], 256));
	close(s[0]);
	SHOW(recv(s[1], buf, 8, 0));
	SHOW(send(s[1], "x", 1, MSG_NOSIGNAL));
	close(s[1]);
}

static void
streams(void)
{
	struct sockaddr_un a = name("sock"), b;
	socklen_t len = sizeof(b);
	char buf[16] = "";
	int l, c, d, v = 0;

	OKAY(l = socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(listen(l, 5));
	SHOW(bind(l, (struct sockaddr *)&a, sizeof(a)));
	b = name("sock2");
	SHOW(bind(l, (struct sockaddr *)&b, sizeof(b)));
	SHOW(listen(l, 5));
	OKAY(c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	SHOW(send(c, "x", 1, MSG_NOSIGNAL));
	SHOW(connect(c, (struct sockaddr *)&a, sizeof(a)));
	SHOW(connect(c, (struct sockaddr *)&a, sizeof(a)));
	OKAY(d = accept4(l, (struct sockaddr *)&b, &len, SOCK_CLOEXEC));
	SHOW(len);
	SHOW(fcntl(d, F_GETFD));
	len = sizeof(b);
	SHOW(getpeername(c, (struct sockaddr *)&b, &len));
	printf("%s %d\n", b.sun_path, (int)len - (int)offsetof(
	    struct sockaddr_un, sun_path) == (int)sizeof(a.sun_path));
	SHOW(recv(c, buf, 16, 0));
	SHOW(send(d, "hello", 5, 0));
	SHOW(recv(c, buf, 16, MSG_PEEK));
	SHOW(recv(c, buf, 2, 0));
	SHOW(recv(c, buf, 16, 0));
	printf("%.3s\n", buf);
	SHOW(shutdown(d, SHUT_WR));
	SHOW(recv(c, buf, 16, 0));
	SHOW(send(c, "back", 4, 0));
	SHOW(recv(d, buf, 16, 0));
	len = sizeof(v);
	SHOW(getsockopt(d, SOL_SOCKET, SO_TYPE, &v, &len));
	SHOW(v);
	SHOW(getsockopt(d, SOL_SOCKET, SO_ERROR, &v, &len));
	SHOW(v);
	SHOW(getsockopt(l, SOL_SOCKET, SO_ACCEPTCONN, &v, &len));
	SHOW(v);
	close(c);
	close(d);
	close(l);
	OKAY(c = socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(connect(c, (struct sockaddr *)&a, sizeof(a)));
	SHOW(unlink("sock"));
	SHOW(connect(c, (struct sockaddr *)&a, sizeof(a)));
	close(c);
	SHOW(socket(AF_UNIX, 77, 0));
	SHOW(socket(99, SOCK_STREAM, 0));
	SHOW(listen(0, 1));
}

static void
datagrams(void)
{
	struct sockaddr_un a = name("dg"), b;
	socklen_t len = sizeof(b);
	char buf[16] = "";
	int r, s, p[2];

	OKAY(r = socket(AF_UNIX, SOCK_DGRAM, 0));
	SHOW(bind(r, (struct sockaddr *)&a, sizeof(a)));
	OKAY(s = socket(AF_UNIX, SOCK_DGRAM, 0));
	SHOW(send(s, "x", 1, 0));
	SHOW(sendto(s, "one", 3, 0, (struct sockaddr *)&a, sizeof(a)));
	SHOW(sendto(s, "two22", 5, 0, (struct sockaddr *)&a, sizeof(a)));
	SHOW(recvfrom(r, buf, 16, 0, (struct sockaddr *)&b, &len));
	SHOW(recv(r, buf, 2, MSG_TRUNC));
	SHOW(recv(r, buf, 2, MSG_DONTWAIT));
	close(r);
	SHOW(sendto(s, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
	close(s);
	unlink("dg");
	SHOW(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
	SHOW(send(p[0], "aaa", 3, 0));
	SHOW(send(p[0], "bb", 2, 0));
	SHOW(recv(p[1], buf, 16, 0));
	SHOW(recv(p[1], buf, 16, 0));
	close(p[0]);
	SHOW(recv(p[1], buf, 16, 0));
	close(p[1]);
	/* A name that is in no directory. */
	OKAY(r = socket(AF_UNIX, SOCK_DGRAM, 0));
	memset(&a, 0, sizeof(a));
	a.sun_family = AF_UNIX;
	snprintf(a.sun_path + 1, 50, "carmine-%d", getpid());
	SHOW(bind(r, (struct sockaddr *)&a, sizeof(a)));
	OKAY(s = socket(AF_UNIX, SOCK_DGRAM, 0));
	SHOW(connect(s, (struct sockaddr *)&a, sizeof(a)));
	SHOW(send(s, "abs", 3, 0));
	SHOW(recv(r, buf, 16, 0));
	close(r);
	close(s);
}

int
main(void)
{
	enter();
	streams();
	datagrams();
	passing();
	leave();
	return 0;
}

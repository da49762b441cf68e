/* poll and select. */
#include "check.h"

#include <poll.h>
#include <sys/select.h>

/* After a stop, a poll waits what is left of its time (by poll the stop counts,
 * by ppoll it does not), not all of it again. */
static void
stopped_poll(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int64_t begun = now_ms();
		int n = poll(NULL, 0, 2000);

		_exit(n == 0 && now_ms() - begun < 3500 ? 7 : 8);
	}
	nap_ms(1500);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	fate("a stopped poll", status);
	nap_ms(500);
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	fate("a continued poll", status);
}

int
main(void)
{
	struct pollfd p[3];
	struct timeval tv = { 0, 30000 };
	int a[2], b[2], file;
	int64_t begun;
	fd_set r, w;
	char c;

	enter();
	pipe(a);
	pipe(b);
	OKAY(file = open("f", O_CREAT | O_RDWR, 0600));
	p[0] = (struct pollfd){ a[0], POLLIN, 0 };
	p[1] = (struct pollfd){ b[1], POLLOUT, 0 };
	p[2] = (struct pollfd){ file, POLLIN | POLLOUT | POLLPRI, 0 };
	SHOW(poll(p, 3, 0));
	printf("%x %x %x\n", p[0].revents, p[1].revents, p[2].revents);
	p[1].fd = -1;
	p[2].fd = 99;
	SHOW(poll(p, 3, -1));
	printf("%x %x %x\n", p[0].revents, p[1].revents, p[2].revents);
	begun = now_ms();
	SHOW(poll(p, 1, 40));
	IS(now_ms() - begun >= 39);
	write(a[1], "x", 1);
	SHOW(poll(p, 1, -1));
	close(a[1]);
	SHOW(poll(p, 1, -1));
	printf("%x\n", p[0].revents);
	read(a[0], &c, 1);
	SHOW(poll(p, 1, -1));
	printf("%x\n", p[0].revents);
	p[0] = (struct pollfd){ b[1], POLLOUT, 0 };
	close(b[0]);
	SHOW(poll(p, 1, -1));
	printf("%x\n", p[0].revents);
	SHOW(poll(nowhere, 1, 0));
	SHOW(poll(NULL, 0, 10));

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(a[0], &r);
	FD_SET(file, &r);
	FD_SET(file, &w);
	SHOW(select(20, &r, &w, NULL, NULL));
	IS(FD_ISSET(a[0], &r) && FD_ISSET(file, &r) && FD_ISSET(file, &w));
	close(a[0]);
	SHOW(select(a[0] + 1, &r, NULL, NULL, NULL));
	pipe(a);
	FD_ZERO(&r);
	FD_SET(a[0], &r);
	begun = now_ms();
	SHOW(select(a[0] + 1, &r, NULL, NULL, &tv));
	IS(now_ms() - begun >= 29);
	IS(FD_ISSET(a[0], &r));
	SHOW(select(-1, NULL, NULL, NULL, NULL));
	if (fork() == 0) {
		nap_ms(20);
		write(a[1], "z", 1);
		_exit(0);
	}
	FD_SET(a[0], &r);
	SHOW(select(a[0] + 1, &r, NULL, NULL, NULL));
	IS(FD_ISSET(a[0], &r));
	wait(NULL);
	stopped_poll();
	unlink("f");
	leave();
	return 0;
}

/* A call whose work has no end of its own ends with its process. */
#include "check.h"

#include <signal.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALL   0x7ffff000ul
#define PARTS 1024

static int zero, null, entropy;
static char buf[1 << 20];

static void
send_all(void)
{
	sendfile(null, zero, NULL, ALL);
}

static void
read_all(void)
{
	static struct iovec v[PARTS];

	for (int i = 0; i < PARTS; i++)
		v[i] = (struct iovec){ buf, sizeof(buf) };
	readv(entropy, v, PARTS);
}

static void
write_all(void)
{
	static struct iovec v[PARTS];

	for (int i = 0; i < PARTS; i++)
		v[i] = (struct iovec){ buf, sizeof(buf) };
	writev(entropy, v, PARTS);
}

static void
killed(const char *what, void (*call)(void))
{
	int status;
	pid_t pid = fork();

	while (pid == 0)
		call();
	nap_ms(50);
	SHOW(kill(pid, SIGKILL));
	waitpid(pid, &status, 0);
	fate(what, status);
}

int
main(void)
{
	enter();
	OKAY(zero = open("/dev/zero", O_RDONLY));
	OKAY(null = open("/dev/null", O_WRONLY));
	OKAY(entropy = open("/dev/urandom", O_RDWR));
	killed("sendfile", send_all);
	killed("readv", read_all);
	killed("writev", write_all);
	leave();
	return 0;
}

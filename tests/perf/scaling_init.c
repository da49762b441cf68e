/* What tests/perf/scaling.c needs of the system that it runs on. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scaling.h"

static void
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0) {
		write(fd, text, strlen(text));
		close(fd);
	}
}

/* Linux has ceilings below what is asked for here. */
void
raise_limits(void)
{
	static const int which[] = { RLIMIT_NOFILE, RLIMIT_NPROC,
		RLIMIT_SIGPENDING };
	struct rlimit l = { 101000, 101000 };

	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]); i++)
		setrlimit(which[i], &l);
	write_text("/proc/sys/vm/max_map_count", "300000");
	write_text("/proc/sys/kernel/threads-max", "60000");
	write_text("/proc/sys/kernel/pid_max", "100000");
}

void
be_init(void)
{
	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir("/tmp", 0777);
	mount("none", "/dev", "devtmpfs", 0, NULL);
	mount("none", "/proc", "proc", 0, NULL);
	if (open("/dev/console", O_RDWR) == 0) {
		dup(0);
		dup(0);
	}
}

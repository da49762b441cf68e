/* Which namespaces a process is in: the texts of /proc/PID/ns. */
#include "check.h"

#include <sched.h>

static const char *const kinds[] = { "mnt", "pid", "user", "uts", "ipc", "net",
	"cgroup", "time" };
enum { KINDS = 8, TEXT = 64 };

static void
read_link(pid_t pid, const char *kind, char *text)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	n = readlink(path, text, TEXT - 1);
	text[n < 0 ? 0 : n] = '\0';
}

static void
compare(const char *what, pid_t other)
{
	for (int i = 0; i < KINDS; i++) {
		char mine[TEXT], its[TEXT], form[TEXT];
		unsigned number = 0;

		read_link(getpid(), kinds[i], mine);
		read_link(other, kinds[i], its);
		snprintf(form, sizeof(form), "%s:[%%u]", kinds[i]);
		printf("%s, %s: form %d, the same %d\n", what, kinds[i],
		    sscanf(mine, form, &number) == 1 && number != 0,
		    strcmp(mine, its) == 0);
	}
}

int
main(void)
{
	int to_child[2], to_parent[2];
	pid_t pid;
	char c;

	enter();
	pipe(to_child);
	pipe(to_parent);
	pid = fork();
	if (pid == 0) {
		read(to_child[0], &c, 1);
		unshare(CLONE_NEWNS);
		write(to_parent[1], "x", 1);
		read(to_child[0], &c, 1);
		_exit(0);
	}
	compare("a child", pid);
	write(to_child[1], "x", 1);
	read(to_parent[0], &c, 1);
	compare("with mounts of its own", pid);
	write(to_child[1], "x", 1);
	waitpid(pid, NULL, 0);
	leave();
	return 0;
}

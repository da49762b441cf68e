/* A thread other than the first calls execve: it becomes the first one. */
#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/syscall.h>

static int never[2];
static char was_pid[16], was_tid[16];
static char self[256]; /* /proc/self tells nothing once the first has ended */

static void *
exec_it(void *arg)
{
	char *argv[] = { (char *)"again", was_pid, was_tid, NULL };

	if (arg != NULL) /* the first thread ends before */
		usleep(20000);
	snprintf(was_pid, sizeof(was_pid), "%d", (int)getpid());
	snprintf(was_tid, sizeof(was_tid), "%d", (int)syscall(SYS_gettid));
	IS(getpid() != syscall(SYS_gettid));
	execv(self, argv);
	_exit(41);
}

/* The threads in /proc/self/task, and whether one is tid. */
static int
threads_told(int tid, bool *has)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	*has = false;
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		*has |= atoi(e->d_name) == tid;
	}
	closedir(d);
	return n;
}

/* What a line of a file of /proc that begins with key says. */
static int
status_line(const char *path, const char *key)
{
	FILE *f = fopen(path, "r");
	char line[256];
	int v = -1;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			v = atoi(line + strlen(key));
	if (f != NULL)
		fclose(f);
	return v;
}

static void *
thread(void *arg)
{
	return arg;
}

static void
got_usr1(int number)
{
	(void)number;
}

/* In the new program. */
static void
after(int pid, int tid)
{
	char path[64], comm[32] = "";
	pthread_t t;
	bool has;
	int fd;

	IS(getpid() == pid);
	IS(syscall(SYS_gettid) == pid);
	SHOW(threads_told(pid, &has));
	IS(has);
	IS(status_line("/proc/self/status", "Pid:") == pid);
	IS(status_line("/proc/self/status", "Tgid:") == pid);
	IS(status_line("/proc/thread-self/status", "Pid:") == pid);
	SHOW(status_line("/proc/self/status", "Threads:"));
	SHOW(syscall(SYS_tgkill, pid, tid, 0)); /* that id is gone */
	signal(SIGUSR1, got_usr1);
	SHOW(syscall(SYS_tgkill, pid, pid, SIGUSR1));
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open("/proc/self/comm", O_WRONLY);
	OKAY(fd);
	SHOW(write(fd, "renamed", 7));
	close(fd);
	fd = open(path, O_RDONLY);
	SHOW(read(fd, comm, sizeof(comm) - 1));
	printf("%s", comm);
	SHOW(pthread_create(&t, NULL, thread, NULL));
	SHOW(pthread_join(t, NULL));
}

static void
run(const char *what, bool first_ends)
{
	pthread_t t;
	int status;
	char c;

	printf("%s\n", what);
	if (fork() == 0) {
		pthread_create(&t, NULL, exec_it, first_ends ? &t : NULL);
		if (first_ends)
			syscall(SYS_exit, 3);
		read(never[0], &c, 1);
		_exit(42);
	}
	wait(&status);
	SHOW(status);
}

int
main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3) {
		after(atoi(argv[1]), atoi(argv[2]));
		return 7;
	}
	readlink("/proc/self/exe", self, sizeof(self) - 1);
	SHOW(pipe(never));
	run("the first thread sleeps", false);
	run("the first thread has ended", true);
	return 0;
}

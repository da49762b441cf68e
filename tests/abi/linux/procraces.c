/* Processes that end while others look them up in /proc: whoever looked may be
 * the last to let go of one. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define CHILDREN 2000

static atomic_int newest, over;
static int ended;

static void *
looks(void *arg)
{
	static const char *const names[] = { "stat", "cwd", "fd", "task" };
	char path[64], text[512];

	for (unsigned i = 0; !atomic_load(&over); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/%s",
		    atomic_load(&newest), names[i % 4]);
		fd = open(path, O_RDONLY);
		if (fd >= 0) {
			(void)read(fd, text, sizeof(text));
			close(fd);
		}
	}
	return arg;
}

int
main(void)
{
	pthread_t threads[2];

	enter();
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, looks, NULL);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		atomic_store(&newest, pid);
		ended += waitpid(pid, NULL, 0) == pid;
	}
	atomic_store(&over, 1);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	SHOW(ended);
	return 0;
}

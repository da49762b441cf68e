/* One thread parts from others what its siblings are just using. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define TURNS   3000
#define ROUNDS  20
#define THREADS 3

static atomic_bool over;
static atomic_uint failed;

static void *
use_names(void *arg)
{
	struct stat st;

	(void)arg;
	while (!over) {
		failed += chdir("/") != 0;
		failed += stat("dev/..", &st) != 0;
		failed += access("/proc/self/mounts", F_OK) != 0;
		umask(umask(022));
	}
	return NULL;
}

static void *
use_files(void *arg)
{
	int fd[40];

	(void)arg;
	while (!over) {
		for (int i = 0; i < 40; i++)
			fd[i] = open("/dev/null", O_RDONLY);
		for (int i = 0; i < 40; i++)
			close(fd[i]);
	}
	return NULL;
}

static void
beside(void *(*what)(void *), pthread_t *threads)
{
	over = false;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, what, NULL);
}

static unsigned
unshare_often(int flags, int turns)
{
	pthread_t threads[THREADS];
	unsigned done = 0;

	failed = 0;
	beside(use_names, threads);
	for (int i = 0; i < turns; i++)
		done += unshare(flags) == 0;
	over = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return done;
}

static void
names(void)
{
	unsigned done = unshare_often(CLONE_FS, TURNS);

	printf("names: %u done, %u failed\n", done, failed);
	/* Whether we may, and what others see of it, is not the same
	 * everywhere. */
	(void)unshare_often(CLONE_NEWNS, TURNS / 10);
}

/* Descriptors that a task shares which ends meanwhile; what unshare answers
 * where there are threads is not the same everywhere. */
static void
files(void)
{
	pthread_t threads[THREADS];
	char *argv[] = { (char *)"again", (char *)"again", NULL };

	beside(use_files, threads);
	for (int i = 0; i < 20; i++) {
		if (syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0) == 0)
			_exit(0);
		(void)unshare(CLONE_FILES);
	}
	if (syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0) == 0)
		_exit(0);
	execv("/proc/self/exe", argv);
	_exit(41);
}

int
main(int argc, char **argv)
{
	int status, won = 0;

	(void)argv;
	if (argc == 2)
		return 7;
	names();
	for (int i = 0; i < ROUNDS; i++) {
		if (fork() == 0)
			files();
		wait(&status);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 7)
			won++;
		else
			fate("files", status);
	}
	printf("files: %d of %d\n", won, ROUNDS);
	return 0;
}

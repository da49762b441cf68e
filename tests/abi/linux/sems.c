/* Named semaphores and shared memory: files of /dev/shm, made by linking. */
#include "check.h"

#include <semaphore.h>
#include <sys/mman.h>

#define NAME "/carmine-sems-test"

static void
shared_memory(void)
{
	int fd, status;
	char *m;

	OKAY(fd = shm_open(NAME, O_CREAT | O_EXCL | O_RDWR, 0600));
	SHOW(shm_open(NAME, O_CREAT | O_EXCL | O_RDWR, 0600));
	SHOW(ftruncate(fd, 4096));
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	IS(m != MAP_FAILED);
	if (fork() == 0) {
		strcpy(m, "from the child");
		_exit(0);
	}
	OKAY(wait(&status));
	printf("%s\n", m);
	SHOW(shm_unlink(NAME));
	SHOW(shm_unlink(NAME));
}

int
main(void)
{
	sem_t *s;
	int status, value;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sem_unlink(NAME);
	shm_unlink(NAME);
	s = sem_open(NAME, O_CREAT | O_EXCL, 0600, 1);
	IS(s != SEM_FAILED);
	if (s == SEM_FAILED)
		return 1;
	IS(sem_open(NAME, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED);
	printf("%s\n", strerrorname_np(errno));
	if (fork() == 0) {
		sem_t *mine = sem_open(NAME, 0);

		SHOW(sem_wait(mine));
		SHOW(sem_trywait(mine));
		_exit(0);
	}
	OKAY(wait(&status));
	SHOW(status);
	SHOW(sem_getvalue(s, &value));
	SHOW(value);
	SHOW(sem_post(s));
	SHOW(sem_wait(s));
	SHOW(sem_unlink(NAME));
	SHOW(sem_unlink(NAME));
	shared_memory();
	return 0;
}

/*
 * What native calls do that no program of the system shows.
 *
 *	native wait      a wait on a wait set is stopped and goes on
 *	native spawns    a group that spawns is killed as a whole
 */
#include <native/call.h>
#include <native/event.h>
#include <native/waitset.h>

#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void
nap(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* Stops and continues its parent twice, then rings. */
static void
disturb(pid_t pid, cm_handle_t event)
{
	for (int i = 0; i < 2; i++) {
		nap(50);
		kill(pid, SIGSTOP);
		nap(50);
		kill(pid, SIGCONT);
	}
	nap(50);
	cm_event_signal(event, 1);
	_exit(0);
}

static int
wait_test(void)
{
	struct cm_waitset_event ev = { .events = CM_WAIT_READ, .value = 7 };
	long event = cm_event_create(0, 0);
	long set = cm_waitset_create(0);
	pid_t self = getpid();
	long n;

	cm_waitset_control((cm_handle_t)set, CM_WAITSET_ADD,
	    (cm_handle_t)event, &ev);
	if (fork() == 0)
		disturb(self, (cm_handle_t)event);
	ev.value = 0;
	n = cm_waitset_wait((cm_handle_t)set, &ev, 1, 5000000000);
	printf("rung: %ld, value %ld\n", n, (long)ev.value);
	n = cm_waitset_wait((cm_handle_t)set, &ev, 0, 0);
	printf("no room: %s\n", cm_error_text(n));
	return 0;
}

static pid_t
spawn_link(const char *path, short flags)
{
	char *argv[] = { (char *)path, (char *)"link", NULL };
	posix_spawnattr_t attr;
	pid_t pid = -1;

	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, flags);
	posix_spawnattr_setpgroup(&attr, 0);
	if (posix_spawn(&pid, path, NULL, &attr, argv, environ) != 0)
		pid = -1;
	posix_spawnattr_destroy(&attr);
	return pid;
}

/* Whether the group is gone, zombies and all, in a second. */
static bool
is_gone(pid_t group)
{
	for (int i = 0; i < 100; i++) {
		if (kill(-group, 0) != 0)
			return true;
		nap(10);
	}
	return false;
}

/* A chain whose each link spawns the next and ends is killed as a group. */
static int
spawns_test(const char *path)
{
	int left = 0;

	for (int i = 0; i < 60; i++) {
		pid_t group = spawn_link(path, POSIX_SPAWN_SETPGROUP);

		if (group < 0)
			return 1;
		nap(3 + i % 7);
		kill(-group, SIGKILL);
		waitpid(group, NULL, 0);
		if (!is_gone(group)) {
			left++;
			kill(-group, SIGKILL);
		}
	}
	printf("chains left: %d\n", left);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (strcmp(argv[1], "wait") == 0)
		return wait_test();
	if (strcmp(argv[1], "spawns") == 0)
		return spawns_test(argv[0]);
	return spawn_link(argv[0], 0) < 0;
}

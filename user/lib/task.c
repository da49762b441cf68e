/*
 * Processes: starting, ending, waiting, ids, limits.
 */
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

pid_t
fork(void)
{
	return (pid_t)__cm_result(cm_task_fork());
}

/* There is no sharing fork: what would be visible to the parent is not. */
pid_t
vfork(void)
{
	return fork();
}

int
execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)__cm_result(cm_task_exec(CM_CWD, path, argv, envp, 0));
}

/* newlib's execv and its relatives call it by this name. */
int _execve(const char *path, char *const argv[], char *const envp[])
    __attribute__((alias("execve"), nothrow));

int
__cm_status(const struct cm_exit *e)
{
	switch ((enum cm_exit_how)e->how) {
	case CM_EXITED:
		return (e->value & 0xff) << 8;
	case CM_KILLED:
		return e->value & 0x7f;
	case CM_STOPPED:
		return (e->value & 0xff) << 8 | 0x7f;
	case CM_CONTINUED:
		break;
	}
	return 0xffff;
}

static struct timeval
timeval_of(uint64_t ns)
{
	return (struct timeval){ (time_t)(ns / NS_PER_SEC),
		(suseconds_t)(ns % NS_PER_SEC / 1000) };
}

pid_t
wait4(pid_t pid, int *status, int options, struct rusage *use)
{
	struct cm_exit e;
	uint32_t flags = (options & WNOHANG ? CM_WAIT_NOHANG : 0) |
	    (options & WUNTRACED ? CM_WAIT_STOPPED : 0) |
	    (options & WCONTINUED ? CM_WAIT_CONTINUED : 0);
	long r = cm_task_wait(pid, flags, &e);

	if (r > 0 && status != NULL)
		*status = __cm_status(&e);
	if (r > 0 && use != NULL) {
		memset(use, 0, sizeof(*use));
		use->ru_utime = timeval_of(e.user_ns);
		use->ru_stime = timeval_of(e.system_ns);
	}
	return (pid_t)__cm_result(r);
}

pid_t
wait3(int *status, int options, struct rusage *use)
{
	return wait4(-1, status, options, use);
}

pid_t
waitpid(pid_t pid, int *status, int options)
{
	return wait4(pid, status, options, NULL);
}

pid_t
wait(int *status)
{
	return wait4(-1, status, 0, NULL);
}

pid_t
getpid(void)
{
	return (pid_t)cm_task_id(CM_ID_TASK, 0);
}

pid_t
getppid(void)
{
	return (pid_t)cm_task_id(CM_ID_PARENT, 0);
}

pid_t
getpgid(pid_t pid)
{
	return (pid_t)__cm_result(cm_task_id(CM_ID_GROUP, pid));
}

pid_t
getpgrp(void)
{
	return getpgid(0);
}

pid_t
getsid(pid_t pid)
{
	return (pid_t)__cm_result(cm_task_id(CM_ID_SESSION, pid));
}

int
setpgid(pid_t pid, pid_t group)
{
	return (int)__cm_result(cm_task_set_group(pid, group));
}

int
setpgrp(void)
{
	return setpgid(0, 0);
}

pid_t
setsid(void)
{
	return (pid_t)__cm_result(cm_task_new_session());
}

static struct cm_identity
identity(void)
{
	struct cm_identity id;

	memset(&id, 0, sizeof(id));
	cm_task_get_identity(&id);
	return id;
}

uid_t
getuid(void)
{
	return identity().uid;
}

uid_t
geteuid(void)
{
	return identity().euid;
}

gid_t
getgid(void)
{
	return identity().gid;
}

gid_t
getegid(void)
{
	return identity().egid;
}

int
getgroups(int room, gid_t *list)
{
	struct cm_identity id = identity();

	if (room != 0 && (uint32_t)room < id.group_count) {
		errno = EINVAL;
		return -1;
	}
	if (room != 0)
		memcpy(list, id.groups, id.group_count * sizeof(gid_t));
	return (int)id.group_count;
}

static int
set_identity(const struct cm_identity *id, uint32_t mask)
{
	return (int)__cm_result(cm_task_set_identity(id, mask));
}

/* A privileged task sets all three ids, another one the effective one. */
int
setuid(uid_t uid)
{
	struct cm_identity id = { .uid = uid, .euid = uid, .suid = uid };
	uint32_t mask = CM_IDENTITY_EUID;

	if (geteuid() == 0)
		mask |= CM_IDENTITY_UID | CM_IDENTITY_SUID;
	return set_identity(&id, mask);
}

int
seteuid(uid_t uid)
{
	struct cm_identity id = { .euid = uid };

	return set_identity(&id, CM_IDENTITY_EUID);
}

int
setgid(gid_t gid)
{
	struct cm_identity id = { .gid = gid, .egid = gid, .sgid = gid };
	uint32_t mask = CM_IDENTITY_EGID;

	if (geteuid() == 0)
		mask |= CM_IDENTITY_GID | CM_IDENTITY_SGID;
	return set_identity(&id, mask);
}

int
setegid(gid_t gid)
{
	struct cm_identity id = { .egid = gid };

	return set_identity(&id, CM_IDENTITY_EGID);
}

int
setgroups(int count, const gid_t *list)
{
	struct cm_identity id = { .group_count = (uint32_t)count };

	if (count < 0 || count > CM_GROUPS_MAX) {
		errno = EINVAL;
		return -1;
	}
	memcpy(id.groups, list, (size_t)count * sizeof(gid_t));
	return set_identity(&id, CM_IDENTITY_GROUPS);
}

int
getrlimit(int kind, struct rlimit *out)
{
	return (int)__cm_result(cm_task_limit(
	    (enum cm_limit_kind)kind, NULL, (struct cm_limit *)out));
}

int
setrlimit(int kind, const struct rlimit *set)
{
	return (int)__cm_result(cm_task_limit((enum cm_limit_kind)kind,
	    (const struct cm_limit *)set, NULL));
}

int
getrusage(int who, struct rusage *out)
{
	struct cm_usage u;
	long r = cm_task_usage(who, &u);

	if (__cm_result(r) < 0)
		return -1;
	memset(out, 0, sizeof(*out));
	out->ru_utime = timeval_of(u.user_ns);
	out->ru_stime = timeval_of(u.system_ns);
	out->ru_maxrss = (long)(u.resident_bytes / 1024);
	out->ru_minflt = (long)u.minor_faults;
	out->ru_majflt = (long)u.major_faults;
	out->ru_nvcsw = (long)u.voluntary_switches;
	out->ru_nivcsw = (long)u.involuntary_switches;
	return 0;
}

#define TICK_NS (NS_PER_SEC / CLOCKS_PER_SEC)

clock_t
times(struct tms *out)
{
	struct cm_usage self = { 0 }, children = { 0 };
	int64_t now = 0;

	cm_task_usage(0, &self);
	cm_task_usage(-1, &children);
	cm_clock_get(CM_CLOCK_STEADY, &now);
	out->tms_utime = self.user_ns / TICK_NS;
	out->tms_stime = self.system_ns / TICK_NS;
	out->tms_cutime = children.user_ns / TICK_NS;
	out->tms_cstime = children.system_ns / TICK_NS;
	return (clock_t)(now / TICK_NS);
}

int
getpriority(int which, id_t who)
{
	struct cm_priority p;

	if (which != PRIO_PROCESS) {
		errno = EINVAL;
		return -1;
	}
	if (__cm_result(cm_task_priority((cm_pid_t)who, NULL, &p)) < 0)
		return -1;
	return p.nice;
}

int
setpriority(int which, id_t who, int nice)
{
	struct cm_priority p;

	if (which != PRIO_PROCESS) {
		errno = EINVAL;
		return -1;
	}
	if (__cm_result(cm_task_priority((cm_pid_t)who, NULL, &p)) < 0)
		return -1;
	p.nice = nice < -20 ? -20 : nice > 19 ? 19 : nice;
	return (int)__cm_result(cm_task_priority((cm_pid_t)who, &p, NULL));
}

int
nice(int add)
{
	int now;

	errno = 0;
	now = getpriority(PRIO_PROCESS, 0);
	if (errno != 0 || setpriority(PRIO_PROCESS, 0, now + add) < 0)
		return -1;
	return getpriority(PRIO_PROCESS, 0);
}

int
execvpe(const char *file, char *const argv[], char *const envp[])
{
	char **saved = environ;
	int r;

	environ = (char **)envp;
	r = execvp(file, argv);
	environ = saved;
	return r;
}

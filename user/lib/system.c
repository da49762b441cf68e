/*
 * The system: names, limits, random numbers.
 */
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

static void
info_text(enum cm_info what, char *out, size_t room)
{
	long n = cm_system_info(what, out, room - 1);

	if (n < 0)
		n = 0;
	out[(size_t)n < room ? (size_t)n : room - 1] = '\0';
}

int
uname(struct utsname *u)
{
	memset(u, 0, sizeof(*u));
	info_text(CM_INFO_NAME, u->sysname, sizeof(u->sysname));
	info_text(CM_INFO_HOST, u->nodename, sizeof(u->nodename));
	info_text(CM_INFO_RELEASE, u->release, sizeof(u->release));
	info_text(CM_INFO_RELEASE, u->version, sizeof(u->version));
	info_text(CM_INFO_MACHINE, u->machine, sizeof(u->machine));
	return 0;
}

int
gethostname(char *name, size_t len)
{
	if (len == 0) {
		errno = EINVAL;
		return -1;
	}
	info_text(CM_INFO_HOST, name, len);
	return 0;
}

int
sethostname(const char *name, size_t len)
{
	return (int)__cm_result(cm_system_set_name(name, len));
}

int
getentropy(void *buf, size_t len)
{
	if (len > 256) {
		errno = EIO;
		return -1;
	}
	return __cm_result(cm_system_random(buf, len, 0)) < 0 ? -1 : 0;
}

static long
memory_pages(bool only_free)
{
	struct cm_memory_info m;

	if (__cm_result(cm_system_info(CM_INFO_MEMORY, &m, sizeof(m))) < 0)
		return -1;
	return (long)((only_free ? m.free_bytes : m.total_bytes) /
	    m.page_size);
}

static long
limit_of(int kind)
{
	struct rlimit l;

	if (getrlimit(kind, &l) < 0 || l.rlim_cur == RLIM_INFINITY)
		return -1;
	return (long)l.rlim_cur;
}

long
sysconf(int name)
{
	uint64_t cpus = 1;

	switch (name) {
	case _SC_ARG_MAX:
		return 131072;
	case _SC_CHILD_MAX:
		return limit_of(RLIMIT_NPROC);
	case _SC_CLK_TCK:
		return CLOCKS_PER_SEC;
	case _SC_NGROUPS_MAX:
		return CM_GROUPS_MAX;
	case _SC_OPEN_MAX:
		return limit_of(RLIMIT_NOFILE);
	case _SC_PAGESIZE:
		return getpagesize();
	case _SC_NPROCESSORS_CONF:
	case _SC_NPROCESSORS_ONLN:
		cm_system_info(CM_INFO_CPUS, &cpus, sizeof(cpus));
		return (long)cpus;
	case _SC_PHYS_PAGES:
		return memory_pages(false);
	case _SC_AVPHYS_PAGES:
		return memory_pages(true);
	case _SC_VERSION:
		return _POSIX_VERSION;
	case _SC_JOB_CONTROL:
	case _SC_SAVED_IDS:
		return 1;
	case _SC_GETPW_R_SIZE_MAX:
	case _SC_GETGR_R_SIZE_MAX:
		return 1024;
	default:
		errno = EINVAL;
		return -1;
	}
}

long
pathconf(const char *path, int name)
{
	(void)path;
	switch (name) {
	case _PC_LINK_MAX:
		return INT_MAX;
	case _PC_NAME_MAX:
		return 255;
	case _PC_PATH_MAX:
		return 4096;
	case _PC_PIPE_BUF:
		return 4096;
	case _PC_MAX_CANON:
	case _PC_MAX_INPUT:
		return 4096;
	case _PC_VDISABLE:
		return _POSIX_VDISABLE;
	case _PC_NO_TRUNC:
	case _PC_CHOWN_RESTRICTED:
		return 1;
	default:
		errno = EINVAL;
		return -1;
	}
}

long
fpathconf(int fd, int name)
{
	(void)fd;
	return pathconf("", name);
}

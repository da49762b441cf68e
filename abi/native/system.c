/*
 * The system: native/system.h.
 */
#include "native.h"

#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/random.h>
#include <kernel/sched.h>
#include <kernel/trace.h>
#include <uapi/native/system.h>

#define LOG_LINE_MAX  1000
#define RANDOM_CHUNK  256
#define HOST_NAME_MAX 64

static const char system_name[] = "Carmine";
static const char system_release[] = "0.1.0";

/* Copies what fits; the full length is the answer. */
static enum err
tell(const struct sysargs *a, const void *what, size_t len, long *ret)
{
	*ret = (long)len;
	return user_copy_out(a->v[1], what, MIN(len, a->v[2]));
}

static enum err
tell_memory(struct thread *t, const struct sysargs *a, long *ret)
{
	struct page_stats pages;
	struct cm_memory_info m = {
		.page_size = PAGE_SIZE,
		.uptime_ns = time_now(),
	};
	long tasks = atomic_load(&t->task->container->used[LIMIT_TASKS]);

	page_stats(&pages);
	m.total_bytes = pages.total * PAGE_SIZE;
	m.free_bytes = pages.free * PAGE_SIZE;
	m.tasks = tasks > 0 ? (uint64_t)tasks : 0;
	sched_loadavg(m.load);
	return tell(a, &m, sizeof(m), ret);
}

static enum err
tell_host(struct thread *t, const struct sysargs *a, long *ret)
{
	struct container *c = t->task->container;
	char name[sizeof(c->hostname)];

	mutex_lock(&c->lock);
	memcpy(name, c->hostname, sizeof(name));
	mutex_unlock(&c->lock);
	return tell(a, name, strlen(name), ret);
}

enum err
nt_system_info(struct thread *t, const struct sysargs *a, long *ret)
{
	uint64_t running = cpu_count;

	switch (a->v[0]) {
	case CM_INFO_NAME:
		return tell(a, system_name, sizeof(system_name) - 1, ret);
	case CM_INFO_RELEASE:
		return tell(
		    a, system_release, sizeof(system_release) - 1, ret);
	case CM_INFO_MACHINE:
		return tell(a, ARCH_NAME, sizeof(ARCH_NAME) - 1, ret);
	case CM_INFO_HOST:
		return tell_host(t, a, ret);
	case CM_INFO_OPTIONS:
		return tell(a, boot_info.cmdline, strlen(boot_info.cmdline),
		    ret);
	case CM_INFO_MEMORY:
		return tell_memory(t, a, ret);
	case CM_INFO_CPUS:
		return tell(a, &running, sizeof(running), ret);
	default:
		return ERR_INVAL;
	}
}

enum err
nt_system_log(struct thread *, const struct sysargs *a, long *)
{
	static const enum log_level levels[] = {
		LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG,
	};
	size_t len = a->v[2];
	char *line;
	enum err e;

	if (a->v[0] >= ARRAY_LEN(levels) || len > LOG_LINE_MAX)
		return ERR_INVAL;
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	line = kmalloc(LOG_LINE_MAX + 1);
	if (line == NULL)
		return ERR_NOMEM;
	e = user_copy_in(line, a->v[1], len);
	/* One line of text: what would end it or move the cursor goes. */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	line[len] = '\0';
	if (e == OK)
		klog(levels[a->v[0]], "%s", line);
	kfree(line, LOG_LINE_MAX + 1);
	return e;
}

enum err
nt_system_power(struct thread *, const struct sysargs *a, long *)
{
	if (a->v[0] > CM_POWER_OFF_FAILED)
		return ERR_INVAL;
	if (!capable(CAP_SYS_BOOT))
		return ERR_PERM;
	err_ignore(vfs_sync()); /* what cannot be written is lost either way */
	klog(LOG_INFO, "%s", a->v[0] == CM_POWER_RESET ? "reset" :
	    "power off");
	if (a->v[0] == CM_POWER_RESET)
		arch_reset();
	arch_poweroff(a->v[0] == CM_POWER_OFF ? 0 : 1);
}

enum err
nt_system_random(struct thread *t, const struct sysargs *a, long *ret)
{
	uint8_t chunk[RANDOM_CHUNK];
	size_t done = 0, len = a->v[1];
	enum err e = OK;

	if (a->v[2] != 0 || len > INT64_MAX)
		return ERR_INVAL;
	while (e == OK && done < len && !(done > 0 && signal_pending(t))) {
		size_t n = MIN(len - done, sizeof(chunk));

		random_bytes(chunk, n);
		e = user_copy_out(a->v[0] + done, chunk, n);
		done += e == OK ? n : 0;
	}
	*ret = (long)done;
	return done > 0 ? OK : e;
}

enum err
nt_system_set_name(struct thread *t, const struct sysargs *a, long *)
{
	struct container *c = t->task->container;
	char name[HOST_NAME_MAX + 1] = { 0 };
	enum err e;

	if (a->v[1] > HOST_NAME_MAX)
		return ERR_INVAL;
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	e = user_copy_in(name, a->v[0], a->v[1]);
	if (e != OK)
		return e;
	mutex_lock(&c->lock);
	memcpy(c->hostname, name, sizeof(name));
	mutex_unlock(&c->lock);
	return OK;
}

enum err
nt_trace_control(struct thread *, const struct sysargs *a, long *)
{
	if (a->v[0] > CM_TRACE_ON)
		return ERR_INVAL;
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	return trace_set((int)a->v[1], a->v[0] == CM_TRACE_ON);
}

enum err
nt_system_zone(struct thread *, const struct sysargs *a, long *)
{
	char *dir = NULL, *name = NULL;
	const struct abi *abi;
	size_t len;
	enum err e;

	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	e = user_path_in(a->v[0], &dir, &len);
	if (e == OK)
		e = user_path_in(a->v[1], &name, &len);
	if (e != OK)
		goto out;
	abi = abi_by_name(name);
	e = abi == NULL ? ERR_INVAL : zone_add(dir, abi);
out:
	path_buf_free(name);
	path_buf_free(dir);
	return e;
}

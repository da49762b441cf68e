/*
 * The system as a whole: names, figures, randomness, the log, the end.
 * Source: man-pages 6.05 uname(2), sysinfo(2), sethostname(2), getrandom(2),
 * syslog(2), reboot(2), getcpu(2), membarrier(2), process_vm_readv(2).
 */
#include "call.h"

#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/random.h>
#include <kernel/time.h>

/* The version whose calls and structures this folder follows. Programs ask
 * for it to decide what they can use. */
#define LINUX_RELEASE "6.6.0-carmine"
#define LINUX_VERSION "#1 SMP PREEMPT Carmine"

enum err
lx_uname(struct thread *t, const struct sysargs *a, long *ret)
{
	struct container *c = t->task->container;
	struct lx_utsname u = { 0 };

	strlcpy(u.sysname, "Linux", sizeof(u.sysname));
	strlcpy(u.release, LINUX_RELEASE, sizeof(u.release));
	strlcpy(u.version, LINUX_VERSION, sizeof(u.version));
	strlcpy(u.machine, ARCH_NAME, sizeof(u.machine));
	mutex_lock(&c->lock);
	strlcpy(u.nodename, c->hostname, sizeof(u.nodename));
	strlcpy(u.domainname, c->domainname, sizeof(u.domainname));
	mutex_unlock(&c->lock);
	if (u.domainname[0] == '\0')
		strlcpy(u.domainname, "(none)", sizeof(u.domainname));
	*ret = 0;
	return user_copy_out(a->v[0], &u, sizeof(u));
}

static enum err
name_set(struct thread *t, const struct sysargs *a, char *name)
{
	struct container *c = t->task->container;
	char text[65] = "";
	enum err e;

	if (!capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	if (a->v[1] > 64)
		return ERR_INVAL;
	e = user_copy_in(text, a->v[0], a->v[1]);
	if (e != OK)
		return e;
	mutex_lock(&c->lock);
	strlcpy(name, text, sizeof(text));
	mutex_unlock(&c->lock);
	return OK;
}

enum err
lx_sethostname(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return name_set(t, a, t->task->container->hostname);
}

enum err
lx_setdomainname(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	return name_set(t, a, t->task->container->domainname);
}

enum err
lx_sysinfo_call(struct thread *t, const struct sysargs *a, long *ret)
{
	struct container *c = t->task->container;
	struct page_stats st = { 0 };
	struct lx_sysinfo si = { 0 };

	page_stats(&st);
	si.uptime = (int64_t)(time_now() / NS_PER_SEC);
	sched_loadavg(si.loads);
	si.total_ram = st.total * PAGE_SIZE;
	si.free_ram = st.free * PAGE_SIZE;
	si.buffer_ram = st.cached * PAGE_SIZE;
	si.procs = (uint16_t)MIN(
	    atomic_load(&c->used[LIMIT_TASKS]), (long)UINT16_MAX);
	si.unit = 1;
	*ret = 0;
	return user_copy_out(a->v[0], &si, sizeof(si));
}

#define GRND_NONBLOCK 1u
#define GRND_RANDOM   2u
#define GRND_INSECURE 4u

enum err
lx_getrandom(struct thread *t, const struct sysargs *a, long *ret)
{
	size_t left = MIN(a->v[1], (uintptr_t)INT32_MAX), done = 0;
	uint8_t buf[256];

	if ((a->v[2] & ~7ul) ||
	    (a->v[2] & (GRND_RANDOM | GRND_INSECURE)) ==
	    (GRND_RANDOM | GRND_INSECURE))
		return ERR_INVAL;
	while (left > 0) {
		size_t n = MIN(left, sizeof(buf));

		random_bytes(buf, n);
		if (user_copy_out(a->v[0] + done, buf, n) != OK)
			break;
		done += n;
		left -= n;
		if (signal_pending(t))
			break;
	}
	*ret = (long)done;
	return done > 0 || left == 0 ? OK : ERR_FAULT;
}

enum err
lx_getcpu(struct thread *t, const struct sysargs *a, long *ret)
{
	enum err e = OK;
	unsigned cpu;

	(void)t;
	preempt_disable();
	cpu = cpu_id();
	preempt_enable();
	*ret = 0;
	if (a->v[0] != 0)
		e = user_store32(a->v[0], cpu);
	if (e == OK && a->v[1] != 0)
		e = user_store32(a->v[1], 0);
	return e;
}

/* ---- the log ---------------------------------------------------------- */

#define LOG_CHUNK 512

/* The last bytes of the ring, as many as the caller takes. */
static enum err
log_tail(uintptr_t user, size_t size, long *ret)
{
	uint64_t end = log_end(), seq = end > size ? end - size : 0;
	char buf[LOG_CHUNK];
	size_t done = 0;

	while (done < size && seq < end) {
		size_t n = log_read(&seq, buf, MIN(size - done, sizeof(buf)));
		enum err e;

		if (n == 0)
			break;
		e = user_copy_out(user + done, buf, n);
		if (e != OK)
			return e;
		done += n;
	}
	*ret = (long)done;
	return OK;
}

#define LOG_SIZE (64 << 10)

/* Differs: reading does not consume; the ring is not cleared; console
 * levels 1-8 map to the kernel's four. */
enum err
lx_syslog(struct thread *t, const struct sysargs *a, long *ret)
{
	int type = (int)a->v[0], n = (int)a->v[2];

	(void)t;
	*ret = 0;
	if (type != 3 && type != 10 && !capable(CAP_SYS_ADMIN))
		return ERR_PERM;
	switch (type) {
	case 0: /* close, open */
	case 1:
		return OK;
	case 2: /* read, read all, read and clear */
	case 3:
	case 4:
		if (a->v[1] == 0 || n < 0)
			return ERR_INVAL;
		return log_tail(a->v[1], (size_t)n, ret);
	case 6:
		log_set_console_level(LOG_ERROR);
		return OK;
	case 7:
		log_set_console_level(LOG_INFO);
		return OK;
	case 8:
		if (n < 1 || n > 8)
			return ERR_INVAL;
		log_set_console_level(n <= 4 ? LOG_ERROR : n == 5 ? LOG_WARN :
		    n <= 7 ? LOG_INFO : LOG_DEBUG);
		return OK;
	case 10:
		*ret = LOG_SIZE;
		return OK;
	default:
		return ERR_INVAL;
	}
}

/* ---- the end ---------------------------------------------------------- */

#define REBOOT_MAGIC1 0xfee1dead
#define REBOOT_MAGIC2 672274793u
#define REBOOT_RESTART   0x01234567u
#define REBOOT_HALT      0xcdef0123u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_CAD_ON    0x89abcdefu
#define REBOOT_CAD_OFF   0x00000000u

static bool
is_reboot_magic(uint32_t m)
{
	return m == REBOOT_MAGIC2 || m == 85072278u || m == 369367448u ||
	    m == 537993216u;
}

enum err
lx_reboot(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	*ret = 0;
	if (!capable(CAP_SYS_BOOT))
		return ERR_PERM;
	if ((uint32_t)a->v[0] != REBOOT_MAGIC1 ||
	    !is_reboot_magic((uint32_t)a->v[1]))
		return ERR_INVAL;
	switch ((uint32_t)a->v[2]) {
	case REBOOT_CAD_ON:
	case REBOOT_CAD_OFF:
		return OK; /* no keyboard sends it */
	case REBOOT_RESTART:
		err_ignore(vfs_sync()); /* the end comes anyway */
		arch_reset();
	case REBOOT_HALT:
	case REBOOT_POWER_OFF:
		err_ignore(vfs_sync());
		arch_poweroff(0);
	default:
		return ERR_INVAL;
	}
}

/* ---- processors and memory -------------------------------------------- */

enum { MEMBARRIER_QUERY = 0, MEMBARRIER_GLOBAL = 1,
	MEMBARRIER_GLOBAL_EXPEDITED = 2, MEMBARRIER_REG_GLOBAL = 4,
	MEMBARRIER_PRIVATE = 8, MEMBARRIER_REG_PRIVATE = 16 };

/* A shoot-down of one page that is never mapped interrupts every CPU that
 * runs the space and waits for it: a full barrier on each. */
enum err
lx_membarrier(struct thread *t, const struct sysargs *a, long *ret)
{
	*ret = 0;
	if (a->v[1] != 0)
		return ERR_INVAL;
	switch ((int)a->v[0]) {
	case MEMBARRIER_QUERY:
		*ret = MEMBARRIER_PRIVATE | MEMBARRIER_REG_PRIVATE;
		return OK;
	case MEMBARRIER_REG_PRIVATE:
		return OK;
	case MEMBARRIER_PRIVATE:
		atomic_thread_fence(memory_order_seq_cst);
		tlb_flush(&t->task->space->arch, 0, PAGE_SIZE);
		return OK;
	default:
		return ERR_INVAL;
	}
}

enum err
lx_flush_icache(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	*ret = 0;
	if (a->v[2] & ~1ul)
		return ERR_INVAL;
	arch_sync_icache(NULL, 0);
	return OK;
}

#define VM_CHUNK 256

/* Copies between local segments and another space, in small steps. */
static enum err
vm_move(struct space *s, struct iter *local, const struct lx_iov *remote,
    bool is_read, size_t *done)
{
	uint8_t buf[VM_CHUNK];

	for (size_t i = 0; i < remote->count; i++) {
		struct iter_seg seg = remote->segs[i];

		while (seg.len > 0 && local->left > 0) {
			size_t n = MIN(MIN(seg.len, local->left),
			    sizeof(buf)), k;
			enum err e = iter_fault_in(local);

			if (e == OK && is_read)
				e = space_read(s, seg.base, buf, n);
			if (e != OK)
				return e;
			k = is_read ? iter_write(local, buf, n) :
			    iter_read(local, buf, n);
			if (!is_read && k > 0)
				e = space_write(s, seg.base, buf, k);
			if (e != OK)
				return e;
			seg.base += k;
			seg.len -= k;
			*done += k;
		}
	}
	return OK;
}

static enum err
vm_copy(struct thread *t, const struct sysargs *a, bool is_read, long *ret)
{
	struct lx_iov local, remote;
	struct space *s = NULL;
	struct task *target;
	size_t done = 0;
	enum err e;

	if (a->v[5] != 0)
		return ERR_INVAL;
	e = lx_task(t, a->v[0], &target);
	if (e != OK)
		return e;
	if (!lx_may_change(t, target, CAP_SYS_PTRACE))
		e = ERR_PERM;
	mutex_lock(&target->lock);
	if (target->space != NULL)
		s = space_ref(target->space);
	mutex_unlock(&target->lock);
	if (e == OK && s == NULL)
		e = ERR_NOTASK;
	if (e == OK)
		e = lx_iov_get(&local, a->v[1], a->v[2], is_read);
	if (e != OK)
		goto out;
	e = lx_iov_get(&remote, a->v[3], a->v[4], is_read);
	if (e == OK) {
		e = vm_move(s, &local.it, &remote, is_read, &done);
		lx_iov_put(&remote);
	}
	lx_iov_put(&local);
	*ret = (long)done;
	if (done > 0)
		e = OK;
out:
	space_unref(s);
	task_unref(target);
	return e;
}

enum err
lx_process_vm_readv(struct thread *t, const struct sysargs *a, long *ret)
{
	return vm_copy(t, a, true, ret);
}

enum err
lx_process_vm_writev(struct thread *t, const struct sysargs *a, long *ret)
{
	return vm_copy(t, a, false, ret);
}

/* No filters yet: programs that probe must learn that. */
enum err
lx_seccomp(struct thread *t, const struct sysargs *a, long *ret)
{
	(void)t;
	(void)a;
	(void)ret;
	return ERR_INVAL;
}

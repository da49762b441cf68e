/*
 * /proc/PID/ns: which namespaces a task is in, by the text of links, which are
 * the same for tasks that share one. The links lead nowhere.
 *
 * Mount namespaces have numbers; of the others there is one each, with the
 * number that Linux gives its first: that of the container all tasks are in.
 */
#include "proc.h"

static enum err
put_link(const char *kind, unsigned number, char *buf, size_t len,
    size_t *done)
{
	char text[32];

	*done = (size_t)snprintf(text, sizeof(text), "%s:[%u]", kind, number);
	*done = MIN(*done, len);
	memcpy(buf, text, *done);
	return OK;
}

#define ONE_OF_EACH(X) \
	X(time, 4026531834u) \
	X(cgroup, 4026531835u) \
	X(pid, 4026531836u) \
	X(user, 4026531837u) \
	X(uts, 4026531838u) \
	X(ipc, 4026531839u) \
	X(net, 4026531840u)

#define X(kind, number) \
	static enum err link_##kind(const struct proc_ctx *c, char *buf, \
	    size_t len, size_t *done) \
	{ \
		if (!task_may_inspect(c->task)) \
			return ERR_ACCESS; \
		return put_link(#kind, number, buf, len, done); \
	}
ONE_OF_EACH(X)
#undef X

static enum err
link_mnt(const struct proc_ctx *c, char *buf, size_t len, size_t *done)
{
	struct mount_ns *ns;
	enum err e;

	if (!task_may_inspect(c->task))
		return ERR_ACCESS;
	ns = mount_ns_get(c->task);
	if (ns == NULL)
		return ERR_NOENT;
	e = put_link("mnt", mount_ns_number(ns), buf, len, done);
	mount_ns_unref(ns);
	return e;
}

const struct proc_entry proc_ns_table[] = {
#define X(kind, number) \
	{ .name = #kind, .mode = S_LINK | 0777, .link = link_##kind },
	ONE_OF_EACH(X)
#undef X
	{ .name = "mnt", .mode = S_LINK | 0777, .link = link_mnt },
	PROC_END,
};

/* SPDX-License-Identifier: MIT */
/*
 * Call tracing: a line of text per call of a traced task, of any ABI.
 *
 * The call path comes here only for threads with WORK_TRACE. Arguments are
 * written by the kinds string of the call's table line: f handle, p path,
 * b buffer out, c buffer in, n size, x flags, o octal, d decimal, others
 * hexadecimal. Lines go into a ring of bytes with running sequence numbers;
 * a reader that is too slow loses the oldest, and starts at a line again.
 */
#include <kernel/abi.h>
#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/trace.h>
#include <kernel/user.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define RING_BYTES (64u * 1024) /* a power of two */
#define LINE_BYTES 256
#define TEXT_BYTES 48 /* of a path or buffer */

static struct {
	struct spinlock lock;
	char *ring; /* [I] once tracing was used */
	uint64_t end; /* [l] sequence of the next byte */
	struct waitq waitq;
} trace = {
	.lock = SPIN_INIT(RANK_LOG, "trace"),
	.waitq = WAITQ_INIT(trace.waitq),
};

struct line {
	char text[LINE_BYTES];
	size_t len;
};

/* ---- lines ------------------------------------------------------------- */

PRINTF_LIKE(2, 3) static void
add(struct line *l, const char *fmt, ...)
{
	size_t room = sizeof(l->text) - l->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len += MIN((size_t)n, room - 1);
}

static void
add_char(struct line *l, char c)
{
	if (c == '\n')
		add(l, "\\n");
	else if (c < 0x20 || c == 0x7f)
		add(l, "\\x%02x", (unsigned char)c);
	else
		add(l, "%c", c);
}

static void
add_text(struct line *l, const char *s, size_t len, bool more)
{
	add(l, "\"");
	for (size_t i = 0; i < len; i++)
		add_char(l, s[i]);
	add(l, more ? "\"..." : "\"");
}

static void
add_path(struct line *l, uintptr_t addr)
{
	char s[TEXT_BYTES];
	size_t len = 0;
	enum err e = user_string_in(s, addr, sizeof(s), &len);

	if (e == OK)
		add_text(l, s, len, false);
	else if (e == ERR_NAMETOOLONG)
		add_text(l, s, sizeof(s), true);
	else
		add(l, "0x%lx", (unsigned long)addr);
}

static void
add_buffer(struct line *l, uintptr_t addr, uintptr_t len)
{
	char s[TEXT_BYTES];
	size_t n = MIN(len, sizeof(s));

	if (user_copy_in(s, addr, n) == OK)
		add_text(l, s, n, n < len);
	else
		add(l, "0x%lx", (unsigned long)addr);
}

static void
add_arg(struct line *l, char kind, const uintptr_t *v, bool has_next)
{
	switch (kind) {
	case 'f':
	case 'd':
		add(l, "%d", (int)*v);
		break;
	case 'n':
		add(l, "%lu", (unsigned long)*v);
		break;
	case 'o':
		add(l, "0%o", (unsigned)*v);
		break;
	case 'p':
		add_path(l, *v);
		break;
	case 'c':
		if (has_next)
			add_buffer(l, v[0], v[1]);
		else
			add(l, "0x%lx", (unsigned long)*v);
		break;
	default:
		add(l, "0x%lx", (unsigned long)*v);
	}
}

static void
begin(struct line *l, struct thread *t, uintptr_t nr)
{
	const struct abi *abi = t->task->abi;
	const char *name = abi->name_of(nr);
	ns_t now = time_now();

	l->len = 0;
	add(l, "%lu.%06lu %d %s:", (unsigned long)(now / NS_PER_SEC),
	    (unsigned long)(now % NS_PER_SEC / NS_PER_US), t->tid, abi->name);
	if (name != NULL)
		add(l, "%s", name);
	else
		add(l, "call_%lu", (unsigned long)nr);
}

/* ---- the ring ---------------------------------------------------------- */

static void
put(struct line *l)
{
	unsigned long flags;

	if (l->len > LINE_BYTES - 2)
		l->len = LINE_BYTES - 2;
	l->text[l->len++] = '\n';
	flags = spin_lock_irq(&trace.lock);
	for (size_t i = 0; trace.ring != NULL && i < l->len; i++)
		trace.ring[trace.end++ % RING_BYTES] = l->text[i];
	spin_unlock_irq(&trace.lock, flags);
	waitq_wake(&trace.waitq, 0);
}

size_t
trace_read(uint64_t *seq, char *buf, size_t len)
{
	unsigned long flags = spin_lock_irq(&trace.lock);
	size_t n = 0;

	if (trace.end - *seq > RING_BYTES) {
		*seq = trace.end - RING_BYTES;
		while (*seq < trace.end &&
		    trace.ring[(*seq)++ % RING_BYTES] != '\n')
			continue;
	}
	while (n < len && *seq < trace.end)
		buf[n++] = trace.ring[(*seq)++ % RING_BYTES];
	spin_unlock_irq(&trace.lock, flags);
	return n;
}

struct waitq *
trace_waitq(void)
{
	return &trace.waitq;
}

/* ---- calls ------------------------------------------------------------- */

void
trace_call_enter(struct thread *t, uintptr_t nr, const struct sysargs *a)
{
	const struct abi *abi = t->task->abi;
	const char *kinds = abi->kinds_of == NULL ? NULL : abi->kinds_of(nr);
	struct line l;

	begin(&l, t, nr);
	if (kinds == NULL)
		kinds = "xxxxxx";
	add(&l, "(");
	for (unsigned i = 0; kinds[i] != '\0' && i < 6; i++) {
		if (i > 0)
			add(&l, ", ");
		add_arg(&l, kinds[i], &a->v[i], i < 5 && kinds[i + 1] == 'n');
	}
	add(&l, ")");
	put(&l);
}

void
trace_call_exit(struct thread *t, uintptr_t nr, enum err e, long ret)
{
	struct line l;

	/* A new program, of maybe another ABI, or a signal's end: the call has
	 * no result, and its number may have another name by now. */
	if (e == ERR_JUSTRETURN)
		return;
	begin(&l, t, nr);
	if (e == OK && (ret < -4096 || ret > 0xffffff))
		add(&l, " = 0x%lx", (unsigned long)ret);
	else if (e == OK)
		add(&l, " = %ld", ret);
	else
		add(&l, " : %s", err_text(e));
	put(&l);
}

/* ---- switching --------------------------------------------------------- */

static enum err
make_ring(void)
{
	char *ring = kmalloc(RING_BYTES);
	unsigned long flags;

	if (ring == NULL)
		return ERR_NOMEM;
	flags = spin_lock_irq(&trace.lock);
	if (trace.ring == NULL) {
		trace.ring = ring;
		ring = NULL;
	}
	spin_unlock_irq(&trace.lock, flags);
	kfree(ring, RING_BYTES);
	return OK;
}

static void
mark_task(struct task *t, bool on)
{
	struct thread *th;

	mutex_lock(&t->lock);
	list_each(th, &t->threads, task_link) {
		if (on)
			atomic_fetch_or(&th->head.work, WORK_TRACE);
		else
			atomic_fetch_and(&th->head.work, ~WORK_TRACE);
	}
	mutex_unlock(&t->lock);
}

/* Children of a traced thread are traced as well (fork copies the bit). */
enum err
trace_set(int pid, bool on)
{
	struct task *t = NULL;
	enum err e = OK;

	if (on && trace.ring == NULL)
		e = make_ring();
	if (e != OK)
		return e;
	if (pid != 0) {
		e = task_find(pid, &t);
		if (e != OK)
			return e;
		mark_task(t, on);
		task_unref(t);
		return OK;
	}
	for (int next = 1; task_next(
	    task_current()->container, next, &t) == OK;) {
		next = t->pid + 1;
		mark_task(t, on);
		task_unref(t);
	}
	return OK;
}

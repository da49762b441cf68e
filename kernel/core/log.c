/*
 * The kernel log: a ring of bytes under a spinlock, readable by sequence
 * number, and the console.
 *
 * A message is formatted into a buffer on the caller's stack, then goes into
 * the ring and, by its level, to the console, as one piece. Before a console
 * driver registers, characters go out through arch_putc. During a panic only
 * the panicking CPU prints, past the lock.
 */
#include <kernel/log.h>
#include <kernel/panic.h>
#include <kernel/sync.h>

#include <lib/fmt.h>
#include <lib/string.h>

#define LOG_BYTES 32768
#define LINE_MAX  320

static struct {
	struct spinlock lock; /* RANK_LOG, irq */
	char ring[LOG_BYTES]; /* [l] */
	uint64_t end; /* [l] sequence of the next byte */
	struct waitq readers;
	void (*write)(const char *s, size_t len); /* [A] NULL: arch_putc */
	enum log_level console_level; /* [A] */
} klogs = {
	.lock = SPIN_INIT(RANK_LOG, "log"),
	.readers = WAITQ_INIT(klogs.readers),
	.console_level = LOG_INFO,
};

/* In front of a line in the ring: its level as syslog(2) has it. The console
 * leaves it out. */
#define MARK_BYTES 3
static const char level_digit[] = { '3', '4', '6', '7' };

static void
console_write(const char *s, size_t len)
{
	if (klogs.write != NULL) {
		klogs.write(s, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\n')
			arch_putc('\r');
		arch_putc(s[i]);
	}
}

static void
ring_put(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		klogs.ring[(klogs.end + i) % LOG_BYTES] = s[i];
	klogs.end += len;
}

void
klog(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX];
	ns_t now = arch_time();
	unsigned long flags;
	size_t len;
	va_list ap;

	len = (size_t)snprintf(line, sizeof(line), "<%c>[%5lu.%06lu] ",
	    level_digit[level], (unsigned long)(now / NS_PER_SEC),
	    (unsigned long)(now % NS_PER_SEC / NS_PER_US));
	va_start(ap, fmt);
	len += (size_t)vsnprintf(line + len, sizeof(line) - len, fmt, ap);
	va_end(ap);
	len = MIN(len, sizeof(line) - 2);
	line[len++] = '\n';

	flags = spin_lock_irq(&klogs.lock);
	ring_put(line, len);
	if (level <= klogs.console_level)
		console_write(line + MARK_BYTES, len - MARK_BYTES);
	spin_unlock_irq(&klogs.lock, flags);
	if (!waitq_idle(&klogs.readers))
		waitq_wake(&klogs.readers, 0);
}

void
log_raw(const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	len = (size_t)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	console_write(line, MIN(len, sizeof(line) - 1));
}

void
log_set_console_level(enum log_level level)
{
	klogs.console_level = level;
}

void
log_set_console(void (*write)(const char *s, size_t len))
{
	unsigned long flags = spin_lock_irq(&klogs.lock);

	klogs.write = write;
	spin_unlock_irq(&klogs.lock, flags);
}

size_t
log_read(uint64_t *seq, char *buf, size_t len)
{
	unsigned long flags = spin_lock_irq(&klogs.lock);
	size_t n = 0;

	if (*seq + LOG_BYTES < klogs.end)
		*seq = klogs.end - LOG_BYTES;
	if (*seq > klogs.end)
		*seq = klogs.end;
	while (n < len && *seq < klogs.end)
		buf[n++] = klogs.ring[(*seq)++ % LOG_BYTES];
	spin_unlock_irq(&klogs.lock, flags);
	return n;
}

uint64_t
log_end(void)
{
	unsigned long flags = spin_lock_irq(&klogs.lock);
	uint64_t end = klogs.end;

	spin_unlock_irq(&klogs.lock, flags);
	return end;
}

struct waitq *
log_waitq(void)
{
	return &klogs.readers;
}

void
log_set_console_emergency(void)
{
	klogs.write = NULL;
}

/* Where the last n lines of the ring begin. */
static uint64_t
tail_start(uint64_t end, unsigned n)
{
	uint64_t from = end > LOG_BYTES ? end - LOG_BYTES : 0, at = end;

	while (at > from) {
		if (klogs.ring[(at - 1) % LOG_BYTES] == '\n' && n-- == 0)
			break;
		at--;
	}
	return at;
}

/* No lock: its holder may have been stopped. A line that is being written is
 * cut. */
void
log_dump(unsigned lines)
{
	uint64_t end = klogs.end, at = tail_start(end, lines);
	char line[LINE_MAX];
	size_t len = 0;

	for (; at < end; at++) {
		char c = klogs.ring[at % LOG_BYTES];

		if (c != '\n' && len < sizeof(line) - 1) {
			line[len++] = c;
			continue;
		}
		line[len] = '\0';
		log_raw("log: %s\n", line);
		len = 0;
	}
}

NO_LOCK_ANALYSIS void
log_seize(void)
{
	spin_lock_raw(&klogs.lock);
}

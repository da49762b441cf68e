/*
 * /dev/kmsg: the kernel log as records "level,sequence,time,-;text".
 *
 * A reader starts at the oldest byte that the ring still has and gets one
 * line a read. Writing adds a line to the log.
 */
#include <kernel/chardev.h>
#include <kernel/log.h>
#include <kernel/task.h>

#include <lib/fmt.h>
#include <lib/string.h>

#include "char.h"

#define LINE_MAX_BYTES 320u

/* Reads up to and with the next newline. */
static size_t
line_read(uint64_t *seq, char *line, size_t max)
{
	uint64_t at = *seq;
	size_t n = log_read(&at, line, max), len = 0;

	while (len < n && line[len] != '\n')
		len++;
	if (len < n)
		len++;
	*seq = at - n + len; /* back to behind the line */
	return len;
}

static uint64_t
number_read(const char **s, const char *end)
{
	uint64_t n = 0;

	while (*s < end && **s == ' ')
		++*s;
	while (*s < end && **s >= '0' && **s <= '9')
		n = n * 10 + (uint64_t)(*(*s)++ - '0');
	return n;
}

/* The record of a line "<level>[seconds.microseconds] text"; what the ring
 * has overwritten the head of goes out as text. */
static size_t
record_format(char *out, size_t max, uint64_t seq, const char *line, size_t n)
{
	const char *s = line + 4, *end = line + n;
	unsigned level = 6;
	uint64_t us = 0;

	if (n > 4 && line[0] == '<' && line[2] == '>' && line[3] == '[') {
		level = (unsigned)(line[1] - '0');
		us = number_read(&s, end) * 1000000;
		s += s < end && *s == '.';
		us += number_read(&s, end);
		s += s < end && *s == ']';
		s += s < end && *s == ' ';
	} else {
		s = line;
	}
	return (size_t)snprintf(out, max, "%u,%llu,%llu,-;%.*s\n", level,
	    (unsigned long long)seq, (unsigned long long)us, (int)(end - s), s);
}

/* f->off is the sequence of the next byte. */
static enum err
kmsg_read(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	char line[LINE_MAX_BYTES], out[LINE_MAX_BYTES + 64];
	uint64_t seq = *off, at;
	size_t n, len, got = 0;
	enum err e;

	while (seq >= log_end()) {
		if ((file_flags(f) & FILE_NONBLOCK) != 0)
			return ERR_AGAIN;
		e = wait_until(log_waitq(), seq < log_end(), WAIT_SIGNALS);
		if (e != OK)
			return e;
	}
	n = line_read(&seq, line, sizeof(line));
	at = seq - n; /* some may have been overwritten */
	if (n != 0 && line[n - 1] == '\n')
		n--;
	len = record_format(out, sizeof(out), at, line, n);
	if (len > it->left)
		return ERR_INVAL;
	while (got < len) {
		size_t part = iter_write(it, out + got, len - got);

		got += part;
		if (part == 0) {
			e = iter_fault_in(it);
			if (e != OK)
				return e;
		}
	}
	*off = seq;
	*done = len;
	return OK;
}

/* An optional "<n>" in front is the level. */
static void
log_line(const char *text)
{
	enum log_level level = LOG_INFO;

	if (text[0] == '<' && text[1] >= '0' && text[1] <= '7' &&
	    text[2] == '>') {
		level = text[1] <= '3' ? LOG_ERROR : text[1] == '4' ?
		    LOG_WARN : text[1] == '7' ? LOG_DEBUG : LOG_INFO;
		text += 3;
	}
	klog(level, "%s", text);
}

static enum err
kmsg_write(struct file *f, struct iter *it, uint64_t *off, size_t *done)
{
	char line[LINE_MAX_BYTES];
	size_t n = 0;
	enum err e;

	(void)f;
	(void)off;
	*done = it->left;
	while (it->left != 0 && n < sizeof(line) - 1) {
		size_t got = iter_read(it, line + n,
		    MIN(it->left, sizeof(line) - 1 - n));

		n += got;
		if (got == 0) {
			e = iter_fault_in(it);
			if (e != OK)
				return e;
		}
	}
	iter_advance(it, it->left);
	while (n != 0 && line[n - 1] == '\n')
		n--;
	line[n] = '\0';
	log_line(line);
	return OK;
}

static unsigned
kmsg_poll(struct file *f, struct poll_request *r)
{
	poll_wait(r, log_waitq());
	return POLL_OUT | POLL_WRNORM |
	    (f->off < log_end() ? POLL_IN | POLL_RDNORM : 0);
}

static enum err
kmsg_seek(struct file *f, int64_t off, int whence, uint64_t *out)
{
	if (off != 0)
		return ERR_SPIPE;
	f->off = whence == SEEK_END_ ? log_end() : 0;
	*out = 0;
	return OK;
}

static const struct file_ops kmsg_ops = {
	.read = kmsg_read,
	.write = kmsg_write,
	.poll = kmsg_poll,
	.seek = kmsg_seek,
};

static enum err
kmsg_open(const struct chardev *d, struct file *f)
{
	(void)d;
	f->ops = &kmsg_ops;
	return OK;
}

static struct chardev kmsg = {
	.name = "kmsg",
	.rdev = RDEV(1, 11),
	.mode = 0644,
	.open = kmsg_open,
};

void
kmsg_init(void)
{
	enum err e = chardev_register(&kmsg);

	if (e != OK)
		klog(LOG_ERROR, "device kmsg: %s", err_text(e));
}

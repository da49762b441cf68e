/*
 * Output of the shell itself. What built-ins print is collected and written
 * when the built-in ends; messages go to descriptor 2 at once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

enum { OUT_FULL = 4096 };

static struct {
	struct buf buf;
	bool failed;
} out;

void
write_all(int fd, const char *s, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, s, n);

		if (done < 0 && errno == EINTR && !sh.interrupted)
			continue;
		if (done <= 0) {
			if (fd == 1)
				out.failed = true;
			return;
		}
		s += done;
		n -= (size_t)done;
	}
}

void
out_put(const char *s, size_t n)
{
	buf_put(&out.buf, s, n);
	if (out.buf.len >= OUT_FULL) {
		write_all(1, out.buf.s, out.buf.len);
		out.buf.len = 0;
	}
}

void
out_puts(const char *s)
{
	out_put(s, strlen(s));
}

void
out_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&out.buf, fmt, ap);
	va_end(ap);
}

bool
out_flush(void)
{
	bool ok;

	if (out.buf.len > 0)
		write_all(1, out.buf.s, out.buf.len);
	out.buf.len = 0;
	ok = !out.failed;
	out.failed = false;
	return ok;
}

void
out_drop(void)
{
	out.buf.len = 0;
	out.failed = false;
}

static void
message(const char *fmt, va_list ap)
{
	struct buf b = { 0 };

	buf_puts(&b, "sh: ");
	buf_vprintf(&b, fmt, ap);
	buf_putc(&b, '\n');
	write_all(2, b.s, b.len);
	buf_free(&b);
}

void
warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
}

/* A mistake that ends a script, and the current line of a person. */
void
fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
	sh.status = 2;
	sh.unwind = U_ERROR;
}

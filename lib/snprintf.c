/* SPDX-License-Identifier: MIT */
/* C's formatting into a buffer, on top of fmt.c. */
#include <lib/fmt.h>
#include <lib/string.h>
#include <limits.h>

struct buf_sink {
	struct fmt_sink sink;
	char *next;
	size_t room; /* without the NUL */
};

static void
buf_write(struct fmt_sink *sink, const char *text, size_t len)
{
	struct buf_sink *b = container_of(sink, struct buf_sink, sink);
	size_t n = MIN(len, b->room);

	if (n == 0) /* there may be no buffer */
		return;
	memcpy(b->next, text, n);
	b->next += n;
	b->room -= n;
}

int
vsnprintf(char *buf, size_t size, const char *format, va_list args)
{
	struct buf_sink b = {
		.sink = { buf_write },
		.next = buf,
		.room = size == 0 ? 0 : size - 1,
	};
	size_t count = fmt_vformat(&b.sink, format, args);

	if (size != 0)
		*b.next = '\0';
	return count > INT_MAX ? INT_MAX : (int)count;
}

int
snprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int count;

	va_start(args, format);
	count = vsnprintf(buf, size, format, args);
	va_end(args);
	return count;
}

/* Formatted output. One write per call, so that lines of several processes
 * do not mix. */
#include "user.h"

struct text {
	char s[256];
	int n, fd;
};

static void
flush(struct text *t)
{
	if (t->n > 0)
		write(t->fd, t->s, t->n);
	t->n = 0;
}

static void
put(struct text *t, char c)
{
	if (t->n == (int)sizeof(t->s))
		flush(t);
	t->s[t->n++] = c;
}

static void
put_string(struct text *t, const char *s)
{
	if (s == NULL)
		s = "(null)";
	while (*s != '\0')
		put(t, *s++);
}

static void
put_number(struct text *t, unsigned long v, unsigned base)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v != 0);
	while (n > 0)
		put(t, digits[--n]);
}

static void
put_signed(struct text *t, long v)
{
	if (v < 0)
		put(t, '-');
	put_number(t, v < 0 ? 0 - (unsigned long)v : (unsigned long)v, 10);
}

/* The conversion at fmt, behind '%'; returns its last character. */
static const char *
convert(struct text *t, const char *fmt, va_list *ap)
{
	bool is_long = *fmt == 'l';

	if (is_long)
		fmt++;
	switch (*fmt) {
	case 'd':
		put_signed(t, is_long ? va_arg(*ap, long) : va_arg(*ap, int));
		break;
	case 'u':
	case 'x':
		put_number(t, is_long ? va_arg(*ap, unsigned long) :
		    va_arg(*ap, unsigned), *fmt == 'x' ? 16 : 10);
		break;
	case 'p':
		put_string(t, "0x");
		put_number(t, (unsigned long)va_arg(*ap, void *), 16);
		break;
	case 's':
		put_string(t, va_arg(*ap, const char *));
		break;
	case 'c':
		put(t, (char)va_arg(*ap, int));
		break;
	case '\0':
		return fmt - 1;
	default:
		put(t, *fmt);
		break;
	}
	return fmt;
}

void
vfprintf(int fd, const char *fmt, va_list ap)
{
	struct text t = { .fd = fd };
	va_list args;

	va_copy(args, ap);
	for (; *fmt != '\0'; fmt++) {
		if (*fmt == '%')
			fmt = convert(&t, fmt + 1, &args);
		else
			put(&t, *fmt);
	}
	va_end(args);
	flush(&t);
}

void
fprintf(int fd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(fd, fmt, ap);
	va_end(ap);
}

void
printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(1, fmt, ap);
	va_end(ap);
}

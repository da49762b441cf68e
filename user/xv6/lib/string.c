/* Strings and memory, byte by byte: the programs are small. */
#include "user.h"

size_t
strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

int
strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

char *
strcpy(char *to, const char *from)
{
	char *start = to;

	while ((*to++ = *from++) != '\0')
		continue;
	return start;
}

char *
strchr(const char *s, int c)
{
	for (; *s != '\0'; s++)
		if (*s == c)
			return (char *)s;
	return NULL;
}

void *
memset(void *p, int c, size_t n)
{
	unsigned char *b = p;

	while (n-- > 0)
		*b++ = (unsigned char)c;
	return p;
}

void *
memmove(void *to, const void *from, size_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	if (t <= f) {
		while (n-- > 0)
			*t++ = *f++;
	} else {
		while (n-- > 0)
			t[n] = f[n];
	}
	return to;
}

void *
memcpy(void *to, const void *from, size_t n)
{
	return memmove(to, from, n);
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n > 0; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

int
atoi(const char *s)
{
	int n = 0;

	while (*s >= '0' && *s <= '9')
		n = n * 10 + *s++ - '0';
	return n;
}

/* Words of the kernel's command line: "name", "name=value". */
#include <kernel/boot.h>

#include <lib/string.h>

/* The text after "name" of the next word from p on that starts with it, or
 * NULL. */
static const char *
find(const char *name, const char *p)
{
	size_t len = strlen(name);

	while (*p != '\0') {
		while (*p == ' ')
			p++;
		if (strncmp(p, name, len) == 0 && (p[len] == '=' ||
		    p[len] == ' ' || p[len] == '\0'))
			return p + len;
		while (*p != ' ' && *p != '\0')
			p++;
	}
	return NULL;
}

bool
cmdline_has(const char *name)
{
	return find(name, boot_info.cmdline) != NULL;
}

bool
cmdline_value(const char *name, char *buf, size_t len)
{
	return cmdline_nth(name, 0, buf, len);
}

bool
cmdline_nth(const char *name, unsigned nth, char *buf, size_t len)
{
	const char *p = find(name, boot_info.cmdline);
	size_t n = 0;

	for (; nth > 0 && p != NULL; nth--)
		p = find(name, p);
	if (p == NULL || *p != '=')
		return false;
	for (p++; *p != ' ' && *p != '\0' && n + 1 < len; p++)
		buf[n++] = *p;
	buf[n] = '\0';
	return true;
}

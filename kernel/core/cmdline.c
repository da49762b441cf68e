/* Words of the kernel's command line: "name", "name=value". */
#include <kernel/boot.h>

#include <lib/string.h>

/* The text after "name" of the word that starts with it, or NULL. */
static const char *
find(const char *name)
{
	size_t len = strlen(name);
	const char *p = boot_info.cmdline;

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
	return find(name) != NULL;
}

bool
cmdline_value(const char *name, char *buf, size_t len)
{
	const char *p = find(name);
	size_t n = 0;

	if (p == NULL || *p != '=')
		return false;
	for (p++; *p != ' ' && *p != '\0' && n + 1 < len; p++)
		buf[n++] = *p;
	buf[n] = '\0';
	return true;
}

/* chmod [-R] mode file ...: octal, or as in u=rwx,go-w. */
#include "tool.h"

#include <dirent.h>
#include <sys/stat.h>

static const char *wanted;

static mode_t
class_bits(const char **s)
{
	mode_t who = 0;

	for (; **s != '\0' && strchr("ugoa", **s) != NULL; ++*s)
		who |= **s == 'u' ? 04700 : **s == 'g' ? 02070 :
		    **s == 'o' ? 0007 : 06777;
	if (who == 0) {
		mode_t mask = umask(0);

		umask(mask);
		who = 06777 & ~mask;
	}
	return who | 01000;
}

/* One of u=rw, g+x ...; *s is behind it. False: it is none. */
static bool
apply_clause(const char **s, mode_t *mode, bool is_dir)
{
	mode_t who = class_bits(s), bits = 0, old = *mode;
	char op = *(*s)++;

	if (op != '+' && op != '-' && op != '=')
		return false;
	for (; **s != '\0' && strchr("rwxXst", **s) != NULL; ++*s) {
		bits |= **s == 'r' ? 0444 : **s == 'w' ? 0222 :
		    **s == 'x' ? 0111 : **s == 's' ? 06000 :
		    **s == 't' ? 01000 : 0;
		if (**s == 'X' && (is_dir || (old & 0111) != 0))
			bits |= 0111;
	}
	if (op == '=')
		*mode = (old & ~who) | (bits & who);
	else if (op == '+')
		*mode = old | (bits & who);
	else
		*mode = old & ~(bits & who);
	return true;
}

static bool
apply(mode_t *mode, bool is_dir)
{
	const char *s = wanted;
	char *end;
	unsigned long octal = strtoul(s, &end, 8);

	if (end != s && *end == '\0') {
		*mode = (mode_t)octal & 07777;
		return true;
	}
	while (*s != '\0') {
		if (!apply_clause(&s, mode, is_dir))
			return false;
		if (*s == ',')
			s++;
		else if (*s != '\0')
			return false;
	}
	return true;
}

static void
change(const char *path, bool recursive)
{
	struct stat st;
	struct dirent *e;
	mode_t mode;
	DIR *d;

	if (stat(path, &st) != 0) {
		complain_file(path);
		return;
	}
	mode = st.st_mode & 07777;
	if (!apply(&mode, S_ISDIR(st.st_mode))) {
		complain("%s: bad mode", wanted);
		exit(2);
	}
	if (chmod(path, mode) != 0)
		complain_file(path);
	if (!recursive || !S_ISDIR(st.st_mode) || (d = opendir(path)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		char *inner;

		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 || e->d_type == DT_LNK)
			continue;
		inner = path_join(path, e->d_name);
		change(inner, true);
		free(inner);
	}
	closedir(d);
}

int
main(int argc, char **argv)
{
	bool recursive = argc > 1 && strcmp(argv[1], "-R") == 0;
	int i = 1 + recursive;

	tool_start(argv);
	if (argc - i < 2)
		return usage("[-R] mode file ...");
	wanted = argv[i++];
	for (; i < argc; i++)
		change(argv[i], recursive);
	return tool_status;
}

/*
 * cd, pwd, umask, ulimit, times.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <unistd.h>

#include "sh.h"

static char *
physical(void)
{
	char buf[1024];

	return getcwd(buf, sizeof(buf)) == NULL ? NULL : xstrdup(buf);
}

/* Is path where we are? */
static bool
is_here(const char *path)
{
	struct stat a, b;

	return path != NULL && *path == '/' && stat(path, &a) == 0 &&
	    stat(".", &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

void
dir_init(void)
{
	char *dir;

	if (is_here(var_get("PWD")))
		return;
	dir = physical();
	var_set("PWD", dir == NULL ? "/" : dir);
	free(dir);
}

/* Takes "." and ".." out of a path that begins with '/'. */
static char *
tidy(const char *path)
{
	struct buf b = { 0 };

	while (*path != '\0') {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (b.len > 0 && b.s[--b.len] != '/')
				;
			buf_put(&b, "", 0);
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			buf_putc(&b, '/');
			buf_put(&b, path, n);
		}
		path += n;
	}
	if (b.len == 0)
		buf_putc(&b, '/');
	return buf_take(&b);
}

static char *
logical(const char *dir)
{
	const char *pwd = var_get("PWD");
	struct buf b = { 0 };
	char *path;

	if (*dir != '/')
		buf_printf(&b, "%s/", pwd == NULL ? "" : pwd);
	buf_puts(&b, dir);
	path = tidy(b.s);
	buf_free(&b);
	return path;
}

static bool
change_to(const char *dir, bool physically)
{
	char *path = physically ? NULL : logical(dir);

	if (path != NULL && chdir(path) != 0) {
		free(path);
		path = NULL;
		physically = true;
	}
	if (path == NULL && chdir(dir) != 0)
		return false;
	if (path == NULL)
		path = physical();
	var_set("OLDPWD", var_get("PWD") == NULL ? "" : var_get("PWD"));
	var_set("PWD", path == NULL ? dir : path);
	free(path);
	return true;
}

/* Tries the directories of CDPATH; true when dir was found in one. */
static bool
try_cdpath(const char *dir, bool physically)
{
	const char *at = var_get("CDPATH");

	if (at == NULL || *dir == '/' || *dir == '.')
		return false;
	while (*at != '\0') {
		size_t n = strcspn(at, ":");
		struct buf b = { 0 };
		bool ok;

		buf_put(&b, at, n);
		buf_printf(&b, "%s%s", n > 0 ? "/" : "", dir);
		ok = change_to(b.s, physically);
		buf_free(&b);
		if (ok) {
			out_printf("%s\n", var_get("PWD"));
			return true;
		}
		at += n + (at[n] == ':');
	}
	return false;
}

int
builtin_cd(int argc, char **argv)
{
	bool physically = false, back;
	const char *dir;
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++)
		physically = argv[i][1] == 'P';
	dir = i < argc ? argv[i] : var_get("HOME");
	back = dir != NULL && strcmp(dir, "-") == 0;
	if (back)
		dir = var_get("OLDPWD");
	if (dir == NULL) {
		warn("cd: %s is not set", back ? "OLDPWD" : "HOME");
		return 1;
	}
	if (*dir == '\0' || try_cdpath(dir, physically))
		return 0;
	{
		char *copy = xstrdup(dir);
		bool ok = change_to(copy, physically);

		if (!ok)
			warn("cd: %s: %s", copy, strerror(errno));
		free(copy);
		if (!ok)
			return 1;
	}
	if (back)
		out_printf("%s\n", var_get("PWD"));
	return 0;
}

int
builtin_pwd(int argc, char **argv)
{
	const char *pwd = var_get("PWD");
	bool ask = argc > 1 && strcmp(argv[1], "-P") == 0;
	char *dir = ask || !is_here(pwd) ? physical() : xstrdup(pwd);

	if (dir == NULL) {
		warn("pwd: %s", strerror(errno));
		return 1;
	}
	out_printf("%s\n", dir);
	free(dir);
	return 0;
}

static mode_t
class_bits(const char **s)
{
	mode_t who = 0;

	for (; **s != '\0' && strchr("ugoa", **s) != NULL; ++*s)
		who |= **s == 'u' ? 0700 : **s == 'g' ? 0070 :
		    **s == 'o' ? 0007 : 0777;
	return who == 0 ? 0777 : who;
}

/* u=rwx,go-w and the like; mode and result are permissions, not a mask. */
static bool
symbolic(const char *s, mode_t *mode)
{
	while (*s != '\0') {
		mode_t who = class_bits(&s), bits = 0;
		char op = *s++;

		for (; *s != '\0' && strchr("rwxX", *s) != NULL; s++)
			bits |= *s == 'r' ? 0444 : *s == 'w' ? 0222 : 0111;
		if (op == '=')
			*mode = (*mode & ~who) | (bits & who);
		else if (op == '+')
			*mode |= bits & who;
		else if (op == '-')
			*mode &= ~(bits & who);
		else
			return false;
		if (*s == ',')
			s++;
		else if (*s != '\0')
			return false;
	}
	return true;
}

static void
print_symbolic(mode_t mode)
{
	static const char *const who = "ugo";

	for (int i = 0; i < 3; i++) {
		mode_t bits = mode >> (6 - 3 * i);

		out_printf("%s%c=%s%s%s", i > 0 ? "," : "", who[i],
		    bits & 4 ? "r" : "", bits & 2 ? "w" : "",
		    bits & 1 ? "x" : "");
	}
	out_puts("\n");
}

int
builtin_umask(int argc, char **argv)
{
	mode_t old = umask(0), mode;
	bool letters = argc > 1 && strcmp(argv[1], "-S") == 0;
	const char *arg = argc > 1 + letters ? argv[1 + letters] : NULL;

	umask(old);
	if (arg == NULL && letters) {
		print_symbolic(~old & 0777);
	} else if (arg == NULL) {
		out_printf("%04o\n", (unsigned)old);
	} else if (isdigit((unsigned char)*arg)) {
		umask((mode_t)strtoul(arg, NULL, 8) & 0777);
	} else {
		mode = ~old & 0777;
		if (!symbolic(arg, &mode)) {
			warn("umask: %s: bad mode", arg);
			return 1;
		}
		umask(~mode & 0777);
	}
	return 0;
}

#ifdef RLIMIT_NOFILE
static const struct {
	char letter;
	int which;
	unsigned long long unit;
	const char *name;
} limits[] = {
	{ 'c', RLIMIT_CORE, 512, "core file (blocks)" },
	{ 'd', RLIMIT_DATA, 1024, "data (KiB)" },
	{ 'f', RLIMIT_FSIZE, 512, "file size (blocks)" },
	{ 'n', RLIMIT_NOFILE, 1, "open files" },
	{ 's', RLIMIT_STACK, 1024, "stack (KiB)" },
	{ 't', RLIMIT_CPU, 1, "cpu time (seconds)" },
	{ 'v', RLIMIT_AS, 1024, "address space (KiB)" },
};

enum { LIMITS = sizeof(limits) / sizeof(limits[0]) };

static void
print_limit(size_t i, bool hard)
{
	struct rlimit r;
	rlim_t v;

	if (getrlimit(limits[i].which, &r) != 0)
		return;
	v = hard ? r.rlim_max : r.rlim_cur;
	if (v == RLIM_INFINITY)
		out_puts("unlimited\n");
	else
		out_printf("%llu\n", (unsigned long long)v / limits[i].unit);
}

static int
change_limit(size_t i, const char *arg, bool soft, bool hard)
{
	struct rlimit r;
	rlim_t v = RLIM_INFINITY;

	if (strcmp(arg, "unlimited") != 0)
		v = (rlim_t)(strtoull(arg, NULL, 10) * limits[i].unit);
	if (getrlimit(limits[i].which, &r) != 0)
		return 1;
	if (soft || !hard)
		r.rlim_cur = v;
	if (hard || !soft)
		r.rlim_max = v;
	if (setrlimit(limits[i].which, &r) == 0)
		return 0;
	warn("ulimit: %s", strerror(errno));
	return 1;
}

int
builtin_ulimit(int argc, char **argv)
{
	bool soft = false, hard = false, all = false;
	char letter = 'f';
	int arg = 1;

	for (; arg < argc && argv[arg][0] == '-'; arg++) {
		for (const char *s = argv[arg] + 1; *s != '\0'; s++) {
			soft = soft || *s == 'S';
			hard = hard || *s == 'H';
			all = all || *s == 'a';
			if (strchr("SHa", *s) == NULL)
				letter = *s;
		}
	}
	for (size_t i = 0; i < LIMITS; i++) {
		if (all) {
			out_printf("%-22s", limits[i].name);
			print_limit(i, hard);
		} else if (limits[i].letter == letter) {
			if (arg < argc)
				return change_limit(i, argv[arg], soft, hard);
			print_limit(i, hard);
			return 0;
		}
	}
	if (!all)
		warn("ulimit: -%c: no such limit", letter);
	return all ? 0 : 2;
}
#else
int
builtin_ulimit(int argc, char **argv)
{
	(void)argc;
	warn("%s: not supported by this system", argv[0]);
	return 1;
}
#endif

static void
print_time(clock_t t, const char *end)
{
	long hz = sysconf(_SC_CLK_TCK);

	if (hz <= 0)
		hz = 100;
	out_printf("%ldm%ld.%02lds%s", (long)t / hz / 60, (long)t / hz % 60,
	    (long)t % hz * 100 / hz, end);
}

int
builtin_times(int argc, char **argv)
{
	struct tms t = { 0 };

	(void)argc;
	(void)argv;
	times(&t);
	print_time(t.tms_utime, " ");
	print_time(t.tms_stime, "\n");
	print_time(t.tms_cutime, " ");
	print_time(t.tms_cstime, "\n");
	return 0;
}

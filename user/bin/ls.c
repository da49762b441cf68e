/* ls [-laARdF1ihtSr] [file ...]: colours and columns on a terminal. */
#include "tool.h"

#include <dirent.h>
#include <grp.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <time.h>

static bool opt[128];
static bool colours;
static size_t columns = 80;

struct item {
	char *name, *path;
	struct stat st;
};

struct items {
	struct item *v;
	size_t n, cap;
};

static void
add(struct items *l, const char *dir, const char *name)
{
	struct item *i;

	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 32;
		l->v = realloc(l->v, l->cap * sizeof(*l->v));
		if (l->v == NULL)
			exit(2);
	}
	i = &l->v[l->n];
	i->name = strdup(name);
	i->path = dir == NULL ? strdup(name) : path_join(dir, name);
	if (i->name == NULL || i->path == NULL)
		exit(2);
	if (lstat(i->path, &i->st) != 0) {
		complain_file(i->path);
		return;
	}
	l->n++;
}

static void
release(struct items *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].path);
	}
	free(l->v);
}

static int
compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int c = 0;

	if (opt['t'])
		c = (y->st.st_mtime > x->st.st_mtime) -
		    (y->st.st_mtime < x->st.st_mtime);
	else if (opt['S'])
		c = (y->st.st_size > x->st.st_size) -
		    (y->st.st_size < x->st.st_size);
	if (c == 0)
		c = strcmp(x->name, y->name);
	return opt['r'] ? -c : c;
}

static const char *
colour_of(mode_t m)
{
	if (S_ISDIR(m))
		return "\033[1;34m";
	if (S_ISLNK(m))
		return "\033[1;36m";
	if (S_ISCHR(m) || S_ISBLK(m))
		return "\033[1;33m";
	if (S_ISFIFO(m) || S_ISSOCK(m))
		return "\033[35m";
	return m & 0111 ? "\033[1;32m" : "";
}

static int
mark_of(mode_t m)
{
	if (!opt['F'])
		return 0;
	return S_ISDIR(m) ? '/' : S_ISLNK(m) ? '@' : S_ISFIFO(m) ? '|' :
	    S_ISSOCK(m) ? '=' : S_ISREG(m) && (m & 0111) ? '*' : 0;
}

/* Returns the cells it took. */
static size_t
put_name(const struct item *i)
{
	const char *c = colours ? colour_of(i->st.st_mode) : "";
	int mark = mark_of(i->st.st_mode);
	size_t n = strlen(i->name) + (mark != 0);

	if (opt['i'])
		n += (size_t)printf("%8llu ",
		    (unsigned long long)i->st.st_ino);
	printf("%s%s%s", c, i->name, *c != '\0' ? "\033[0m" : "");
	if (mark != 0)
		putchar(mark);
	return n;
}

static void
put_owner(const struct stat *st)
{
	static uid_t last_uid = (uid_t)-1;
	static gid_t last_gid = (gid_t)-1;
	static char user[32], group[32];

	if (st->st_uid != last_uid) {
		struct passwd *pw = getpwuid(last_uid = st->st_uid);

		if (pw != NULL)
			snprintf(user, sizeof(user), "%s", pw->pw_name);
		else
			snprintf(user, sizeof(user), "%u", (unsigned)last_uid);
	}
	if (st->st_gid != last_gid) {
		struct group *gr = getgrgid(last_gid = st->st_gid);

		if (gr != NULL)
			snprintf(group, sizeof(group), "%s", gr->gr_name);
		else
			snprintf(group, sizeof(group), "%u",
			    (unsigned)last_gid);
	}
	printf(" %-8s %-8s", user, group);
}

static void
put_size(const struct stat *st)
{
	static const char units[] = "BKMGT";
	unsigned long long v = (unsigned long long)st->st_size;
	int u = 0;

	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		printf(" %4u,%4u", (unsigned)major(st->st_rdev),
		    (unsigned)minor(st->st_rdev));
		return;
	}
	while (opt['h'] && v >= 10000 && u < 4) {
		v /= 1024;
		u++;
	}
	if (opt['h'] && u > 0)
		printf(" %6llu%c", v, units[u]);
	else
		printf(" %9llu", v);
}

static void
put_long(const struct item *i)
{
	struct tm *tm = localtime(&i->st.st_mtime);
	char when[32] = "", target[1024];
	char mode[MODE_TEXT];
	ssize_t n;

	fputs(mode_text(i->st.st_mode, mode), stdout);
	printf(" %3lu", (unsigned long)i->st.st_nlink);
	put_owner(&i->st);
	put_size(&i->st);
	if (tm != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", tm);
	printf(" %s ", when);
	put_name(i);
	if (S_ISLNK(i->st.st_mode)) {
		n = readlink(i->path, target, sizeof(target) - 1);
		if (n > 0)
			printf(" -> %.*s", (int)n, target);
	}
	putchar('\n');
}

static void
put_columns(const struct items *l)
{
	size_t wide = 0, per_row, rows;

	for (size_t i = 0; i < l->n; i++) {
		size_t n = strlen(l->v[i].name) + (opt['F'] ? 1 : 0) +
		    (opt['i'] ? 9 : 0);

		wide = n > wide ? n : wide;
	}
	per_row = columns / (wide + 2);
	per_row = per_row == 0 ? 1 : per_row;
	rows = (l->n + per_row - 1) / per_row;
	for (size_t r = 0; r < rows; r++) {
		for (size_t i = r; i < l->n; i += rows) {
			size_t n = put_name(&l->v[i]);

			if (i + rows < l->n)
				printf("%*s", (int)(wide + 2 - n), "");
		}
		putchar('\n');
	}
}

static void
put_items(struct items *l)
{
	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), compare);
	if (!opt['l'] && opt['C']) {
		put_columns(l);
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		if (opt['l']) {
			put_long(&l->v[i]);
		} else {
			put_name(&l->v[i]);
			putchar('\n');
		}
	}
}

static bool
is_dots(const char *s)
{
	return strcmp(s, ".") == 0 || strcmp(s, "..") == 0;
}

static void
list_dir(const char *path, bool title)
{
	static bool again;
	struct items l = { 0 };
	struct dirent *e;
	DIR *d = opendir(path);

	if (d == NULL) {
		complain_file(path);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' || opt['a'] ||
		    (opt['A'] && !is_dots(e->d_name)))
			add(&l, path, e->d_name);
	closedir(d);
	if (title)
		printf("%s%s:\n", again ? "\n" : "", path);
	again = true;
	put_items(&l);
	for (size_t i = 0; opt['R'] && i < l.n; i++)
		if (S_ISDIR(l.v[i].st.st_mode) && !is_dots(l.v[i].name))
			list_dir(l.v[i].path, true);
	release(&l);
}

static bool
is_dir(const char *path)
{
	struct stat st;

	return !opt['d'] && (opt['l'] ? lstat(path, &st) : stat(path, &st))
	    == 0 && S_ISDIR(st.st_mode);
}

int
main(int argc, char **argv)
{
	struct items files = { 0 };
	struct winsize ws = { 0 };
	bool many;
	int c;

	tool_start(argv);
	if (isatty(1)) {
		opt['C'] = colours = true;
		if (ioctl(1, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
			columns = ws.ws_col;
	}
	while ((c = getopt(argc, argv, "laARdF1CihtSr")) != -1) {
		if (c == '?')
			return usage("[-laARdF1CihtSr] [file ...]");
		opt[c] = true;
		if (c == '1')
			opt['C'] = false;
	}
	many = argc - optind > 1 || opt['R'];
	if (optind == argc && opt['d'])
		add(&files, NULL, ".");
	for (int i = optind; i < argc; i++)
		if (!is_dir(argv[i]))
			add(&files, NULL, argv[i]);
	put_items(&files);
	if (optind == argc && !opt['d'])
		list_dir(".", many);
	for (int i = optind; i < argc; i++)
		if (is_dir(argv[i]))
			list_dir(argv[i], many);
	release(&files);
	return finish();
}

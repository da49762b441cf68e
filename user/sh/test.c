/*
 * test and [: decided by the number of arguments up to four, as POSIX wants
 * it, else by the grammar  or: and -o or;  and: not -a and;  not: ! not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

struct test {
	char **args;
	int n, at;
	bool bad;
};

static bool expression(struct test *t);

static void
complain(struct test *t, const char *what, const char *why)
{
	if (!t->bad)
		warn("test: %s: %s", what, why);
	t->bad = true;
}

static bool
file_kind(int op, mode_t mode)
{
	switch (op) {
	case 'f':
		return S_ISREG(mode);
	case 'd':
		return S_ISDIR(mode);
	case 'c':
		return S_ISCHR(mode);
	case 'b':
		return S_ISBLK(mode);
	case 'p':
		return S_ISFIFO(mode);
	case 'S':
		return S_ISSOCK(mode);
	case 'u':
		return (mode & S_ISUID) != 0;
	case 'g':
		return (mode & S_ISGID) != 0;
	case 'k':
		return (mode & S_ISVTX) != 0;
	default:
		return true;
	}
}

static bool
unary(int op, const char *arg)
{
	struct stat st;

	switch (op) {
	case 'n':
		return *arg != '\0';
	case 'z':
		return *arg == '\0';
	case 't':
		return isatty(atoi(arg));
	case 'r':
		return access(arg, R_OK) == 0;
	case 'w':
		return access(arg, W_OK) == 0;
	case 'x':
		return access(arg, X_OK) == 0;
	case 'h':
	case 'L':
		return lstat(arg, &st) == 0 && S_ISLNK(st.st_mode);
	case 's':
		return stat(arg, &st) == 0 && st.st_size > 0;
	default:
		return stat(arg, &st) == 0 && file_kind(op, st.st_mode);
	}
}

static bool
is_unary(const char *s)
{
	return s[0] == '-' && s[1] != '\0' && s[2] == '\0' &&
	    strchr("nztrwxhLsefdcbpSugk", s[1]) != NULL;
}

static long long
integer(struct test *t, const char *s)
{
	char *end;
	long long v = strtoll(s, &end, 10);

	end += strspn(end, " \t");
	if (end == s || *end != '\0')
		complain(t, s, "bad number");
	return v;
}

static const char *const binary_ops[] = {
	"=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge",
	"-nt", "-ot", "-ef",
};

enum { OPS = sizeof(binary_ops) / sizeof(binary_ops[0]), FIRST_INT = 5,
	FIRST_FILE = 11 };

static int
binary_op(const char *s)
{
	for (int i = 0; i < OPS; i++)
		if (strcmp(s, binary_ops[i]) == 0)
			return i;
	return -1;
}

static bool
compare_files(int op, const char *a, const char *b)
{
	struct stat x, y;
	bool has_x = stat(a, &x) == 0, has_y = stat(b, &y) == 0;

	if (op == FIRST_FILE + 2)
		return has_x && has_y && x.st_dev == y.st_dev &&
		    x.st_ino == y.st_ino;
	if (op == FIRST_FILE)
		return has_x && (!has_y || x.st_mtime > y.st_mtime);
	return has_y && (!has_x || x.st_mtime < y.st_mtime);
}

static bool
binary(struct test *t, const char *a, int op, const char *b)
{
	long long x, y;
	int c;

	if (op >= FIRST_FILE)
		return compare_files(op, a, b);
	if (op < FIRST_INT) {
		c = strcmp(a, b);
		return op < 2 ? c == 0 : op == 2 ? c != 0 :
		    op == 3 ? c < 0 : c > 0;
	}
	x = integer(t, a);
	y = integer(t, b);
	switch (op - FIRST_INT) {
	case 0:
		return x == y;
	case 1:
		return x != y;
	case 2:
		return x < y;
	case 3:
		return x <= y;
	case 4:
		return x > y;
	default:
		return x >= y;
	}
}

static bool
primary(struct test *t)
{
	char **a = t->args + t->at;
	int left = t->n - t->at, op;
	bool value;

	if (left == 0) {
		complain(t, "end", "argument expected");
		return false;
	}
	if (left >= 3 && (op = binary_op(a[1])) >= 0) {
		t->at += 3;
		return binary(t, a[0], op, a[2]);
	}
	if (strcmp(a[0], "(") == 0 && left >= 3) {
		t->at++;
		value = expression(t);
		if (t->at >= t->n || strcmp(t->args[t->at], ")") != 0)
			complain(t, "(", "missing )");
		t->at++;
		return value;
	}
	if (left >= 2 && is_unary(a[0])) {
		t->at += 2;
		return unary(a[0][1], a[1]);
	}
	t->at++;
	return *a[0] != '\0';
}

static bool
negation(struct test *t)
{
	if (t->n - t->at >= 2 && strcmp(t->args[t->at], "!") == 0 &&
	    !(t->n - t->at == 3 && binary_op(t->args[t->at + 1]) >= 0)) {
		t->at++;
		return !negation(t);
	}
	return primary(t);
}

static bool
conjunction(struct test *t)
{
	bool value = negation(t);

	while (t->at < t->n && strcmp(t->args[t->at], "-a") == 0) {
		t->at++;
		value = negation(t) && value;
	}
	return value;
}

static bool
expression(struct test *t)
{
	bool value = conjunction(t);

	while (t->at < t->n && strcmp(t->args[t->at], "-o") == 0) {
		t->at++;
		value = conjunction(t) || value;
	}
	return value;
}

int
builtin_test(int argc, char **argv)
{
	struct test t = { .args = argv + 1, .n = argc - 1 };
	bool value;

	if (strcmp(argv[0], "[") == 0) {
		if (argc < 2 || strcmp(argv[argc - 1], "]") != 0) {
			warn("[: missing ]");
			return 2;
		}
		t.n--;
	}
	if (t.n == 0)
		return 1;
	value = expression(&t);
	if (t.at < t.n)
		complain(&t, t.args[t.at], "unexpected");
	return t.bad ? 2 : !value;
}

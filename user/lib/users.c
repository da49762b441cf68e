/*
 * Users and groups, read from /etc/passwd and /etc/group each time.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define MEMBERS_MAX 64

static struct {
	FILE *file;
	char line[1024];
	struct passwd entry;
} users;

static struct {
	FILE *file;
	char line[1024];
	char *members[MEMBERS_MAX + 1];
	struct group entry;
} groups;

/* Cuts the next field off *rest; an empty one when there is none. */
static char *
field(char **rest, int end)
{
	char *s = *rest, *p = strchr(s, end);

	if (p == NULL)
		*rest = s + strlen(s);
	else {
		*p = '\0';
		*rest = p + 1;
	}
	return s;
}

static bool
next_line(FILE **f, const char *name, char *line, int size)
{
	if (*f == NULL)
		*f = fopen(name, "re");
	if (*f == NULL || fgets(line, size, *f) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static void
rewind_file(FILE **f)
{
	if (*f != NULL)
		fclose(*f);
	*f = NULL;
}

struct passwd *
getpwent(void)
{
	struct passwd *p = &users.entry;
	char *rest = users.line;

	if (!next_line(&users.file, "/etc/passwd", users.line,
	    sizeof(users.line)))
		return NULL;
	p->pw_name = field(&rest, ':');
	p->pw_passwd = field(&rest, ':');
	p->pw_uid = (uid_t)strtoul(field(&rest, ':'), NULL, 10);
	p->pw_gid = (gid_t)strtoul(field(&rest, ':'), NULL, 10);
	p->pw_gecos = p->pw_comment = field(&rest, ':');
	p->pw_dir = field(&rest, ':');
	p->pw_shell = field(&rest, ':');
	return p;
}

void
setpwent(void)
{
	rewind_file(&users.file);
}

void
endpwent(void)
{
	rewind_file(&users.file);
}

struct passwd *
getpwnam(const char *name)
{
	struct passwd *p;

	setpwent();
	while ((p = getpwent()) != NULL && strcmp(p->pw_name, name) != 0)
		;
	endpwent();
	return p;
}

struct passwd *
getpwuid(uid_t uid)
{
	struct passwd *p;

	setpwent();
	while ((p = getpwent()) != NULL && p->pw_uid != uid)
		;
	endpwent();
	return p;
}

struct group *
getgrent(void)
{
	struct group *g = &groups.entry;
	char *rest = groups.line, *list;
	size_t n = 0;

	if (!next_line(&groups.file, "/etc/group", groups.line,
	    sizeof(groups.line)))
		return NULL;
	g->gr_name = field(&rest, ':');
	g->gr_passwd = field(&rest, ':');
	g->gr_gid = (gid_t)strtoul(field(&rest, ':'), NULL, 10);
	list = field(&rest, ':');
	while (*list != '\0' && n < MEMBERS_MAX)
		groups.members[n++] = field(&list, ',');
	groups.members[n] = NULL;
	g->gr_mem = groups.members;
	return g;
}

void
setgrent(void)
{
	rewind_file(&groups.file);
}

void
endgrent(void)
{
	rewind_file(&groups.file);
}

struct group *
getgrnam(const char *name)
{
	struct group *g;

	setgrent();
	while ((g = getgrent()) != NULL && strcmp(g->gr_name, name) != 0)
		;
	endgrent();
	return g;
}

struct group *
getgrgid(gid_t gid)
{
	struct group *g;

	setgrent();
	while ((g = getgrent()) != NULL && g->gr_gid != gid)
		;
	endgrent();
	return g;
}

char *
getlogin(void)
{
	struct passwd *p = getpwuid(getuid());

	return p != NULL ? p->pw_name : NULL;
}

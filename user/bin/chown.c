/* chown [-h] user[:group] file ... */
#include "tool.h"

#include <ctype.h>
#include <grp.h>
#include <pwd.h>

static uid_t
user_of(const char *s)
{
	struct passwd *pw = getpwnam(s);

	if (pw != NULL)
		return pw->pw_uid;
	return (uid_t)number_arg(s);
}

static gid_t
group_of(const char *s)
{
	struct group *gr = getgrnam(s);

	if (gr != NULL)
		return gr->gr_gid;
	return (gid_t)number_arg(s);
}

int
main(int argc, char **argv)
{
	bool link_itself = argc > 1 && strcmp(argv[1], "-h") == 0;
	int i = 1 + link_itself;
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;
	char *colon;

	tool_start(argv);
	if (argc - i < 2)
		return usage("[-h] user[:group] file ...");
	colon = strchr(argv[i], ':');
	if (colon != NULL) {
		*colon = '\0';
		if (colon[1] != '\0')
			gid = group_of(colon + 1);
	}
	if (*argv[i] != '\0')
		uid = user_of(argv[i]);
	for (i++; i < argc; i++) {
		int e = link_itself ? lchown(argv[i], uid, gid) :
		    chown(argv[i], uid, gid);

		if (e != 0)
			complain_file(argv[i]);
	}
	return tool_status;
}

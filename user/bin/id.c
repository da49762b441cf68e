/* id [-ugn]: who runs this. */
#include "tool.h"

#include <grp.h>
#include <pwd.h>

static void
show(const char *label, unsigned id, const char *name)
{
	printf("%s%u", label, id);
	if (name != NULL)
		printf("(%s)", name);
}

static const char *
group_name(gid_t g)
{
	struct group *gr = getgrgid(g);

	return gr == NULL ? NULL : gr->gr_name;
}

int
main(int argc, char **argv)
{
	struct passwd *pw = getpwuid(geteuid());
	const char *user = pw == NULL ? NULL : pw->pw_name;
	char *copy = user == NULL ? NULL : strdup(user);
	bool names = false;
	int which = 0, c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "ugn")) != -1) {
		if (c == '?')
			return usage("[-u | -g] [-n]");
		names = names || c == 'n';
		which = c == 'n' ? which : c;
	}
	if (which != 0) {
		unsigned id = which == 'u' ? geteuid() : getegid();
		const char *name = which == 'u' ? copy : group_name(id);

		if (names && name != NULL)
			puts(name);
		else
			printf("%u\n", id);
		return finish();
	}
	show("uid=", geteuid(), copy);
	show(" gid=", getegid(), group_name(getegid()));
	putchar('\n');
	return finish();
}

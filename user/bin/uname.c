/* uname [-asnrvm] */
#include "tool.h"

#include <sys/utsname.h>

int
main(int argc, char **argv)
{
	static const char letters[] = "snrvm";
	bool want[5] = { false }, first = true;
	struct utsname u;
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "asnrvm")) != -1) {
		if (c == '?')
			return usage("[-asnrvm]");
		for (int i = 0; i < 5; i++)
			want[i] = want[i] || c == 'a' || c == letters[i];
	}
	if (optind == 1)
		want[0] = true;
	if (uname(&u) != 0) {
		complain("%s", strerror(errno));
		return 1;
	}
	for (int i = 0; i < 5; i++) {
		const char *s[5] = { u.sysname, u.nodename, u.release,
			u.version, u.machine };

		if (!want[i])
			continue;
		printf("%s%s", first ? "" : " ", s[i]);
		first = false;
	}
	putchar('\n');
	return finish();
}

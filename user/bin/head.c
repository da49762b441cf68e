/* head [-n lines | -c bytes] [file ...] */
#include "tool.h"

static long lines = 10, bytes = -1;
static bool titles;

static void
head(FILE *f, const char *path)
{
	long left = bytes >= 0 ? bytes : lines;
	static bool again;
	int c;

	if (titles)
		printf("%s==> %s <==\n", again ? "\n" : "", path);
	again = true;
	while (left > 0 && (c = getc_unlocked(f)) != EOF) {
		putchar_unlocked(c);
		left -= bytes >= 0 || c == '\n';
	}
}

int
main(int argc, char **argv)
{
	int c;

	tool_start(argv);
	if (argc > 1 && argv[1][0] == '-' && argv[1][1] >= '0' &&
	    argv[1][1] <= '9') {
		lines = number_arg(argv[1] + 1);
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	while ((c = getopt(argc, argv, "n:c:")) != -1) {
		if (c == 'n')
			lines = number_arg(optarg);
		else if (c == 'c')
			bytes = number_arg(optarg);
		else
			return usage("[-n lines | -c bytes] [file ...]");
	}
	titles = argc - optind > 1;
	each_file(argv + optind, head);
	return finish();
}

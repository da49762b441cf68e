/* mount [-t type] [-o options] [--bind] [source] target | nothing: a list. */
#include "tool.h"

#include <native/fs.h>

static const struct {
	const char *name;
	uint32_t flag;
} options[] = {
	{ "ro", CM_MOUNT_READONLY }, { "nosuid", CM_MOUNT_NOSUID },
	{ "nodev", CM_MOUNT_NODEV }, { "noexec", CM_MOUNT_NOEXEC },
	{ "bind", CM_MOUNT_BIND }, { "rbind", CM_MOUNT_BIND |
	    CM_MOUNT_RECURSIVE }, { "remount", CM_MOUNT_CHANGE },
	{ "move", CM_MOUNT_MOVE }, { "rw", 0 },
};

/* Takes the words that are flags; the rest stays for the file system. */
static char *
parse_options(char *text, uint32_t *flags)
{
	static char rest[256];
	size_t len = 0;

	for (char *s = strtok(text, ","); s != NULL; s = strtok(NULL, ",")) {
		size_t i = 0, n = sizeof(options) / sizeof(options[0]);

		while (i < n && strcmp(options[i].name, s) != 0)
			i++;
		if (i < n)
			*flags |= options[i].flag;
		else if (len < sizeof(rest))
			len += (size_t)snprintf(rest + len,
			    sizeof(rest) - len, "%s%s", len > 0 ? "," : "",
			    s);
	}
	return rest;
}

static int
list(void)
{
	FILE *f = fopen("/proc/mounts", "r");
	char source[256], at[256], type[64], opts[256];

	if (f == NULL) {
		complain_file("/proc/mounts");
		return 1;
	}
	while (fscanf(f, "%255s %255s %63s %255s %*d %*d", source, at, type,
	    opts) == 4)
		printf("%s on %s type %s (%s)\n", source, at, type, opts);
	fclose(f);
	return finish();
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "bind", no_argument, NULL, 'B' }, { 0 },
	};
	struct cm_mount m = { 0 };
	long e;
	int c;

	tool_start(argv);
	if (argc == 1)
		return list();
	while ((c = getopt_long(argc, argv, "t:o:rB", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			m.type = optarg;
			break;
		case 'o':
			m.options = parse_options(optarg, &m.flags);
			break;
		case 'r':
			m.flags |= CM_MOUNT_READONLY;
			break;
		case 'B':
			m.flags |= CM_MOUNT_BIND;
			break;
		default:
			return usage("[-t type] [-o options] [--bind] "
			    "[source] target");
		}
	}
	if (argc - optind < 1 || argc - optind > 2)
		return usage("[-t type] [-o options] [--bind] [source] "
		    "target");
	m.source = argc - optind == 2 ? argv[optind] : NULL;
	m.target = argv[argc - 1];
	e = cm_fs_mount(&m);
	if (e < 0)
		complain("%s: %s", m.target, cm_error_text(e));
	return tool_status;
}

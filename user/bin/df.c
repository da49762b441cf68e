/* df [path ...]: size and use of file systems, in KiB. */
#include "tool.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

static void
show(const char *source, const char *at)
{
	unsigned long long size, used, avail;
	struct statvfs v;

	if (statvfs(at, &v) != 0) {
		complain_file(at);
		return;
	}
	size = (unsigned long long)v.f_blocks * v.f_frsize / 1024;
	used = (unsigned long long)(v.f_blocks - v.f_bfree) * v.f_frsize /
	    1024;
	avail = (unsigned long long)v.f_bavail * v.f_frsize / 1024;
	printf("%-14s %10llu %10llu %10llu %3llu%% %s\n",
	    source == NULL ? v.f_basetype : source, size, used, avail,
	    used + avail == 0 ? 0 : used * 100 / (used + avail), at);
}

/* Was the file system that is mounted at this place shown already? */
static bool
is_repeated(const char *at)
{
	static dev_t seen[64];
	static size_t n;
	struct stat st;

	if (stat(at, &st) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (seen[i] == st.st_dev)
			return true;
	if (n < 64)
		seen[n++] = st.st_dev;
	return false;
}

int
main(int argc, char **argv)
{
	char source[256], at[256];
	FILE *f;

	tool_start(argv);
	printf("%-14s %10s %10s %10s %4s %s\n", "Filesystem", "Size", "Used",
	    "Free", "Use", "Mounted on");
	for (int i = 1; i < argc; i++)
		show(NULL, argv[i]);
	if (argc > 1)
		return finish();
	f = fopen("/proc/mounts", "r");
	if (f == NULL) {
		complain_file("/proc/mounts");
		return 1;
	}
	while (fscanf(f, "%255s %255s %*s %*s %*d %*d", source, at) == 2) {
		struct statvfs v;

		if (statvfs(at, &v) == 0 && v.f_blocks > 0 &&
		    !is_repeated(at))
			show(source, at);
	}
	fclose(f);
	return finish();
}

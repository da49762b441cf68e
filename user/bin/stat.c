/* stat [-L] file ...: attributes. */
#include "tool.h"

#include <sys/stat.h>
#include <time.h>

static const char *
kind(mode_t m)
{
	return S_ISREG(m) ? "regular file" : S_ISDIR(m) ? "directory" :
	    S_ISLNK(m) ? "symbolic link" : S_ISCHR(m) ? "character device" :
	    S_ISBLK(m) ? "block device" : S_ISFIFO(m) ? "fifo" :
	    S_ISSOCK(m) ? "socket" : "unknown";
}

static void
show_time(const char *label, const struct timespec *t)
{
	char text[40] = "";
	struct tm *tm = gmtime(&t->tv_sec);

	if (tm != NULL)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", tm);
	printf("%s: %s.%09ld UTC\n", label, text, (long)t->tv_nsec);
}

int
main(int argc, char **argv)
{
	bool follow = argc > 1 && strcmp(argv[1], "-L") == 0;

	tool_start(argv);
	if (argc - follow < 2)
		return usage("[-L] file ...");
	for (int i = 1 + follow; i < argc; i++) {
		struct stat st;

		if ((follow ? stat(argv[i], &st) : lstat(argv[i], &st)) != 0) {
			complain_file(argv[i]);
			continue;
		}
		printf("  File: %s\n", argv[i]);
		printf("  Size: %lld  Blocks: %lld  Block: %ld  %s\n",
		    (long long)st.st_size, (long long)st.st_blocks,
		    (long)st.st_blksize, kind(st.st_mode));
		printf("Device: %lx  Inode: %llu  Links: %lu\n",
		    (unsigned long)st.st_dev, (unsigned long long)st.st_ino,
		    (unsigned long)st.st_nlink);
		printf("  Mode: %04o  Uid: %u  Gid: %u\n",
		    (unsigned)st.st_mode & 07777, (unsigned)st.st_uid,
		    (unsigned)st.st_gid);
		show_time("Access", &st.st_atim);
		show_time("Modify", &st.st_mtim);
		show_time("Change", &st.st_ctim);
	}
	return finish();
}

/* stat [-L] [-c format] file ...: attributes. */
#include "tool.h"

#include <grp.h>
#include <pwd.h>
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
put_time(const struct timespec *t, const char *zone)
{
	char text[40] = "";
	struct tm *tm = gmtime(&t->tv_sec);

	if (tm != NULL)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", tm);
	printf("%s.%09ld %s", text, (long)t->tv_nsec, zone);
}

static void
show_time(const char *label, const struct timespec *t)
{
	printf("%s: ", label);
	put_time(t, "UTC\n");
}

static void
show(const char *path, const struct stat *st)
{
	printf("  File: %s\n", path);
	printf("  Size: %lld  Blocks: %lld  Block: %ld  %s\n",
	    (long long)st->st_size, (long long)st->st_blocks,
	    (long)st->st_blksize, kind(st->st_mode));
	printf("Device: %lx  Inode: %llu  Links: %lu\n",
	    (unsigned long)st->st_dev, (unsigned long long)st->st_ino,
	    (unsigned long)st->st_nlink);
	printf("  Mode: %04o  Uid: %u  Gid: %u\n",
	    (unsigned)st->st_mode & 07777, (unsigned)st->st_uid,
	    (unsigned)st->st_gid);
	show_time("Access", &st->st_atim);
	show_time("Modify", &st->st_mtim);
	show_time("Change", &st->st_ctim);
}

/* %n and what is text of one attribute; false: it is a number or a time. */
static bool
put_text(char letter, const char *path, const struct stat *st)
{
	char mode[MODE_TEXT];
	struct passwd *pw;
	struct group *gr;

	switch (letter) {
	case 'n':
		fputs(path, stdout);
		return true;
	case 'A':
		fputs(mode_text(st->st_mode, mode), stdout);
		return true;
	case 'F':
		fputs(kind(st->st_mode), stdout);
		return true;
	case 'U':
		pw = getpwuid(st->st_uid);
		fputs(pw == NULL ? "UNKNOWN" : pw->pw_name, stdout);
		return true;
	case 'G':
		gr = getgrgid(st->st_gid);
		fputs(gr == NULL ? "UNKNOWN" : gr->gr_name, stdout);
		return true;
	default:
		return false;
	}
}

static bool
put_times(char letter, const struct stat *st)
{
	const struct timespec *t = strchr("xX", letter) ? &st->st_atim :
	    strchr("yY", letter) ? &st->st_mtim : &st->st_ctim;

	if (strchr("xyzXYZ", letter) == NULL)
		return false;
	if (letter >= 'x')
		put_time(t, "+0000");
	else
		printf("%lld", (long long)t->tv_sec);
	return true;
}

static bool
put_number(char letter, const struct stat *st)
{
	const struct {
		char letter;
		const char *format;
		unsigned long long value;
	} numbers[] = {
		{ 's', "%llu", (unsigned long long)st->st_size },
		{ 'b', "%llu", (unsigned long long)st->st_blocks },
		{ 'B', "%llu", 512 },
		{ 'o', "%llu", (unsigned long long)st->st_blksize },
		{ 'a', "%llo", st->st_mode & 07777 },
		{ 'f', "%llx", st->st_mode },
		{ 'u', "%llu", st->st_uid },
		{ 'g', "%llu", st->st_gid },
		{ 'h', "%llu", st->st_nlink },
		{ 'i', "%llu", st->st_ino },
		{ 'd', "%llu", (unsigned long long)st->st_dev },
		{ 't', "%llx", major(st->st_rdev) },
		{ 'T', "%llx", minor(st->st_rdev) },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].letter == letter) {
			printf(numbers[i].format, numbers[i].value);
			return true;
		}
	return false;
}

static void
show_as(const char *format, const char *path, const struct stat *st)
{
	for (const char *p = format; *p != '\0'; p++) {
		if (*p != '%' || p[1] == '\0') {
			putchar(*p);
			continue;
		}
		p++;
		if (*p == '%')
			putchar('%');
		else if (!put_text(*p, path, st) && !put_times(*p, st) &&
		    !put_number(*p, st)) {
			complain("%%%c: no such attribute", *p);
			exit(1);
		}
	}
	putchar('\n');
}

int
main(int argc, char **argv)
{
	const char *format = NULL;
	bool follow = false;
	int c;

	tool_start(argv);
	while ((c = getopt(argc, argv, "Lc:")) != -1) {
		if (c == 'L')
			follow = true;
		else if (c == 'c')
			format = optarg;
		else
			break;
	}
	if (c != -1 || optind == argc)
		return usage("[-L] [-c format] file ...");
	for (int i = optind; i < argc; i++) {
		const char *path = argv[i];
		struct stat st;

		if ((follow ? stat(path, &st) : lstat(path, &st)) != 0)
			complain_file(path);
		else if (format != NULL)
			show_as(format, path, &st);
		else
			show(path, &st);
	}
	return finish();
}

/* Links, symbolic links, renames. */
#include "check.h"

#include <sys/syscall.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

static long
rename2(const char *a, const char *b, unsigned flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, flags);
}

static void
links(const char *name)
{
	struct stat st;

	if (lstat(name, &st) != 0)
		printf("%s: %s\n", name, strerrorname_np(errno));
	else
		printf("%s: %lu links, type %o\n", name,
		    (unsigned long)st.st_nlink, st.st_mode >> 12);
}

int
main(void)
{
	char buf[64] = "", longer[300];
	int fd;

	enter();
	SHOW(put("a", "one"));
	SHOW(link("a", "b"));
	SHOW(link("a", "b"));
	links("a");
	SHOW(link("none", "c"));
	SHOW(link(".", "c"));
	SHOW(unlink("a"));
	links("b");
	cat("b");

	SHOW(symlink("b", "s"));
	SHOW(symlink("b", "s"));
	SHOW(symlink("", "t"));
	links("s");
	SHOW(readlink("s", buf, sizeof(buf)));
	printf("%s\n", buf);
	SHOW(readlink("b", buf, sizeof(buf)));
	SHOW(readlink("s", buf, 0));
	cat("s");
	SHOW(open("s", O_RDONLY | O_NOFOLLOW));
	SHOW(open("s", O_CREAT | O_EXCL | O_WRONLY, 0600));
	SHOW(symlink("loop2", "loop1"));
	SHOW(symlink("loop1", "loop2"));
	SHOW(open("loop1", O_RDONLY));
	SHOW(unlink("loop1"));
	SHOW(unlink("loop2"));
	SHOW(symlink("gone", "dangling"));
	SHOW(open("dangling", O_RDONLY));
	OKAY(fd = open("dangling", O_WRONLY | O_CREAT, 0600));
	close(fd);
	links("gone");
	SHOW(unlink("gone"));
	SHOW(unlink("dangling"));
	SHOW(linkat(AT_FDCWD, "s", AT_FDCWD, "s2", 0));
	links("s2");
	SHOW(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW));
	links("s3");
	SHOW(unlink("s2"));
	SHOW(unlink("s3"));

	SHOW(put("c", "two"));
	SHOW(rename("b", "c"));
	cat("c");
	links("b");
	SHOW(rename("none", "c"));
	SHOW(mkdir("d", 0755));
	SHOW(mkdir("e", 0755));
	SHOW(rename("c", "d"));
	SHOW(rename("d", "c"));
	SHOW(rename("d", "d/sub"));
	SHOW(rename("d", "e"));
	SHOW(put("e/f", "x"));
	SHOW(mkdir("d", 0755));
	SHOW(rename("d", "e"));
	SHOW(rename("e/f", "d/g"));
	SHOW(rename("d/.", "x"));
	SHOW(rename("d", ".."));
	SHOW(rename("c", "c"));
	SHOW(rename2("c", "d/g", RENAME_NOREPLACE));
	SHOW(rename2("c", "d/g", RENAME_EXCHANGE));
	cat("c");
	cat("d/g");
	SHOW(rename2("c", "none", RENAME_EXCHANGE));
	SHOW(rename2("c", "x", RENAME_EXCHANGE | RENAME_NOREPLACE));
	SHOW(rename2("c", "x", 0x80));

	memset(longer, 'n', sizeof(longer));
	longer[256] = '\0';
	SHOW(open(longer, O_RDONLY));
	SHOW(mkdir(longer, 0755));
	longer[255] = '\0';
	SHOW(mkdir(longer, 0755));
	SHOW(rmdir(longer));
	SHOW(unlink("c"));
	SHOW(unlink("s"));
	SHOW(unlink("d/g"));
	SHOW(rmdir("d"));
	SHOW(rmdir("e"));
	leave();
	return 0;
}

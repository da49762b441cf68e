/* Directories: making, removing, being in them. */
#include "check.h"

static void
here(void)
{
	char buf[256];

	if (getcwd(buf, sizeof(buf)) == NULL)
		printf("getcwd: %s\n", strerrorname_np(errno));
	else
		printf("in %s\n", strcmp(buf, place_) == 0 ? "place" :
		    buf + strlen(place_));
}

int
main(void)
{
	char small[2];
	struct stat st;
	int fd;

	enter();
	here();
	SHOW(mkdir("d", 0777));
	SHOW(mkdir("d", 0777));
	SHOW(mkdir("d/e/f", 0777));
	SHOW(mkdir("d/e", 0700));
	SHOW(stat("d", &st));
	printf("mode %o\n", st.st_mode & 07777);
	SHOW(stat("d/e", &st));
	printf("mode %o\n", st.st_mode & 07777);
	SHOW(rmdir("d"));
	SHOW(rmdir("none"));
	SHOW(rmdir("d/."));
	SHOW(rmdir("d/.."));
	SHOW(unlink("d"));
	SHOW(chdir("d/e"));
	here();
	SHOW(chdir("../../d"));
	here();
	SHOW(put("f", "x"));
	SHOW(chdir("f"));
	SHOW(rmdir("f"));
	SHOW(mkdir("f/g", 0777));
	OKAY(fd = open("e", O_RDONLY | O_DIRECTORY));
	SHOW(fchdir(fd));
	here();
	SHOW(rmdir("../e"));
	SHOW((long)getcwd(small, sizeof(small)) == 0 ? -1 : 0);
	IS(getcwd(small, sizeof(small)) == NULL);
	SHOW(mkdir("x", 0777));
	SHOW(open("y", O_CREAT | O_WRONLY, 0666));
	close(fd);
	SHOW(chdir(place_));
	SHOW(fchdir(0) == 0);
	SHOW(mkdirat(AT_FDCWD, "at", 0755));
	OKAY(fd = open("at", O_RDONLY));
	SHOW(mkdirat(fd, "in", 0755));
	SHOW(openat(fd, "none", O_RDONLY));
	SHOW(unlinkat(fd, "in", 0));
	SHOW(unlinkat(fd, "in", AT_REMOVEDIR));
	SHOW(unlinkat(AT_FDCWD, "at", 0x4000));
	SHOW(mkdirat(999, "in", 0755));
	close(fd);
	SHOW(rmdir("at"));
	SHOW(unlink("d/f"));
	SHOW(rmdir("d/"));
	SHOW(rmdir("/"));
	leave();
	return 0;
}

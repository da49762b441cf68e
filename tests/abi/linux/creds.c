/* Ids and permissions; as root. */
#include "check.h"

#include <grp.h>
#include <sys/fsuid.h>

static void
ids(void)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	getresuid(&r, &e, &s);
	getresgid(&rg, &eg, &sg);
	printf("uid %u %u %u gid %u %u %u\n", r, e, s, rg, eg, sg);
}

static void
in_child(const char *what, void (*fn)(void))
{
	int status;

	printf("-- %s\n", what);
	if (fork() == 0) {
		fn();
		_exit(0);
	}
	wait(&status);
	fate(what, status);
}

static void
plain(void)
{
	SHOW(setgid(1000));
	SHOW(setuid(1000));
	ids();
	SHOW(setuid(0));
	SHOW(setuid(1000));
	SHOW(setgid(0));
	SHOW(setgroups(0, NULL));
	SHOW(open("secret", O_RDONLY));
	SHOW(open("secret", O_WRONLY));
	OKAY(open("public", O_RDONLY));
	SHOW(open("public", O_WRONLY));
	SHOW(open("new", O_CREAT | O_WRONLY, 0600));
	SHOW(mkdir("new", 0700));
	SHOW(unlink("public"));
	SHOW(chmod("public", 0777));
	SHOW(chown("public", 1000, 1000));
	SHOW(access("public", R_OK));
	SHOW(access("public", W_OK));
	SHOW(chdir("locked"));
	SHOW(open("locked/f", O_RDONLY));
	SHOW(kill(1, 0));
	SHOW(kill(getppid(), 0));
	SHOW(chroot("."));
	SHOW(sethostname("x", 1));
	SHOW(truncate("public", 0));
	SHOW(rename("public", "sticky/x"));
	OKAY(open("sticky/mine", O_CREAT | O_WRONLY, 0600));
	SHOW(unlink("sticky/mine"));
	SHOW(unlink("sticky/root"));
	SHOW(mknod("sticky/dev", S_IFCHR | 0600, 0x103));
}

static void
swapping(void)
{
	SHOW(setresuid(1000, 1001, 0));
	ids();
	SHOW(setresuid(-1, 1000, -1));
	ids();
	SHOW(seteuid(0));
	ids();
	SHOW(setreuid(5, 6));
	ids();
	SHOW(setreuid(6, 5));
	SHOW(setreuid(7, -1));
	ids();
	SHOW(setresuid(6, 6, 6));
	ids();
	SHOW(seteuid(0));
}

static void
groups(void)
{
	gid_t g[8] = { 30, 10, 20 };
	int n;

	SHOW(setgroups(3, g));
	SHOW(getgroups(0, NULL));
	SHOW(getgroups(2, g));
	SHOW(n = getgroups(8, g));
	for (int i = 0; i < n; i++)
		printf("group %u\n", g[i]);
	SHOW(setresgid(5, 5, 5));
	SHOW(setuid(1000));
	OKAY(open("grouped", O_RDONLY));
	SHOW(open("grouped", O_WRONLY));
	SHOW(setfsuid(-1));
}

int
main(void)
{
	struct stat st;

	enter();
	if (getuid() != 0) {
		printf("not root\n");
		return 0;
	}
	setgroups(0, NULL);
	setresgid(0, 0, 0);
	ids();
	chmod(".", 0755);
	put("secret", "s");
	chmod("secret", 0600);
	put("public", "p");
	put("grouped", "g");
	chown("grouped", 0, 20);
	chmod("grouped", 0640);
	mkdir("locked", 0700);
	mkdir("sticky", 0777);
	chmod("sticky", 01777);
	put("sticky/root", "r");
	in_child("plain", plain);
	in_child("swapping", swapping);
	in_child("groups", groups);

	/* Set-id bits go when the owner or the contents change. */
	chmod("public", 06755);
	SHOW(chown("public", 1000, 1000));
	stat("public", &st);
	printf("mode %o owner %u %u\n", st.st_mode & 07777, st.st_uid,
	    st.st_gid);
	SHOW(fchmodat(AT_FDCWD, "none", 0600, 0));
	SHOW(lchown("none", 1, 1));
	SHOW(chown("public", -1, 5));
	stat("public", &st);
	printf("owner %u %u\n", st.st_uid, st.st_gid);
	unlink("secret");
	unlink("public");
	unlink("grouped");
	unlink("sticky/root");
	rmdir("sticky");
	rmdir("locked");
	leave();
	return 0;
}

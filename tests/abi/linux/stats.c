/* stat, statx, times, modes. */
#include "check.h"

#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>

static void
times(const char *name)
{
	struct stat st;

	stat(name, &st);
	printf("%s: %ld.%09ld %ld.%09ld\n", name, (long)st.st_atim.tv_sec,
	    st.st_atim.tv_nsec, (long)st.st_mtim.tv_sec,
	    st.st_mtim.tv_nsec);
}

int
main(void)
{
	struct timespec ts[2] = { { 1000, 1 }, { 2000, 2 } };
	struct stat st, st2;
	struct statfs fs;
	struct statx sx;
	int fd, p[2];

	enter();
	put("f", "12345");
	SHOW(stat("f", &st));
	printf("%o %lu %u %u %ld\n", st.st_mode, (unsigned long)st.st_nlink,
	    st.st_uid, st.st_gid, (long)st.st_size);
	OKAY(fd = open("f", O_RDWR));
	SHOW(fstat(fd, &st2));
	IS(st.st_ino == st2.st_ino && st.st_dev == st2.st_dev);
	SHOW(fstatat(fd, "", &st2, AT_EMPTY_PATH));
	IS(st.st_ino == st2.st_ino);
	SHOW(fstatat(fd, "", &st2, 0));
	SHOW(fstatat(fd, "x", &st2, 0));
	SHOW(fstatat(AT_FDCWD, "f", &st2, 0x8000));
	SHOW(stat("f", nowhere));
	SHOW(statx(AT_FDCWD, "f", 0, STATX_ALL, &sx));
	IS((sx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	IS(sx.stx_ino == st.st_ino && sx.stx_size == 5 && sx.stx_nlink == 1);
	IS(makedev(sx.stx_dev_major, sx.stx_dev_minor) == st.st_dev);
	SHOW(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &sx));
	SHOW(statx(fd, "", 0, STATX_SIZE, &sx));
	SHOW(statx(AT_FDCWD, "f", 0, 0x80000000, &sx));
	symlink("f", "s");
	SHOW(lstat("s", &st2));
	printf("%o %ld\n", st2.st_mode, (long)st2.st_size);
	SHOW(statx(AT_FDCWD, "s", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &sx));
	printf("%o\n", sx.stx_mode);

	SHOW(utimensat(AT_FDCWD, "f", ts, 0));
	times("f");
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_sec = 3000;
	SHOW(utimensat(AT_FDCWD, "f", ts, 0));
	times("f");
	ts[1].tv_nsec = 2000000000;
	SHOW(utimensat(AT_FDCWD, "f", ts, 0));
	SHOW(futimens(fd, NULL));
	fstat(fd, &st);
	IS(st.st_mtim.tv_sec > 3000);
	SHOW(utimensat(AT_FDCWD, "none", NULL, 0));

	SHOW(chmod("f", 04711));
	stat("f", &st);
	printf("%o\n", st.st_mode);
	SHOW(fchmod(fd, 0));
	stat("s", &st);
	printf("%o\n", st.st_mode);
	SHOW(access("f", F_OK));
	SHOW(access("f", X_OK));
	SHOW(access("f", 8));
	SHOW(access("none", F_OK));
	SHOW(faccessat(AT_FDCWD, "s", R_OK, AT_SYMLINK_NOFOLLOW));
	SHOW(faccessat(AT_FDCWD, "f", F_OK, AT_EACCESS));
	SHOW(stat("/dev/null", &st));
	printf("%o %u:%u\n", st.st_mode, major(st.st_rdev),
	    minor(st.st_rdev));
	pipe(p);
	SHOW(fstat(p[0], &st));
	printf("%o\n", st.st_mode & S_IFMT);
	SHOW(statfs(".", &fs));
	IS(fs.f_bsize >= 512 && fs.f_namelen == 255);
	SHOW(fstatfs(fd, &fs));
	SHOW(statfs("none", &fs));

	/* Writing moves the modification time, reading does not. */
	futimens(fd, (struct timespec[]){ { 5, 0 }, { 6, 0 } });
	write(fd, "x", 1);
	fstat(fd, &st);
	IS(st.st_mtim.tv_sec > 6 && st.st_atim.tv_sec == 5);
	close(fd);
	unlink("f");
	unlink("s");
	leave();
	return 0;
}

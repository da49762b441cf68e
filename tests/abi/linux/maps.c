/* Mappings: kinds, protection, moving, advice, forks. */
#include "check.h"

#include <sys/mman.h>

#define PAGE 4096

static char *
anon(size_t len, int prot, int flags)
{
	return mmap(NULL, len, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static void
sharing(void)
{
	char *priv = anon(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *shar = anon(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);

	priv[0] = shar[0] = 'p';
	if (fork() == 0) {
		priv[0] = shar[0] = 'c';
		_exit(0);
	}
	wait(NULL);
	printf("private %c shared %c\n", priv[0], shar[0]);
	munmap(priv, PAGE);
	munmap(shar, PAGE);
}

static void
files(void)
{
	char *s, *p;
	int fd;

	put("f", "0123456789");
	OKAY(fd = open("f", O_RDWR));
	s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	p[0] = 'P';
	s[1] = 'S';
	cat("f");
	printf("private sees %.3s\n", p);
	pwrite(fd, "W", 1, 2);
	printf("shared sees %.3s\n", s);
	SHOW(msync(s, PAGE, MS_SYNC));
	SHOW(msync(s, PAGE, MS_SYNC | MS_ASYNC));
	SHOW(msync(s + 1, PAGE, MS_SYNC));
	IS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 5) == MAP_FAILED);
	printf("%s\n", strerrorname_np(errno));
	IS(mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	printf("%s\n", strerrorname_np(errno));
	IS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 99, 0) == MAP_FAILED);
	printf("%s\n", strerrorname_np(errno));
	munmap(s, PAGE);
	munmap(p, PAGE);
	close(fd);
	OKAY(fd = open("f", O_RDONLY));
	IS(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	printf("%s\n", strerrorname_np(errno));
	s = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	SHOW(mprotect(s, PAGE, PROT_READ | PROT_WRITE));
	munmap(s, PAGE);
	close(fd);
	unlink("f");
}

static void
moving(void)
{
	char *m = anon(4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE), *n;

	for (int i = 0; i < 4; i++)
		m[i * PAGE] = (char)('a' + i);
	n = mremap(m, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	IS(n != MAP_FAILED);
	printf("%c%c%c%c %d\n", n[0], n[PAGE], n[2 * PAGE], n[3 * PAGE],
	    n[40 * PAGE]);
	m = mremap(n, 64 * PAGE, 2 * PAGE, 0);
	IS(m == n);
	n = anon(8 * PAGE, PROT_NONE, MAP_PRIVATE);
	IS(mremap(m, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, n) ==
	    n);
	printf("%c%c\n", n[0], n[PAGE]);
	IS(mremap(m, PAGE, PAGE * 2, MREMAP_MAYMOVE) == MAP_FAILED);
	printf("%s\n", strerrorname_np(errno));
	munmap(n, 8 * PAGE);
}

static void
advice(void)
{
	unsigned char vec[4];
	char *m = anon(4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	memset(m, 'x', 4 * PAGE);
	SHOW(mincore(m, 4 * PAGE, vec));
	printf("%d%d%d%d\n", vec[0] & 1, vec[1] & 1, vec[2] & 1, vec[3] & 1);
	SHOW(madvise(m + PAGE, PAGE, MADV_DONTNEED));
	printf("%d %d\n", m[0], m[PAGE]);
	SHOW(madvise(m + 1, PAGE, MADV_DONTNEED));
	SHOW(madvise(m, PAGE, 12345));
	SHOW(munmap(m + PAGE, PAGE));
	SHOW(madvise(m, 4 * PAGE, MADV_DONTNEED));
	SHOW(mincore(m, 4 * PAGE, vec));
	SHOW(mprotect(m, 4 * PAGE, PROT_READ));
	SHOW(munmap(m, 4 * PAGE));
	SHOW(munmap(m, 4 * PAGE));
	SHOW(munmap(m + 1, PAGE));
	SHOW(munmap(m, 0));
}

static void
fixed(void)
{
	char *m = anon(3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	memset(m, 'o', 3 * PAGE);
	IS(mmap(m + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
	    MAP_FIXED, -1, 0) == m + PAGE);
	printf("%c%d%c\n", m[0], m[PAGE], m[2 * PAGE]);
	IS(mmap(m, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
	    MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
	printf("%s\n", strerrorname_np(errno));
	IS(mmap(m + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
	    MAP_FIXED, -1, 0) == MAP_FAILED);
	printf("%s\n", strerrorname_np(errno));
	munmap(m, 3 * PAGE);
}

int
main(void)
{
	char *b;

	enter();
	sharing();
	files();
	moving();
	advice();
	fixed();
	b = sbrk(0);
	IS(sbrk(100000) == b);
	b[99999] = 1;
	IS(sbrk(-100000) == b + 100000);
	IS(sbrk(0) == b);
	b = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	memset(b, 1, 16 * PAGE);
	if (fork() == 0) {
		long sum = 0;

		for (int i = 0; i < 16 * PAGE; i++)
			sum += b[i]++;
		_exit(sum == 16 * PAGE ? 3 : 1);
	}
	int status;
	wait(&status);
	fate("child", status);
	printf("%d\n", b[5]);
	leave();
	return 0;
}

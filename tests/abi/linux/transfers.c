/* Vectors, sendfile, splice, tee, copy_file_range. */
#include "check.h"

#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

int
main(void)
{
	char a[4] = "", b[16] = "", buf[64] = "";
	struct iovec v[2] = { { a, 3 }, { b, 10 } };
	struct iovec w[3] = { { (char *)"one ", 4 }, { (char *)"", 0 },
		{ (char *)"two", 3 } };
	struct iovec bad[1] = { { (void *)8, 3 } };
	loff_t off = 4, off2 = 0;
	int f, g, p[2], q[2];
	volatile int negative = -1, many = 2000;

	enter();
	OKAY(f = open("f", O_CREAT | O_RDWR, 0600));
	OKAY(g = open("g", O_CREAT | O_RDWR, 0600));
	SHOW(writev(f, w, 3));
	lseek(f, 0, SEEK_SET);
	SHOW(readv(f, v, 2));
	printf("%s|%s\n", a, b);
	SHOW(preadv(f, v, 2, 4));
	SHOW(pwritev(f, w, 1, 7));
	SHOW(preadv2(f, v, 2, 0, 0));
	SHOW(readv(f, v, negative));
	SHOW(readv(f, v, many));
	SHOW(readv(f, v, 0));
	lseek(f, 0, SEEK_SET);
	SHOW(readv(f, bad, 1));
	SHOW(readv(f, nowhere, 1));
	v[0].iov_len = v[1].iov_len = (size_t)-1 / 2;
	SHOW(readv(f, v, 2));
	cat("f");

	SHOW(sendfile(g, f, &off, 100));
	SHOW(off);
	SHOW(lseek(f, 0, SEEK_CUR));
	SHOW(sendfile(g, f, NULL, 3));
	SHOW(lseek(f, 0, SEEK_CUR));
	cat("g");
	pipe(p);
	pipe(q);
	SHOW(sendfile(p[1], f, NULL, 100));
	SHOW(sendfile(f, p[0], NULL, 100));
	SHOW(read(p[0], buf, 64));
	printf("%.8s\n", buf);
	off = 0;
	SHOW(splice(f, &off, p[1], NULL, 5, 0));
	SHOW(off);
	SHOW(tee(p[0], q[1], 100, 0));
	SHOW(read(q[0], buf, 64));
	printf("%.5s\n", buf);
	SHOW(splice(p[0], NULL, q[1], NULL, 3, 0));
	SHOW(read(q[0], buf, 64));
	off2 = 1;
	SHOW(splice(p[0], NULL, g, &off2, 64, 0));
	cat("g");
	SHOW(splice(f, NULL, g, NULL, 5, 0));
	SHOW(splice(p[0], &off, g, NULL, 5, 0));
	SHOW(splice(p[0], NULL, g, NULL, 5, SPLICE_F_NONBLOCK));
	v[0] = (struct iovec){ (char *)"vm", 2 };
	SHOW(vmsplice(p[1], v, 1, 0));
	SHOW(read(p[0], buf, 64));
	off = 0;
	off2 = 20;
	SHOW(copy_file_range(f, &off, g, &off2, 6, 0));
	SHOW(off2);
	SHOW(copy_file_range(f, NULL, p[1], NULL, 6, 0));
	SHOW(copy_file_range(f, NULL, g, NULL, 6, 1));
	SHOW(lseek(g, 0, SEEK_END));
	close(f);
	OKAY(f = open("f", O_RDONLY));
	SHOW(sendfile(f, g, NULL, 5));
	SHOW(sendfile(g, 99, NULL, 5));
	unlink("f");
	unlink("g");
	leave();
	return 0;
}

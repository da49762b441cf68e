/* Files of memory, and seals. */
#include "check.h"

#include <sys/mman.h>

int
main(void)
{
	char buf[16] = "", *m;
	struct stat st;
	int fd, plain;

	setvbuf(stdout, NULL, _IOLBF, 0);
	OKAY(fd = memfd_create("some", MFD_ALLOW_SEALING | MFD_CLOEXEC));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_GET_SEALS));
	SHOW(write(fd, "contents", 8));
	SHOW(pread(fd, buf, 16, 0));
	SHOW(ftruncate(fd, 4096));
	SHOW(fstat(fd, &st));
	SHOW(st.st_size);
	SHOW(st.st_nlink);
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	IS(m != MAP_FAILED);
	m[0] = 'C';
	SHOW(pread(fd, buf, 16, 0));
	printf("%s\n", buf);
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	munmap(m, 4096);
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	SHOW(ftruncate(fd, 10));
	SHOW(ftruncate(fd, 8192));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	SHOW(ftruncate(fd, 10000));
	SHOW(pwrite(fd, "x", 1, 9000));
	SHOW(pwrite(fd, "x", 1, 0));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW(pwrite(fd, "x", 1, 0));
	IS(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	printf("%s\n", strerrorname_np(errno));
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	IS(m != MAP_FAILED);
	m[0] = 'p';
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
	SHOW(fcntl(fd, F_GET_SEALS));
	OKAY(plain = memfd_create("plain", 0));
	SHOW(fcntl(plain, F_GET_SEALS));
	SHOW(fcntl(plain, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW(memfd_create("x", 0x8000));
	SHOW(memfd_create(nowhere, 0));
	return 0;
}

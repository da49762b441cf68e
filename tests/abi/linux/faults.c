/* Faults become signals with the right code and address. */
#include "check.h"

#include <setjmp.h>
#include <sys/mman.h>

static sigjmp_buf back;
static volatile int code, number;
static void *volatile addr;

static void
on_fault(int n, siginfo_t *si, void *uc)
{
	(void)uc;
	number = n;
	code = si->si_code;
	addr = si->si_addr;
	siglongjmp(back, 1);
}

static void
try(const char *what, volatile char *p, bool writes)
{
	number = code = 0;
	addr = NULL;
	if (sigsetjmp(back, 1) == 0) {
		if (writes)
			*p = 1;
		else
			(void)*p;
		printf("%s: fine\n", what);
		return;
	}
	printf("%s: %s code %d address %s\n", what, sigabbrev_np(number),
	    code, addr == (void *)p ? "right" : "wrong");
}

static volatile bool forever = true;

static void
recurse(volatile char *p)
{
	volatile char room[4096];

	room[0] = *p;
	if (forever)
		recurse(room);
	room[1] = room[0];
}

static char alt[65536];

int
main(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	char *p;
	int fd, status;

	enter();
	sa.sa_sigaction = on_fault;
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
	try("null", (char *)0, false);
	try("null", (char *)0, true);
	try("far", (char *)0x1234567000, true);
	p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	try("read-only", p, false);
	try("read-only", p, true);
	mprotect(p, 4096, PROT_NONE);
	try("none", p, false);
	try("beside", p + 4096, false);
	mprotect(p, 4096, PROT_READ | PROT_WRITE);
	try("again", p, true);
	munmap(p, 8192);
	try("unmapped", p, false);

	put("f", "short");
	fd = open("f", O_RDWR);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	try("file", p, false);
	try("tail of the page", p + 4000, true);
	try("beyond the end", p + 4096, false);
	ftruncate(fd, 8192);
	try("grown", p + 4096, true);
	ftruncate(fd, 100);
	try("shrunk", p + 4096, false);
	munmap(p, 8192);
	close(fd);
	unlink("f");

	/* A stack that runs out is caught on another one. */
	sigaltstack(&ss, NULL);
	sa.sa_flags |= SA_ONSTACK;
	sigaction(SIGSEGV, &sa, NULL);
	for (int i = 0; i < 2; i++) {
		if (sigsetjmp(back, 1) == 0)
			recurse(alt);
		printf("overflow: %s\n", sigabbrev_np(number));
	}

	/* Blocked or ignored, a fault still kills. */
	if (fork() == 0) {
		sigset_t set;

		sigfillset(&set);
		sigprocmask(SIG_SETMASK, &set, NULL);
		*(volatile char *)0 = 1;
		_exit(0);
	}
	wait(&status);
	fate("blocked", status & ~0x80);
	if (fork() == 0) {
		signal(SIGSEGV, SIG_IGN);
		*(volatile char *)0 = 1;
		_exit(0);
	}
	wait(&status);
	fate("ignored", status & ~0x80);
	leave();
	return 0;
}

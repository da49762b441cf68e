/*
 * Nothing can be mapped in the last page before the addresses that are not
 * canonical: a SYSCALL at its end would have a return address that SYSRET
 * faults on, in kernel mode and with the program's stack.
 */
#include "../check.h"

#include <elf.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define PAGE 4096ul
#define END  0x800000000000ul /* the first address that is not canonical */
#define LAST (END - PAGE)
#define ALL  (PROT_READ | PROT_WRITE | PROT_EXEC)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static void *
map(unsigned long at, unsigned long len, int flags)
{
	return mmap((void *)at, len, ALL, ANON | flags, -1, 0);
}

static bool
has_last_page(void)
{
	return msync((void *)LAST, PAGE, MS_ASYNC) == 0;
}

static void
maps(void)
{
	void *p, *before, *hint;

	SHOW(map(LAST, PAGE, MAP_FIXED));
	SHOW(map(LAST, PAGE, MAP_FIXED_NOREPLACE));
	SHOW(map(LAST - PAGE, 2 * PAGE, MAP_FIXED));
	SHOW(map(LAST - 16 * PAGE, 1ul << 40, MAP_FIXED));
	SHOW(map(END, PAGE, MAP_FIXED));
	hint = map(LAST, PAGE, 0);
	IS(hint != MAP_FAILED && (unsigned long)hint < LAST);
	before = map(LAST - PAGE, PAGE, MAP_FIXED_NOREPLACE);
	IS(before == (void *)(LAST - PAGE) || errno == EEXIST);
	SHOW(mremap(before, PAGE, 2 * PAGE, 0));
	p = mremap(before, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	IS(p != MAP_FAILED && (unsigned long)p < LAST - PAGE);
	SHOW(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, LAST));
	SHOW(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
	    LAST - PAGE));
	SHOW(mprotect((void *)LAST, PAGE, ALL));
	IS((unsigned long)syscall(SYS_brk, LAST) < LAST);
	IS((unsigned long)syscall(SYS_brk, END) < LAST);
	IS(!has_last_page());
}

/* ---- a call as the last two bytes that a program can have ---------------- */

static void
handled(int n, siginfo_t *si, void *context)
{
	ucontext_t *u = context;

	_exit(n == SIGSEGV && si->si_code > 0 &&
	    (unsigned long)u->uc_mcontext.gregs[REG_RIP] == LAST ? 7 : 8);
}

static void
call_at_end(bool caught)
{
	static const unsigned char code[] = { 0x0f, 0x05 };
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	char *page = map(LAST - PAGE, PAGE, MAP_FIXED);
	int status;

	fflush(stdout);
	if (page != MAP_FAILED && fork() == 0) {
		char *at = page + PAGE - sizeof(code);

		memcpy(at, code, sizeof(code));
		sa.sa_sigaction = handled;
		if (caught)
			sigaction(SIGSEGV, &sa, NULL);
		__asm__ volatile("jmp *%1"
		    : : "a"(SYS_getpid), "r"(at) : "memory");
	}
	wait(&status);
	fate(caught ? "call at the end, caught" : "call at the end", status);
}

/* ---- programs that ask for the page -------------------------------------- */

static int
run(const char *what, const Elf64_Phdr *segment, unsigned long entry)
{
	static struct {
		Elf64_Ehdr head;
		Elf64_Phdr segment;
		unsigned char rest[2 * PAGE];
	} image;
	char *argv[] = { "program", NULL };
	int fd, status = 0;

	memset(&image, 0x90, sizeof(image)); /* nop */
	image.head = (Elf64_Ehdr){ .e_type = ET_EXEC, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT, .e_entry = entry,
		.e_phoff = sizeof(image.head), .e_phnum = 1,
		.e_ehsize = sizeof(image.head),
		.e_phentsize = sizeof(image.segment) };
	memcpy(image.head.e_ident, ELFMAG "\2\1\1", 7);
	image.segment = *segment;
	/* exit_group(3) at the start of the page's code; SYSCALL at its end. */
	memcpy((char *)&image + 0x200,
	    "\xb8\xe7\0\0\0\xbf\3\0\0\0\x0f\x05", 12);
	memcpy((char *)&image + PAGE - 2, "\x0f\x05", 2);
	fflush(stdout);
	fd = open("program", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	if (write(fd, &image, sizeof(image)) != (ssize_t)sizeof(image))
		printf("%s: short write\n", what);
	close(fd);
	if (fork() == 0) {
		execv("program", argv);
		_exit(99);
	}
	wait(&status);
	unlink("program");
	/* What exec cannot take back ends by a signal on Linux, and is an
	 * error of execve on Carmine. */
	if (WIFEXITED(status) && WEXITSTATUS(status) != 99)
		printf("%s: ran: %d\n", what, WEXITSTATUS(status));
	else
		printf("%s: did not run\n", what);
	return status;
}

static void
programs(void)
{
	const Elf64_Phdr plain = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
		.p_filesz = PAGE, .p_memsz = PAGE, .p_align = PAGE };
	Elf64_Phdr s = plain;

	s.p_vaddr = 0x400000;
	run("a plain one", &s, s.p_vaddr + 0x200);
	run("entry at no address", &s, END);
	run("entry of the kernel's", &s, 0xffffffff80200000);
	s.p_vaddr = LAST;
	run("a segment in the last page", &s, LAST + 0x200);
	s.p_vaddr = LAST - PAGE;
	s.p_memsz = s.p_filesz = PAGE + 1;
	run("a segment that reaches into it", &s, s.p_vaddr + 0x200);
	s.p_filesz = PAGE;
	s.p_memsz = 2 * PAGE;
	run("a bss that reaches into it", &s, s.p_vaddr + 0x200);
	s.p_memsz = 1ul << 60;
	run("a bss beyond all", &s, s.p_vaddr + 0x200);
}

int
main(void)
{
	enter();
	maps();
	call_at_end(false);
	call_at_end(true);
	programs();
	leave();
	return 0;
}

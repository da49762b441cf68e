/* Random xv6 calls:  xv6 SEED COUNT root|user */
#include "fuzz.h"

#include "user.h"

#define SYS(number, name, handler, kinds) \
	long raw_##name(uintptr_t, uintptr_t, uintptr_t, uintptr_t, \
	    uintptr_t, uintptr_t);
#include <abi/xv6/table.def>
#undef SYS

static const struct fuzz_call calls[] = {
#define SYS(number, name, handler, kinds) \
	{ number, #name, kinds, raw_##name },
#include <abi/xv6/table.def>
#undef SYS
};

/* Nothing here ends a wait but the watcher's patience. */
static const char *const spared[] = { "sleep", NULL };
static const char *const careful[] = { "kill", NULL };

static long
make(const struct fuzz_call *c, const uintptr_t *a)
{
	return c->wrapper(a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void *
code_page(void)
{
	static uint8_t page[FUZZ_PAGE] __attribute__((aligned(FUZZ_PAGE)));

	return page; /* all that a program has may be executed */
}

static long
make_child(void)
{
	return fork();
}

static void
wait_child(void)
{
	wait(NULL);
}

static const struct fuzz_abi abi = {
	.calls = calls,
	.count = sizeof(calls) / sizeof(calls[0]),
	.pointers = "bcv",
	.spared = spared,
	.careful = careful,
	.make = make,
	.code_page = code_page,
	.fork = make_child,
	.exit = exit,
	.wait = wait_child,
};

static void
make_files(void)
{
	int fd[2];

	mkdir("d");
	open("a", XV6_O_RDWR | XV6_O_CREATE);
	open("d", XV6_O_RDONLY);
	open(".", XV6_O_RDONLY);
	open("/dev/zero", XV6_O_RDWR);
	pipe(fd);
	write(fd[1], "some bytes for those who read", 29);
}

int
main(int argc, char **argv)
{
	struct fuzz f = { .abi = &abi };
	uintptr_t end;

	if (argc != 4)
		return 2;
	end = (uintptr_t)sbrk(0);
	sbrk((int)(FUZZ_PAGE - end % FUZZ_PAGE));
	f.room = (uintptr_t)sbrk((int)FUZZ_ROOM);
	f.root = argv[3][0] == 'r';
	fuzz_seed(&f, fuzz_parse(argv[1]));
	fuzz_fill(&f);
	make_files();
	fuzz_run(&f, fuzz_parse(argv[2]));
	exit(0);
}

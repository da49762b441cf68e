// kernel
// uses: tests/host/play.c tests/fuzz/kernel_driver.c
/*
 * Sequences of Linux or xv6 calls, decoded from the input by the argument
 * kinds of the call tables, against a kernel in this process. Each input is
 * one process with its own mounts; it is killed when it takes too long.
 */
#include <tests/host/play.h>

#include <string.h>

#include <kernel/log.h>

const uint8_t *fuzz_next(size_t *len);
void fuzz_boot(void);

struct line {
	unsigned number;
	const char *name, *kinds;
};

static const struct line linux_lines[] = {
#define SYS(number, name, handler, kinds) { number, #name, kinds },
#include <abi/linux/table_generic.def>
#undef SYS
};
static const struct line xv6_lines[] = {
#define SYS(number, name, handler, kinds) { number, #name, kinds },
#include <abi/xv6/table.def>
#undef SYS
};

static struct {
	const uint8_t *at;
	size_t left;
} in;

static unsigned
take(void)
{
	if (in.left == 0)
		return 0;
	in.left--;
	return *in.at++;
}

static const char *const paths[] = { "/", ".", "..", "a", "b", "a/b", "d",
	"d/e", "../x", "/tmp/a", "/etc/passwd", "/etc/link", "/dev/null", "/proc",
	"", "/proc/self/stat", "nothing/there", "a/", "/abi/xv6/fuzz" };
static const uint64_t numbers[] = { 0, 1, 2, 7, 8, 12, 64, 100, 255, 4095,
	4096, 4097, 65536, 1 << 20, UINT32_MAX, INT32_MAX, UINT64_MAX,
	INT64_MAX, UINT64_C(1) << 47, 0xffff0000 };

#define ROOM (4 * PAGE_SIZE)
static uintptr_t room;
static uintptr_t path_at[ARRAY_LEN(paths)];

static uintptr_t
pointer(void)
{
	unsigned how = take();

	switch (how & 15) {
	case 0:
		return 0;
	case 1:
		return how >> 4; /* near zero */
	case 2:
		return room + ROOM - (how >> 4); /* the end of a mapping */
	case 3:
		return DIRECT_BASE + MIB(1);
	case 4:
		return UINTPTR_MAX - (how >> 4);
	case 5:
		return arch_user_end - (how >> 4);
	default:
		return room + take() * 64;
	}
}

static uintptr_t
number(void)
{
	unsigned how = take();

	if (how < 128)
		return how & 31;
	if (how < 200)
		return numbers[how % ARRAY_LEN(numbers)];
	return take() | take() << 8 | take() << 16 | (uintptr_t)take() << 24;
}

static uintptr_t
argument(char kind)
{
	unsigned how;

	switch (kind) {
	case 'f':
		how = take();
		return how < 200 ? how & 7 : how < 230 ? (uintptr_t)-100 :
		    number();
	case 'p':
		how = take();
		return how < 240 ? path_at[how % ARRAY_LEN(paths)] : pointer();
	case 'b':
	case 'c':
	case 'a':
	case 'v':
		return pointer();
	default:
		return number();
	}
}

/* The whole machine is not the process's to end; and no input is worth
 * waiting for a child that vfork or clone made with our own stack. */
static bool
is_allowed(const struct line *l)
{
	return strcmp(l->name, "reboot") != 0;
}

static void
one_call(const struct line *lines, size_t count)
{
	const struct line *l = &lines[(take() | take() << 8) % count];
	struct sysargs args = { 0 };

	for (unsigned i = 0; i < 6; i++)
		args.v[i] = l->kinds[MIN(i, strlen(l->kinds))] == '\0' ?
		    0 : argument(l->kinds[i]);
	if (is_allowed(l))
		(void)play_call6(l->number, &args);
}

static void
prepare(void)
{
	room = play_room(ROOM);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		path_at[i] = play_str(paths[i]);
	/* What structures in memory hold comes from the input, too. */
	err_ignore(user_copy_out(room, in.at, MIN(in.left, ROOM)));
}

static void
linux_calls(void)
{
	while (in.left > 0)
		one_call(linux_lines, ARRAY_LEN(linux_lines));
}

static void
xv6_calls(void)
{
	prepare();
	while (in.left > 0)
		one_call(xv6_lines, ARRAY_LEN(xv6_lines));
	play_exit(0);
}

#define CLONE_NEWNS 0x20000u

static void
one_input(void)
{
	bool xv6 = (take() & 1) != 0;

	(void)play_call(LX_unshare, CLONE_NEWNS);
	(void)play_call(LX_mount, play_str("none"), play_str("/tmp"),
	    play_str("tmpfs"), 0, play_str("size=256k"));
	(void)play_call(LX_chdir, play_str("/tmp"));
	(void)play_call(LX_setsid);
	(void)play_call(LX_pipe2, play_room(8), 04000);
	if (xv6) {
		uint64_t argv[2] = { play_str("/abi/xv6/fuzz"), 0 };

		(void)play_call(LX_execve, argv[0], play_put(argv, 16), 0);
		return;
	}
	prepare();
	linux_calls();
}

#define WNOHANG 1u
#define TURNS   60u /* of a millisecond */

static void
wait_or_kill(long pid)
{
	const int64_t ms[2] = { 0, 1000000 };
	uintptr_t at = play_put(ms, sizeof(ms));

	for (unsigned i = 0; i < TURNS; i++) {
		if (play_call(LX_wait4, (uintptr_t)pid, 0, WNOHANG) != 0)
			return;
		(void)play_call(LX_nanosleep, at, 0);
	}
	(void)play_call(LX_kill, (uintptr_t)-pid, 9);
	(void)play_call(LX_kill, (uintptr_t)pid, 9);
	(void)play_call(LX_wait4, (uintptr_t)pid, 0, 0);
}

static void
fuzz_init(void)
{
	EXPECT_OK(zone_add("/abi/xv6", abi_by_index(ABI_XV6)));
	for (;;) {
		long pid;

		in.at = fuzz_next(&in.left);
		play_reset();
		pid = play_fork(one_input);
		if (pid > 0)
			wait_or_kill(pid);
		while (play_call(LX_wait4, (uintptr_t)-1, 0, WNOHANG) > 0)
			;
	}
}

static const struct play_program programs[] = {
	{ "abi/xv6/fuzz", ABI_XV6, xv6_calls },
	{ NULL, 0, NULL },
};

void
fuzz_boot(void)
{
	play_boot("quiet", 1, programs, fuzz_init);
}

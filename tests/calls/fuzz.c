/* Random system calls: see fuzz.h. */
#include "fuzz.h"

#define SLOT  64u /* the room is divided into structures of this size */
#define SLOTS (FUZZ_ROOM / SLOT)
/* The last page has the names, and one that no zero ends. */
#define NAMES_AT (FUZZ_ROOM - FUZZ_PAGE)

/* /proc only by a name that cannot be removed: in a namespace where it was
 * unmounted, root may remove the directory for all, and we need it. Programs
 * only as copies in the case's directory: root may write over them. */
static const char *const names[] = { ".", "..", "a", "b", "a/b", "d", "d/e",
	"../calls/x", "/", "/tmp/calls/a", "/etc/passwd", "/dev/null",
	"/dev/zero", "/dev/full", "/dev/ptmx", "/dev/tty", "/dev/random",
	"/proc/.", "/proc/self", "/proc/self/maps", "/proc/self/fd",
	"/proc/self/fd/3", "/proc/self/exe", "/proc/self/status",
	"/proc/self/task", "/proc/carmine/live", "/sys", "", "nothing/there",
	"a/", "loop", "fifo", "tmpfs", "none", "user.x", "true", "busybox",
	"/abi/xv6/bin/echo", "/proc/self/environ",
	"/dev/pts/0" };
#define NAMES      (sizeof(names) / sizeof(names[0]))
#define NAME_BYTES 32u

static const uint64_t numbers[] = { 0, 1, 2, 3, 7, 8, 12, 15, 16, 17, 64, 100,
	127, 128, 255, 256, 511, 512, 1000, 1024, 4095, 4096, 4097, 8192, 65535,
	65536, 1 << 20, INT32_MAX, UINT32_MAX, UINT32_MAX - 4095, INT64_MAX,
	UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 99, UINT64_MAX - 4095,
	UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 38,
	UINT64_C(1) << 47, UINT64_C(1) << 62, UINT64_C(1) << 63, 0xffff0000,
	UINT64_C(0x7fffffffffff), UINT64_C(0xffff800000000000) };
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

void
fuzz_seed(struct fuzz *f, uint64_t seed)
{
	f->state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	for (unsigned i = 0; i < 8; i++)
		(void)fuzz_random(f);
}

uint64_t
fuzz_random(struct fuzz *f)
{
	f->state ^= f->state << 13;
	f->state ^= f->state >> 7;
	f->state ^= f->state << 17;
	return f->state * UINT64_C(0x2545f4914f6cdd1d);
}

unsigned
fuzz_below(struct fuzz *f, unsigned n)
{
	return (unsigned)(fuzz_random(f) >> 33) % n;
}

uintptr_t
fuzz_number(struct fuzz *f)
{
	switch (fuzz_below(f, 8)) {
	case 0:
	case 1:
	case 2:
		return fuzz_below(f, 32);
	case 3:
		return numbers[fuzz_below(f, NUMBERS)] + fuzz_below(f, 3) - 1;
	case 4:
		return UINT64_C(1) << fuzz_below(f, 64);
	case 5:
		return fuzz_random(f) >> fuzz_below(f, 64);
	default:
		return numbers[fuzz_below(f, NUMBERS)];
	}
}

static uintptr_t
slot_at(struct fuzz *f)
{
	return f->room + fuzz_below(f, NAMES_AT / SLOT) * SLOT;
}

uintptr_t
fuzz_pointer(struct fuzz *f)
{
	switch (fuzz_below(f, 16)) {
	case 0:
		return 0;
	case 1: /* the end of a mapping */
		return f->room + FUZZ_ROOM - fuzz_below(f, 130);
	case 2: /* what was mapped once */
		return f->room + FUZZ_ROOM + fuzz_below(f, 2 * FUZZ_PAGE);
	case 3:
		return fuzz_number(f);
	case 4: /* misaligned */
		return slot_at(f) + fuzz_below(f, SLOT);
	case 5:
		return f->room + fuzz_below(f, 10) * FUZZ_PAGE;
	default:
		return slot_at(f);
	}
}

static uintptr_t
name_at(struct fuzz *f)
{
	return f->room + NAMES_AT + fuzz_below(f, NAMES) * NAME_BYTES;
}

static uintptr_t
handle(struct fuzz *f)
{
	switch (fuzz_below(f, 16)) {
	case 0:
		return fuzz_number(f);
	case 1:
	case 2:
		if (f->abi->here != 0)
			return f->abi->here;
		return fuzz_below(f, 4);
	default:
		return fuzz_below(f, 32);
	}
}

/* ---- the room ---------------------------------------------------------- */

/* Vectors of {address, length}, and of {file, events}. */
static void
fill_vector(struct fuzz *f, uint64_t *w)
{
	for (unsigned i = 0; i < SLOT / 8; i += 2) {
		w[i] = fuzz_pointer(f);
		w[i + 1] = fuzz_below(f, 4) == 0 ? fuzz_number(f) :
		    fuzz_below(f, 600);
	}
}

static void
fill_argv(struct fuzz *f, uint64_t *w)
{
	for (unsigned i = 0; i < SLOT / 8; i++)
		w[i] = i < fuzz_below(f, 9) ? name_at(f) : 0;
}

/* A message's head: name, names, vector, count, control, control, flags. */
static void
fill_message(struct fuzz *f, uint64_t *w)
{
	w[0] = fuzz_below(f, 2) ? 0 : slot_at(f);
	w[1] = fuzz_below(f, 130);
	w[2] = slot_at(f);
	w[3] = fuzz_below(f, 5);
	w[4] = slot_at(f);
	w[5] = fuzz_below(f, 2) ? 0 : fuzz_below(f, 80);
	w[6] = fuzz_below(f, 4) ? 0 : fuzz_number(f);
	w[7] = 0;
}

/* Control bytes: length, kind 1 (handles) of level 1, handles. */
static void
fill_control(struct fuzz *f, uint64_t *w)
{
	w[0] = 16 + 4 * fuzz_below(f, 8);
	w[1] = UINT64_C(1) << 32 | 1;
	for (unsigned i = 2; i < SLOT / 8; i++)
		w[i] = fuzz_below(f, 24) | (uint64_t)fuzz_below(f, 24) << 32;
}

static void
fill_name(struct fuzz *f, uint64_t *w)
{
	const char *from = names[fuzz_below(f, NAMES)];
	volatile char *to = (volatile char *)w;

	to[0] = 1; /* a local socket's */
	to[1] = 0;
	for (unsigned i = 2; i < 40; i++)
		to[i] = *from != '\0' ? *from++ : '\0';
}

static void
fill_slot(struct fuzz *f, unsigned slot)
{
	uint64_t *w = (uint64_t *)(f->room + slot * SLOT);

	switch (fuzz_below(f, 10)) {
	case 0: /* times, short ones */
		for (unsigned i = 0; i < SLOT / 8; i++)
			w[i] = i & 1 ? fuzz_below(f, 300000) : 0;
		break;
	case 1:
		fill_vector(f, w);
		break;
	case 2:
		fill_name(f, w);
		break;
	case 3:
		fill_argv(f, w);
		break;
	case 4: /* pairs of words, such as a file and events */
		for (unsigned i = 0; i < SLOT / 8; i++)
			w[i] = fuzz_below(f, 24) |
			    (uint64_t)fuzz_below(f, 64) << 32;
		break;
	case 5:
		fill_message(f, w);
		break;
	case 6:
		fill_control(f, w);
		break;
	case 7: /* handlers and restorers, masks, flags */
		for (unsigned i = 0; i < SLOT / 8; i++)
			w[i] = fuzz_below(f, 2) ? fuzz_number(f) :
			    fuzz_below(f, 2);
		break;
	case 8:
		for (unsigned i = 0; i < SLOT / 8; i++)
			w[i] = fuzz_random(f);
		break;
	default:
		for (unsigned i = 0; i < SLOT / 8; i++)
			w[i] = fuzz_below(f, 16);
	}
}

void
fuzz_fill(struct fuzz *f)
{
	char *at = (char *)f->room + NAMES_AT;

	for (unsigned i = 0; i < NAMES_AT / SLOT; i++)
		fill_slot(f, i);
	for (unsigned i = 0; i < NAMES; i++, at += NAME_BYTES) {
		unsigned k = 0;

		for (; names[i][k] != '\0'; k++)
			at[k] = names[i][k];
		at[k] = '\0';
	}
	while (at < (char *)f->room + FUZZ_ROOM)
		*at++ = 'n';
}

void
fuzz_scribble(struct fuzz *f, void *words, size_t bytes)
{
	uint64_t *w = words;

	for (unsigned n = fuzz_below(f, 6) + 1; n > 0; n--) {
		size_t i = fuzz_below(f, (unsigned)(bytes / 8));

		w[i] = fuzz_below(f, 2) ? fuzz_number(f) : fuzz_pointer(f);
	}
}

/* ---- calls ------------------------------------------------------------- */

static bool
same(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return *a == *b;
}

static bool
listed(const char *const *list, const char *name)
{
	for (; *list != NULL; list++)
		if (same(*list, name))
			return true;
	return false;
}

/* Calls that end the process or leave its program: most of the time no. */
static bool
is_final(const char *name)
{
	static const char *const final[] = { "exit", "exit_group", "execve",
		"execveat", "exec", "task_exit", "thread_exit", "task_exec",
		"rt_sigreturn", "signal_return", NULL };

	return listed(final, name);
}

static bool
is_pointer(const struct fuzz *f, char kind)
{
	for (const char *p = f->abi->pointers; *p != '\0'; p++)
		if (*p == kind)
			return true;
	return false;
}

static uintptr_t
argument(struct fuzz *f, char kind)
{
	if (fuzz_below(f, 32) == 0)
		return fuzz_number(f);
	if (kind == 'f')
		return handle(f);
	if (kind == 'p')
		return fuzz_below(f, 16) ? name_at(f) : fuzz_pointer(f);
	return is_pointer(f, kind) ? fuzz_pointer(f) : fuzz_number(f);
}

/* Calls that answer 0 to a new process. */
static bool
makes_child(const char *name)
{
	static const char *const forks[] = { "clone", "clone3", "fork",
		"vfork", "task_fork", NULL };

	return listed(forks, name);
}

/* True when it is a new process that comes back. */
static bool
one_call(struct fuzz *f)
{
	const struct fuzz_call *c =
	    &f->abi->calls[fuzz_below(f, (unsigned)f->abi->count)];
	uintptr_t a[6];
	size_t len = 0;

	if (listed(f->abi->spared, c->name) ||
	    (f->root && listed(f->abi->careful, c->name)) ||
	    (is_final(c->name) && fuzz_below(f, 12) != 0))
		return false;
	while (c->kinds[len] != '\0')
		len++;
	for (unsigned i = 0; i < 6; i++)
		a[i] = i < len ? argument(f, c->kinds[i]) :
		    fuzz_below(f, 4) ? 0 : fuzz_number(f);
	return f->abi->make(c, a) == 0 && makes_child(c->name);
}

/* ---- worse than calls -------------------------------------------------- */

/* The page of instructions that this process runs (0: none), and how many of
 * them raised a signal. */
static uintptr_t code;
static unsigned skipped;

static void
fill_code(struct fuzz *f, uint8_t *page)
{
	unsigned often = 1 + fuzz_below(f, 8);

	for (unsigned i = 0; i < FUZZ_PAGE / 8; i++)
		((uint64_t *)page)[i] = fuzz_random(f);
	for (unsigned i = 0; i < FUZZ_PAGE; i += FUZZ_SLOT)
		if (fuzz_below(f, often) == 0)
			(void)fuzz_instruction(f, page + i);
}

/* Where to jump: instructions, the middle of functions, nowhere. */
static uintptr_t
target(struct fuzz *f)
{
	uint8_t *page;

	switch (fuzz_below(f, 8)) {
	case 0:
		return fuzz_pointer(f);
	case 1:
		return (uintptr_t)&fuzz_run + fuzz_below(f, 2000);
	}
	page = f->abi->code_page();
	if (page == NULL)
		return fuzz_number(f);
	fill_code(f, page);
	if (fuzz_below(f, 4) == 0) /* with what jumps into the middle means */
		return (uintptr_t)page + fuzz_below(f, FUZZ_PAGE);
	code = (uintptr_t)page;
	return code;
}

static bool
is_return(const char *name)
{
	static const char *const returns[] = { "rt_sigreturn",
		"signal_return", NULL };

	return listed(returns, name);
}

/* The number of a call; half of the time of the one that ends a handler. */
static uintptr_t
call_number(struct fuzz *f)
{
	const struct fuzz_call *c = f->abi->calls;

	if (fuzz_below(f, 2) == 0)
		for (size_t i = 0; i < f->abi->count; i++)
			if (is_return(c[i].name))
				return c[i].number;
	return c[fuzz_below(f, (unsigned)f->abi->count)].number;
}

#define FRAME_AT (FUZZ_PAGE + 64)

/* Does not come back. */
static void
enter(struct fuzz *f)
{
	uintptr_t regs[FUZZ_REGS];

	for (unsigned i = 0; i < FUZZ_REGS; i++)
		regs[i] = fuzz_below(f, 3) ? fuzz_pointer(f) : fuzz_number(f);
	if (fuzz_below(f, 3) == 0) {
		regs[FUZZ_PC] = (uintptr_t)fuzz_call_here;
		regs[FUZZ_CALL] = call_number(f);
		if (fuzz_below(f, 2) == 0)
			regs[FUZZ_SP] = f->room + FRAME_AT;
		for (unsigned n = fuzz_below(f, 4); n > 0; n--)
			fuzz_scribble(f, (void *)(f->room + FRAME_AT), 1024);
	} else {
		regs[FUZZ_PC] = target(f);
	}
	fuzz_enter(regs);
}

bool
fuzz_skip(void *context, size_t bytes)
{
	uintptr_t *w = context, at = 0;

	if (code == 0 || ++skipped > 2 * FUZZ_PAGE / FUZZ_SLOT)
		return false;
	/* The program counter lies behind what links and jumps left. */
	for (size_t i = 0; i < bytes / sizeof(*w); i++)
		if (w[i] - code < FUZZ_PAGE && w[i] > at)
			at = w[i];
	if (at == 0)
		return false;
	for (size_t i = 0; i < bytes / sizeof(*w); i++)
		if (w[i] == at)
			w[i] = (at & ~(uintptr_t)(FUZZ_SLOT - 1)) + FUZZ_SLOT;
	return true;
}

void
fuzz_keep_frame(struct fuzz *f, const void *info, const void *context,
    size_t bytes)
{
	const uint64_t *from = info < context ? info : context;
	uint64_t *to = (uint64_t *)(f->room + FRAME_AT);

	bytes = bytes + 512 < 2 * FUZZ_PAGE ? bytes + 512 : 2 * FUZZ_PAGE;
	for (size_t i = 0; i < bytes / sizeof(*to); i++)
		to[i] = from[i];
}

/* A child that ends badly. It calls what it likes, so it is never root. */
static void
jump(struct fuzz *f)
{
	long pid = f->root ? -1 : f->abi->fork();

	if (pid == 0)
		enter(f);
	if (pid > 0)
		f->abi->wait();
}

/* What a child does: a few calls beside us, and an end. */
static void
some_calls(struct fuzz *f)
{
	for (unsigned n = fuzz_below(f, 20); n > 0; n--)
		if (one_call(f))
			break;
	f->abi->exit((int)fuzz_below(f, 256));
}

static void
branch(struct fuzz *f)
{
	if (f->abi->fork() != 0)
		return;
	some_calls(f);
}

void
fuzz_run(struct fuzz *f, unsigned long count)
{
	for (; count > 0; count--) {
		unsigned what = fuzz_below(f, 256);

		fill_slot(f, fuzz_below(f, NAMES_AT / SLOT));
		if (what < 4)
			jump(f);
		else if (what == 4)
			branch(f);
		else if (one_call(f))
			some_calls(f);
	}
}

unsigned long
fuzz_parse(const char *text)
{
	unsigned long n = 0;

	while (*text >= '0' && *text <= '9')
		n = n * 10 + (unsigned long)(*text++ - '0');
	return n;
}

/*
 * See play.h. Functions are numbered; number i stands at the user address
 * CODE + 16 * i. The ELF files of the programs lie there, too (xv6: from 0).
 */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kernel/boot.h>
#include <kernel/log.h>
#include <lib/elf.h>

#define CODE       UINT64_C(0x100000)
#define CODE_STEP  16u
#define CODE_PAGES 1u
#define FN_MAX     128u
#define CALL_PC    UINT64_C(0x200000)
#define ROOM_BYTES KIB(512)

static struct {
	struct spinlock lock;
	play_fn *fn[FN_MAX]; /* [l] to set */
	unsigned count;
} code = { .lock = SPIN_INIT(RANK_NONE, "code") };

static _Thread_local struct {
	uintptr_t start, used; /* of the room */
	const struct space *space; /* it belongs to */
} room;

uintptr_t
play_pc(play_fn *fn)
{
	unsigned i;

	spin_lock_raw(&code.lock);
	for (i = 0; i < code.count && code.fn[i] != fn; i++)
		;
	if (i == code.count) {
		if (i == FN_MAX)
			abort();
		code.fn[code.count++] = fn;
	}
	spin_unlock_raw(&code.lock);
	return CODE + i * CODE_STEP;
}

static struct arch_frame *
frame(void)
{
	return thread_frame(thread_current());
}

static play_fn *
fn_at(uintptr_t pc)
{
	play_fn *fn = NULL;
	uintptr_t i = (pc >= CODE ? pc - CODE : pc) / CODE_STEP;

	spin_lock_raw(&code.lock);
	if (i < code.count)
		fn = code.fn[i];
	spin_unlock_raw(&code.lock);
	return fn;
}

uintptr_t
play_arg(unsigned i)
{
	return frame()->args[i];
}

static void
user_mode(struct arch_frame *f)
{
	play_fn *fn = fn_at(f->pc);

	room.start = 0;
	if (fn == NULL) /* it jumped into nowhere, or is a plain fork's child */
		play_exit(f->pc == CALL_PC + 4 ? 0 : 139);
	fn();
	play_exit(0);
}

/* ---- calls ------------------------------------------------------------- */

/* The way out of the kernel. */
static void
leave(struct arch_frame *f)
{
	arch_irq_disable();
	while (atomic_load(&thread_current()->head.work) & ~WORK_TRACE)
		trap_work(f);
	arch_irq_enable();
}

static bool
is_linux(void)
{
	return task_current()->abi->index == ABI_LINUX;
}

static void
call(struct arch_frame *f)
{
	call_answer a = trap_syscall(f);

	if (call_end_of(a) == CALL_DONE)
		arch_frame_return(f, call_value(a));
}

/* Runs what the frame says until the call is over. */
static void
run_handlers(struct arch_frame *f)
{
	while (f->pc != CALL_PC + 4 && f->pc != CALL_PC) {
		play_fn *fn = fn_at(f->pc);
		struct arch_frame at = *f;

		if (fn == NULL)
			play_exit(139);
		if (at.ra == 0 && at.nr == 0) { /* exec: a new program */
			user_mode(f);
		}
		fn();
		*f = at; /* calls of the handler used it */
		f->nr = LX_rt_sigreturn;
		call(f);
		leave(f);
	}
}

long
play_call6(uintptr_t nr, const struct sysargs *args)
{
	struct arch_frame *f = frame();

	f->nr = nr;
	f->ra = 1;
	memcpy(f->args, args->v, sizeof(f->args));
	f->orig_a0 = args->v[0];
	f->pc = CALL_PC;
	do {
		f->pc = CALL_PC + 4;
		call(f);
		leave(f);
		run_handlers(f);
	} while (f->pc == CALL_PC);
	return (long)f->args[0];
}

void
play_exit(int status)
{
	if (is_linux())
		(void)play_call(LX_exit_group, (uintptr_t)status);
	else if (task_current()->abi->index == ABI_XV6)
		(void)play_call(XV6_exit, (uintptr_t)status);
	task_exit(status << 8);
}

/* ---- user memory ------------------------------------------------------- */

uintptr_t
play_room(size_t len)
{
	const struct space *s = task_current()->space;
	const struct map_request req = {
		.len = ROOM_BYTES,
		.prot = PROT_READ | PROT_WRITE,
	};
	uintptr_t at;

	if (room.start == 0 || room.space != s) {
		vaddr_t where = 0;

		if (space_map(task_current()->space, &req, &where) != OK)
			play_exit(137);
		room.start = where;
		room.used = 0;
		room.space = s;
	}
	if (len > ROOM_BYTES - room.used)
		panic("a program plays with too much memory");
	at = room.start + room.used;
	room.used += ALIGN_UP(len, (size_t)16);
	return at;
}

void
play_reset(void)
{
	room.used = 0;
}

uintptr_t
play_put(const void *p, size_t len)
{
	uintptr_t at = play_room(len);

	if (user_copy_out(at, p, len) != OK)
		play_exit(138);
	return at;
}

uintptr_t
play_str(const char *s)
{
	return play_put(s, strlen(s) + 1);
}

void
play_get(void *p, uintptr_t from, size_t len)
{
	if (user_copy_in(p, from, len) != OK)
		play_exit(138);
}

/* ---- processes --------------------------------------------------------- */

static void
fork_entry(void)
{
	play_fn *fn = fn_at(frame()->tls);

	room.start = 0;
	fn();
	play_exit(0);
}

/* The child starts at fork_entry; tls tells it what to do. */
static long
clone_at(play_fn *fn, uintptr_t flags)
{
	struct arch_frame *f = frame();
	uintptr_t tls = f->tls;
	long got;

	f->tls = play_pc(fn);
	f->ra = 1;
	memset(f->args, 0, sizeof(f->args));
	f->args[0] = f->orig_a0 = flags;
	f->nr = is_linux() ? LX_clone : XV6_fork;
	f->pc = play_pc(fork_entry);
	call(f);
	got = (long)f->args[0];
	f->tls = tls;
	f->pc = CALL_PC + 4;
	leave(f);
	run_handlers(f);
	return got;
}

long
play_fork(play_fn *fn)
{
	return clone_at(fn, SIG_CHLD);
}

#define CLONE_VM      0x100u
#define CLONE_FS      0x200u
#define CLONE_FILES   0x400u
#define CLONE_SIGHAND 0x800u
#define CLONE_THREAD  0x10000u

long
play_thread(play_fn *fn)
{
	return clone_at(fn, CLONE_VM | CLONE_FS | CLONE_FILES |
	    CLONE_SIGHAND | CLONE_THREAD);
}

int
play_wait(long pid)
{
	uintptr_t at = play_room(sizeof(int));
	int status = -1;
	long got = play_call(LX_wait4, (uintptr_t)pid, at);

	if (got != pid)
		return -1;
	play_get(&status, at, sizeof(status));
	return status;
}

void
play_run(play_fn *fn)
{
	long pid = play_fork(fn);

	EXPECT(pid > 0);
	EXPECT(play_wait(pid) == 0);
}

/* ---- the initial file system ------------------------------------------- */

struct archive {
	char *bytes;
	size_t len, cap;
	unsigned inode;
};

static void
archive_raw(struct archive *a, const void *p, size_t len)
{
	while (a->len + len + 8 > a->cap) {
		a->cap = a->cap * 2 + 65536;
		a->bytes = realloc(a->bytes, a->cap);
		if (a->bytes == NULL)
			abort();
	}
	if (len > 0)
		memcpy(a->bytes + a->len, p, len);
	a->len += len;
	while (a->len % 4 != 0)
		a->bytes[a->len++] = '\0';
}

static void
archive_add(struct archive *a, const char *name, unsigned mode,
    const void *p, size_t len)
{
	char head[110 + 256];
	int n = snprintf(head, sizeof(head),
	    "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s",
	    ++a->inode, mode, 0u, 0u, 1u, 0u, (unsigned)len, 0u, 0u, 0u, 0u,
	    (unsigned)strlen(name) + 1, 0u, name);

	archive_raw(a, head, (size_t)n + 1);
	archive_raw(a, p, len);
}

/* A program of one page at base, entered at the code of fn. */
static void
archive_program(struct archive *a, const struct play_program *p)
{
	struct {
		struct elf_header head;
		struct elf_phdr load, note;
		struct elf_note note_head;
		char owner[8];
		uint32_t version;
	} elf = { 0 };
	uint64_t pc = play_pc(p->main);
	uint64_t base = p->abi == ABI_XV6 ? 0 : CODE;

	memcpy(elf.head.ident, "\177ELF\2\1\1", 7);
	elf.head.type = ELF_TYPE_EXEC;
	elf.head.machine = ARCH_ELF_MACHINE;
	elf.head.version = 1;
	elf.head.entry = base + (pc - CODE);
	elf.head.phoff = offsetof(typeof(elf), load);
	elf.head.ehsize = sizeof(elf.head);
	elf.head.phentsize = sizeof(elf.load);
	elf.head.phnum = 2;
	elf.load.type = ELF_PT_LOAD;
	elf.load.flags = ELF_FLAG_R | ELF_FLAG_X;
	elf.load.vaddr = base;
	elf.load.filesz = sizeof(elf);
	elf.load.memsz = CODE_PAGES * PAGE_SIZE;
	elf.load.align = PAGE_SIZE;
	elf.note.type = p->abi == ABI_NATIVE ? ELF_PT_NOTE : ELF_PT_GNU_STACK;
	elf.note.flags = ELF_FLAG_R | ELF_FLAG_W;
	if (p->abi == ABI_LINUX)
		elf.head.ident[7] = ELF_OSABI_GNU;
	if (p->abi == ABI_NATIVE) {
		elf.note.offset = offsetof(typeof(elf), note_head);
		elf.note.filesz = elf.note.memsz = sizeof(struct elf_note) +
		    sizeof(elf.owner) + sizeof(elf.version);
		elf.note.align = 4;
		elf.note_head = (struct elf_note){ 8, 4, 1 };
		memcpy(elf.owner, "Carmine", 8);
		elf.version = 1;
	}
	archive_add(a, p->path, 0100755, &elf, sizeof(elf));
}

static void
archive_base(struct archive *a)
{
	static const char *const dirs[] = { "dev", "proc", "sys", "tmp", "etc",
		"root", "home", "system", "system/bin", "abi", "abi/xv6",
		"abi/linux", "mnt" };
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n";

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		archive_add(a, dirs[i], 040755, NULL, 0);
	archive_add(a, "etc/passwd", 0100644, passwd, sizeof(passwd) - 1);
	archive_add(a, "etc/link", 0120777, "passwd", 6);
}

/*
 * Races that are meant, for the thread sanitizer:
 *   user_copy      programs may race on their own memory
 */
const char *__tsan_default_suppressions(void);

const char *
__tsan_default_suppressions(void)
{
	return "race:user_copy_in\nrace:user_copy_out\n";
}

/* ---- start ------------------------------------------------------------- */

void
play_boot(const char *cmdline, unsigned cpus,
    const struct play_program *programs, play_fn *first)
{
	const struct play_program init = { "system/bin/init", ABI_LINUX, first };
	struct host_machine m = {
		.ram_bytes = MIB(64),
		.cpus = cpus,
		.cmdline = cmdline,
	};
	struct archive a = { 0 };

	archive_base(&a);
	archive_program(&a, &init);
	for (; programs != NULL && programs->path != NULL; programs++)
		archive_program(&a, programs);
	archive_add(&a, "TRAILER!!!", 0, NULL, 0);
	m.initrd = a.bytes;
	m.initrd_bytes = a.len;
	host_user_mode = user_mode;
	host_boot(&m);
}

static char wanted[64];

static void
run_tests(void)
{
	EXPECT_OK(zone_add("/abi/xv6", abi_by_index(ABI_XV6)));
	ktest_run_some(wanted);
	panic("the tests do not end");
}

void
play_start(int argc, char **argv, const char *want,
    const struct play_program *programs)
{
	snprintf(wanted, sizeof(wanted), "%s", argc > 1 ? argv[1] : want);
	play_boot("quiet", 2, programs, run_tests);
}

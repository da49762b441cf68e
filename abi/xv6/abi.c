/*
 * The xv6 personality.
 *
 * A program is a static ELF at address 0. Behind its data lie a guard page,
 * one stack page and the heap. There are no signals to handle: a signal that
 * reaches an xv6 process does its default action, and a fault ends it; its
 * parent sees -1. All errors are -1.
 *
 * task.abi_data holds two counts in the pointer itself (process.c): children
 * that were not waited for, as the original's process table is small and its
 * programs fork until they are refused, and pages of heap that were only
 * promised.
 *
 * Source: xv6-riscv, MIT 6.1810; docs/abi-xv6.md.
 */
#include "xv6.h"

#define SYS(number, name, handler, kinds) \
	_Static_assert(XV6_SYS_##name == (number), #name);
#include "table.def"
#undef SYS

static abi_handler *const xv6_calls[] = {
#define SYS(number, name, handler, kinds) [number] = handler,
#include "table.def"
#undef SYS
};

static const char *
xv6_name_of(uintptr_t nr)
{
	switch (nr) {
#define SYS(number, name, handler, kinds) \
	case number: \
		return #name;
#include "table.def"
#undef SYS
	default:
		return NULL;
	}
}

static const char *
xv6_kinds_of(uintptr_t nr)
{
	switch (nr) {
#define SYS(number, name, handler, kinds) \
	case number: \
		return kinds;
#include "table.def"
#undef SYS
	default:
		return NULL;
	}
}

static long
xv6_answer(enum err e, long ret)
{
	return e == OK ? ret : -1;
}

/* No mark says "xv6": a static program at address 0 could be one. */
static unsigned
xv6_claims(const struct image *img)
{
	const struct elf_info *elf = &img->elf;

	return elf->type == ELF_TYPE_EXEC && elf->low == 0 &&
	    elf->osabi == ELF_OSABI_SYSV && elf->interp.bytes == 0 &&
	    elf->machine == ARCH_ELF_MACHINE;
}

/* ---- start of a program ------------------------------------------------ */

/* The stack page as it is built; addresses are the program's. */
struct stack {
	vaddr_t base; /* of the page */
	size_t sp;    /* offset in bytes[] */
	uint8_t *bytes;
};

static enum err
stack_push(struct stack *s, const void *data, size_t len)
{
	if (len > s->sp)
		return ERR_TOOBIG;
	s->sp = ALIGN_DOWN(s->sp - len, (size_t)16);
	memcpy(s->bytes + s->sp, data, len);
	return OK;
}

/* Strings from the top down, then the array of their addresses. */
static enum err
stack_fill(struct stack *s, const struct image *img)
{
	uint64_t argv[XV6_ARGS_MAX + 1] = { 0 };
	const char *arg = img->strings;

	if (img->argc > XV6_ARGS_MAX)
		return ERR_TOOBIG;
	for (unsigned i = 0; i < img->argc; i++) {
		size_t len = strlen(arg) + 1;
		enum err e = stack_push(s, arg, len);

		if (e != OK)
			return e;
		argv[i] = s->base + s->sp;
		arg += len;
	}
	return stack_push(s, argv, (img->argc + 1) * sizeof(argv[0]));
}

static enum err
xv6_start(struct image *img, struct arch_frame *f)
{
	vaddr_t end = ALIGN_UP(img->load_bias + img->elf.high, PAGE_SIZE);
	struct stack s = { .base = end + PAGE_SIZE, .sp = PAGE_SIZE };
	const struct map_request req = {
		.addr = s.base,
		.len = PAGE_SIZE,
		.prot = PROT_READ | PROT_WRITE,
		.how = MAP_AT | MAP_NOREPLACE,
		.name = "[stack]",
	};
	struct space *space = img->space;
	vaddr_t where;
	enum err e;

	s.bytes = kzalloc(PAGE_SIZE);
	if (s.bytes == NULL)
		return ERR_NOMEM;
	e = stack_fill(&s, img);
	if (e == OK)
		e = space_map(space, &req, &where);
	if (e == OK)
		e = space_write(space, s.base + s.sp, s.bytes + s.sp,
		    PAGE_SIZE - s.sp);
	kfree(s.bytes, PAGE_SIZE);
	if (e != OK)
		return e;
	img->brk = s.base + PAGE_SIZE;
	space->brk_start = space->brk = img->brk;
	space->stack_start = s.base + s.sp;
	arch_frame_init(f, img->entry, s.base + s.sp);
	arch_frame_args(f, img->argc, s.base + s.sp, 0);
	return OK;
}

static void
xv6_started(struct task *t, struct image *img)
{
	(void)img;
	t->abi_data = NULL;
	xv6_process_begins();
}

static enum err
xv6_forked(struct task *child, struct task *parent)
{
	xv6_counts_fork(child, parent);
	return OK;
}

static void
xv6_exited(struct task *t)
{
	t->abi_data = NULL;
	xv6_process_ends();
}

/* ---- signals and faults ------------------------------------------------ */

static void
xv6_deliver(struct thread *t, struct arch_frame *f)
{
	struct sig_info info;
	struct sig_action act;

	(void)t;
	(void)f;
	/* exec has put every action to its default, and there is no call to
	 * change one: the defaults are performed, no handler comes back. */
	while (signal_next(&info, &act))
		continue;
}

static void
xv6_fault(
    struct thread *t, struct arch_frame *f, const struct sig_info *info)
{
	(void)t;
	(void)f;
	signal_fault(info);
}

static const struct abi xv6_abi = {
	.name = "xv6",
	.index = ABI_XV6,
	.maps_zero = true,
	.claims = xv6_claims,
	.calls = xv6_calls,
	.call_count = ARRAY_LEN(xv6_calls),
	.answer = xv6_answer,
	.start = xv6_start,
	.started = xv6_started,
	.fork = xv6_forked,
	.exit = xv6_exited,
	.deliver = xv6_deliver,
	.fault = xv6_fault,
	.name_of = xv6_name_of,
	.kinds_of = xv6_kinds_of,
};
ABI_MODULE(xv6_abi);

/*
 * Starting a program: its stack as the ELF ABI of Linux lays it out.
 *
 * From the top of the stack down: a null word, the program's name, the
 * environment and argument strings, the platform name, 16 random bytes; then,
 * 16-byte aligned at the stack pointer, argc, argv, envp and the auxiliary
 * vector.
 *
 * Source: System V ABI, "Process initialization"; getauxval(3).
 */
#include "call.h"

#include <kernel/mm.h>
#include <kernel/random.h>

enum {
	AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6,
	AT_BASE = 7, AT_FLAGS = 8, AT_ENTRY = 9, AT_UID = 11, AT_EUID = 12,
	AT_GID = 13, AT_EGID = 14, AT_PLATFORM = 15, AT_HWCAP = 16,
	AT_CLKTCK = 17, AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2 = 26,
	AT_EXECFN = 31, AT_SYSINFO_EHDR = 33, AT_MINSIGSTKSZ = 51,
};

#define STACK_READY    (132u << 10) /* mapped at once; the rest grows */
#define CLOCK_TICKS    100
#define TAIL_BYTES     (8 + 16 + 16) /* null word, random bytes, platform */

#define BUF_WORDS 256

/* Words are collected in buf and written to the new space when it is full. */
struct layout {
	struct image *img;
	vaddr_t top; /* exclusive end of the stack */
	size_t path_len; /* with NUL */
	size_t platform_len; /* with NUL; 0: none */
	vaddr_t path, strings, random, platform;
	vaddr_t sp;
	size_t len; /* of [sp, top) */
	vaddr_t at; /* where buf goes */
	uint64_t *buf; /* BUF_WORDS */
	size_t used; /* words in buf */
	enum err failed; /* first error of a flush */
};

static void
flush(struct layout *l)
{
	size_t bytes = l->used * sizeof(l->buf[0]);

	if (l->failed == OK && bytes > 0)
		l->failed = space_write(l->img->space, l->at, l->buf, bytes);
	l->at += bytes;
	l->used = 0;
}

static void
put(struct layout *l, uint64_t word)
{
	if (l->used == BUF_WORDS)
		flush(l);
	l->buf[l->used++] = word;
}

static void
aux_put(struct layout *l, uint64_t key, uint64_t value)
{
	struct space *s = l->img->space;

	put(l, key);
	put(l, value);
	if (s->auxv_words + 2 <= ARRAY_LEN(s->auxv)) {
		s->auxv[s->auxv_words++] = key;
		s->auxv[s->auxv_words++] = value;
	}
}

#define AUX_PAIRS 24

/* Maps what is used at once; it grows below that. */
static enum err
stack_map(struct layout *l)
{
	struct space *s = l->img->space;
	struct map_request req = {
		.len = STACK_READY,
		.prot = PROT_READ | PROT_WRITE |
		    (l->img->exec_stack ? PROT_EXEC : 0),
		.flags = REGION_GROWSDOWN,
		.how = MAP_AT | MAP_NOREPLACE,
		.name = "[stack]",
	};
	vaddr_t at;

	l->top = l->img->stack_top;
	req.len = MAX(req.len, ALIGN_UP(l->len + PAGE_SIZE, PAGE_SIZE));
	req.addr = l->top - req.len;
	s->limit_stack = MAX(l->img->stack_size, req.len);
	s->stack_limit = l->top - s->limit_stack;
	return space_map(s, &req, &at);
}

static enum err
layout_measure(struct layout *l)
{
	const struct image *img = l->img;
	size_t words = 1 + img->argc + 1 + img->envc + 1 + 2 * AUX_PAIRS;

	l->path_len = strlen(img->path) + 1;
	l->platform_len = lx_platform[0] != '\0' ? strlen(lx_platform) + 1 : 0;
	l->len = ALIGN_UP(TAIL_BYTES + l->platform_len + l->path_len +
	    img->strings_len + 16, (size_t)16) +
	    ALIGN_UP(words * sizeof(uint64_t), (size_t)16);
	return l->len > IMAGE_STACK_ROOM * 3 / 4 ? ERR_TOOBIG : OK;
}

/* Addresses from the top down; then what lies there. */
static enum err
layout_strings(struct layout *l)
{
	const struct image *img = l->img;
	struct space *s = img->space;
	uint8_t seed[16];
	enum err e;

	l->sp = l->top - l->len;
	l->path = l->top - 8 - l->path_len;
	l->strings = l->path - img->strings_len;
	l->platform = l->strings - l->platform_len;
	l->random = ALIGN_DOWN(l->platform - 16, (vaddr_t)16);
	l->at = l->sp;
	s->arg_start = l->strings;
	s->env_end = l->path;
	s->stack_start = l->sp;
	random_bytes(seed, sizeof(seed));
	e = space_write(s, l->path, img->path, l->path_len);
	if (e == OK && img->strings_len > 0)
		e = space_write(s, l->strings, img->strings, img->strings_len);
	if (e == OK && l->platform_len > 0)
		e = space_write(s, l->platform, lx_platform, l->platform_len);
	return e == OK ? space_write(s, l->random, seed, sizeof(seed)) : e;
}

/* argc, argv, envp. */
static void
layout_pointers(struct layout *l)
{
	const struct image *img = l->img;
	const char *str = img->strings;
	vaddr_t env = l->strings;

	put(l, img->argc);
	for (unsigned i = 0; i < img->argc + img->envc; i++) {
		if (i == img->argc)
			put(l, 0);
		put(l, l->strings + (vaddr_t)(str - img->strings));
		str += strlen(str) + 1;
		if (i < img->argc)
			env = l->strings + (vaddr_t)(str - img->strings);
	}
	if (img->envc == 0)
		put(l, 0);
	put(l, 0);
	img->space->arg_end = img->space->env_start = env;
}

static void
layout_ids(struct layout *l)
{
	struct creds *c = creds_get(task_current());

	aux_put(l, AT_UID, c->uid);
	aux_put(l, AT_EUID, l->img->uid);
	aux_put(l, AT_GID, c->gid);
	aux_put(l, AT_EGID, l->img->gid);
	creds_put(c);
}

static void
layout_vector(struct layout *l)
{
	struct image *img = l->img;
	struct space *s = img->space;

	s->auxv_words = 0;
	aux_put(l, AT_SYSINFO_EHDR, s->vdso);
	aux_put(l, AT_MINSIGSTKSZ, lx_frame_min());
	aux_put(l, AT_HWCAP, arch_hwcap(0));
	aux_put(l, AT_PAGESZ, PAGE_SIZE);
	aux_put(l, AT_CLKTCK, CLOCK_TICKS);
	aux_put(l, AT_PHDR, img->phdr_addr);
	aux_put(l, AT_PHENT, ELF_PHDR_BYTES);
	aux_put(l, AT_PHNUM, img->elf.phdr_count);
	aux_put(l, AT_BASE, img->interp_base);
	aux_put(l, AT_FLAGS, 0);
	aux_put(l, AT_ENTRY, img->elf.entry + img->load_bias);
	layout_ids(l);
	aux_put(l, AT_SECURE, img->secure);
	aux_put(l, AT_RANDOM, l->random);
	aux_put(l, AT_HWCAP2, arch_hwcap(1));
	aux_put(l, AT_EXECFN, l->path);
	if (l->platform_len != 0)
		aux_put(l, AT_PLATFORM, l->platform);
	aux_put(l, AT_NULL, 0);
}

enum err
lx_start(struct image *img, struct arch_frame *f)
{
	struct layout l = { .img = img, .failed = OK };
	enum err e = layout_measure(&l);

	if (e != OK)
		return e;
	l.buf = kmalloc(BUF_WORDS * sizeof(l.buf[0]));
	if (l.buf == NULL)
		return ERR_NOMEM;
	e = stack_map(&l);
	if (e == OK)
		e = lx_vdso_map(img->space, &img->space->vdso);
	if (e == OK)
		e = layout_strings(&l);
	if (e != OK)
		goto out;
	layout_pointers(&l);
	layout_vector(&l);
	flush(&l);
	e = l.failed;
	if (e == OK)
		arch_frame_init(f, img->entry, l.sp);
out:
	kfree(l.buf, BUF_WORDS * sizeof(l.buf[0]));
	return e;
}

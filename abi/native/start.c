/*
 * Starting a native program: native/call.h says how its stack looks.
 *
 * From the top down: the program's path, environment and argument strings,
 * 16 random bytes; then, 16-byte aligned at the stack pointer, argc, argv,
 * envp and the auxiliary pairs.
 */
#include "native.h"

#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/random.h>
#include <lib/elf.h>
#include <uapi/native/task.h>

#define STACK_READY    KIB(64) /* mapped at once; the rest grows */
#define SHUFFLE_UNIT   16u /* bytes, of the first stack pointer */
#define SEED_BYTES     16
#define AUX_PAIRS      15

struct layout {
	struct image *img;
	vaddr_t top, path, strings, seed, sp;
	size_t path_len;
	uint64_t *words; /* what lies at sp */
	size_t word_count, used;
};

static enum err
measure(struct layout *l)
{
	const struct image *img = l->img;
	size_t strings;

	l->path_len = strlen(img->path) + 1;
	l->word_count = 1 + img->argc + 1 + img->envc + 1 + 2 * AUX_PAIRS;
	strings =
	    l->path_len + img->strings_len + SEED_BYTES + 2 * SHUFFLE_UNIT;
	return strings + l->word_count * sizeof(uint64_t) >
	    IMAGE_STACK_ROOM * 3 / 4 ? ERR_TOOBIG : OK;
}

static void
place(struct layout *l)
{
	l->path = l->top - l->path_len;
	l->strings = l->path - l->img->strings_len;
	l->seed = ALIGN_DOWN(l->strings - SEED_BYTES, (vaddr_t)SHUFFLE_UNIT);
	l->sp = ALIGN_DOWN(l->seed - l->word_count * sizeof(uint64_t),
	    (vaddr_t)SHUFFLE_UNIT);
}

/* Maps what is used at once; it grows below that. */
static enum err
stack_map(struct layout *l)
{
	struct space *s = l->img->space;
	struct map_request req = {
		.prot = PROT_READ | PROT_WRITE |
		    (l->img->exec_stack ? PROT_EXEC : 0),
		.flags = REGION_GROWSDOWN,
		.how = MAP_AT | MAP_NOREPLACE,
		.name = "[stack]",
	};
	vaddr_t top = l->img->stack_top, at;

	l->top = top - random_u64() % (PAGE_SIZE / SHUFFLE_UNIT) *
	    SHUFFLE_UNIT;
	place(l);
	req.addr = ALIGN_DOWN(l->sp - STACK_READY, PAGE_SIZE);
	req.len = top - req.addr;
	s->limit_stack = MAX(l->img->stack_size, req.len);
	s->stack_limit = top - s->limit_stack;
	s->stack_start = l->sp;
	return space_map(s, &req, &at);
}

static void
put(struct layout *l, uint64_t word)
{
	ASSERT(l->used < l->word_count);
	l->words[l->used++] = word;
}

static void
aux(struct layout *l, enum cm_aux type, uint64_t value)
{
	struct space *s = l->img->space;

	put(l, (uint64_t)type);
	put(l, value);
	s->auxv[s->auxv_words++] = (uint64_t)type;
	s->auxv[s->auxv_words++] = value;
}

static void
put_pointers(struct layout *l)
{
	const struct image *img = l->img;
	const char *p = img->strings;
	struct space *s = img->space;

	put(l, img->argc);
	s->arg_start = l->strings;
	for (unsigned i = 0; i < img->argc + img->envc; i++) {
		if (i == img->argc)
			put(l, 0);
		put(l, l->strings + (vaddr_t)(p - img->strings));
		p += strlen(p) + 1;
		if (i + 1 == img->argc)
			s->arg_end = l->strings + (vaddr_t)(p - img->strings);
	}
	if (img->argc == 0)
		s->arg_end = s->arg_start;
	if (img->envc == 0)
		put(l, 0);
	put(l, 0);
	s->env_start = s->arg_end;
	s->env_end = l->path;
}

static void
put_aux(struct layout *l)
{
	struct image *img = l->img;
	struct creds *c = creds_get(task_current());

	img->space->auxv_words = 0;
	aux(l, CM_AUX_ABI, CM_ABI_VERSION);
	aux(l, CM_AUX_PHDR, img->phdr_addr);
	aux(l, CM_AUX_PHENT, ELF_PHDR_BYTES);
	aux(l, CM_AUX_PHNUM, img->elf.phdr_count);
	aux(l, CM_AUX_PAGESZ, PAGE_SIZE);
	aux(l, CM_AUX_ENTRY, img->entry);
	aux(l, CM_AUX_UID, c->uid);
	aux(l, CM_AUX_EUID, img->uid);
	aux(l, CM_AUX_GID, c->gid);
	aux(l, CM_AUX_EGID, img->gid);
	aux(l, CM_AUX_HWCAP, arch_hwcap(0));
	aux(l, CM_AUX_SECURE, img->secure);
	aux(l, CM_AUX_RANDOM, l->seed);
	aux(l, CM_AUX_EXECFN, l->path);
	aux(l, CM_AUX_NULL, 0);
	creds_put(c);
}

static enum err
write_all(const struct layout *l)
{
	const struct image *img = l->img;
	uint8_t seed[SEED_BYTES];
	enum err e;

	random_bytes(seed, sizeof(seed));
	e = space_write(img->space, l->sp, l->words,
	    l->used * sizeof(l->words[0]));
	if (e == OK)
		e = space_write(img->space, l->seed, seed, sizeof(seed));
	if (e == OK && img->strings_len > 0)
		e = space_write(img->space, l->strings, img->strings,
		    img->strings_len);
	if (e == OK)
		e = space_write(img->space, l->path, img->path, l->path_len);
	return e;
}

enum err
nt_start(struct image *img, struct arch_frame *f)
{
	struct layout l = { .img = img };
	size_t bytes;
	enum err e = measure(&l);

	if (e != OK)
		return e;
	bytes = l.word_count * sizeof(l.words[0]);
	l.words = kmalloc(bytes);
	if (l.words == NULL)
		return ERR_NOMEM;
	e = stack_map(&l);
	if (e == OK) {
		put_pointers(&l);
		put_aux(&l);
		e = write_all(&l);
	}
	kfree(l.words, bytes);
	if (e == OK)
		arch_frame_init(f, img->entry, l.sp);
	return e;
}

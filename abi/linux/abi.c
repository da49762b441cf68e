/*
 * The Linux ABI: its record.
 *
 * An image is Linux's own when it names a loader of ld-linux or musl, has
 * the GNU OS ABI, or carries a GNU ABI note; a plain System V ELF file is
 * possibly one. The executor asks modules with stronger marks first.
 */
#include "lx.h"

#include <kernel/mm.h>

#define NOTE_GNU_ABI_TAG 1
#define NOTE_LINUX       0

static bool
note_is_linux(const struct elf_note_view *n)
{
	uint32_t os;

	if (!str_is(n->name, n->name_len, "GNU") ||
	    n->type != NOTE_GNU_ABI_TAG || n->desc_len < 16)
		return false;
	memcpy(&os, n->desc, sizeof(os));
	return os == NOTE_LINUX;
}

/* Looks at len bytes of the file at off, as far as the head holds them. */
static const uint8_t *
in_head(const struct image *img, uint64_t off, uint64_t len)
{
	if (off > img->head_len || len > img->head_len - off)
		return NULL;
	return img->head + off;
}

/* True if the notes of one range say Linux. */
static bool
range_is_linux(const struct image *img, const struct elf_range *r)
{
	const uint8_t *notes = in_head(img, r->offset, r->bytes);
	struct elf_note_view n;
	size_t at = 0;

	if (notes == NULL)
		return false;
	while (elf_note_next(notes, r->bytes, 4, &at, &n))
		if (note_is_linux(&n))
			return true;
	return false;
}

static bool
has_linux_note(const struct image *img)
{
	for (uint32_t i = 0; i < img->elf.note_count; i++)
		if (range_is_linux(img, &img->elf.note[i]))
			return true;
	return false;
}

static bool
has_linux_loader(const struct image *img)
{
	const char *loader = (const char *)in_head(
	    img, img->elf.interp.offset, img->elf.interp.bytes);

	if (loader == NULL || img->elf.interp.bytes < 10)
		return false;
	return strncmp(loader, "/lib", 4) == 0 &&
	    (strstr(loader, "/ld-linux") != NULL ||
	    strstr(loader, "/ld-musl") != NULL);
}

/* Linux maps nothing below this unless told to (vm.mmap_min_addr). */
#define LOWEST 0x10000u

static unsigned
claims(const struct image *img)
{
	if (img->elf.machine != ARCH_ELF_MACHINE)
		return 0;
	if (img->elf.type == ELF_TYPE_EXEC && img->elf.low < LOWEST)
		return 0;
	if (img->elf.osabi == ELF_OSABI_GNU)
		return 2;
	if (img->elf.osabi != ELF_OSABI_SYSV)
		return 0;
	return has_linux_note(img) || has_linux_loader(img) ? 2 : 1;
}

static void
started(struct task *task, struct image *img)
{
	(void)img;
	lx_timers_drop(task);
}

static enum err
forked(struct task *child, struct task *parent)
{
	/* Timers are not inherited; there is nothing else of ours. */
	(void)parent;
	child->abi_data = NULL;
	return OK;
}

static void
exited(struct task *task)
{
	lx_timers_drop(task);
}

static const HOT_CONST struct abi abi_linux = {
	.name = "linux",
	.index = ABI_LINUX,
	.claims = claims,
	.calls = lx_calls,
	.call_count = LX_CALL_LIMIT,
	.answer = lx_answer,
	.start = lx_start,
	.started = started,
	.fork = forked,
	.exit = exited,
	.deliver = lx_deliver,
	.fault = lx_fault,
	.name_of = lx_name_of,
	.kinds_of = lx_kinds_of,
};
ABI_MODULE(abi_linux);

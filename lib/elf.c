/* SPDX-License-Identifier: MIT */
/*
 * The validating ELF parser; elf.h says what it promises.
 *
 * Every sum of two numbers from the file is checked for overflow by
 * range_is_inside(), and every number that *out carries has passed it, so
 * a loader may add and subtract them freely. Structures are copied out of
 * the file's bytes, which have no alignment.
 *
 * What the gABI demands of loadable segments (ascending addresses, offset
 * and address congruent modulo the alignment) is demanded here as well;
 * segments without memory are passed over, as ld.so does.
 */
#include <lib/bits.h>
#include <lib/elf.h>
#include <lib/string.h>

_Static_assert(sizeof(struct elf_header) == ELF_HEADER_BYTES, "gABI 4-3");
_Static_assert(sizeof(struct elf_phdr) == ELF_PHDR_BYTES, "gABI 5-1");
_Static_assert(sizeof(struct elf_note) == 12, "gABI 5-4");

#define IDENT_CLASS       4
#define IDENT_ENDIAN      5
#define IDENT_VERSION     6
#define IDENT_OSABI       7
#define IDENT_ABI_VERSION 8

#define CLASS_64       2
#define ENDIAN_LITTLE  1
#define VERSION_ONE    1
#define INTERP_MAX     4096 /* bytes of a path with its NUL */

const char *
elf_err_text(enum elf_err e)
{
	static const char *const texts[ELF_ERR_COUNT] = {
#define ELF_ERROR_TEXT(name, text) [ELF_##name] = (text),
		ELF_ERRORS(ELF_ERROR_TEXT)
#undef ELF_ERROR_TEXT
	};

	return (unsigned)e < ELF_ERR_COUNT ? texts[e] : "unknown ELF error";
}

/* start + bytes <= end, without overflow. */
static bool
range_is_inside(uint64_t start, uint64_t bytes, uint64_t end)
{
	return start <= end && bytes <= end - start;
}

static enum elf_err
check_ident(const uint8_t *ident)
{
	if (memcmp(ident, "\177ELF", 4) != 0)
		return ELF_MAGIC;
	if (ident[IDENT_CLASS] != CLASS_64)
		return ELF_CLASS;
	if (ident[IDENT_ENDIAN] != ENDIAN_LITTLE)
		return ELF_ENDIAN;
	if (ident[IDENT_VERSION] != VERSION_ONE)
		return ELF_VERSION;
	return ELF_OK;
}

static enum elf_err
check_header(const struct elf_header *h, uint64_t file_bytes)
{
	if (h->version != VERSION_ONE)
		return ELF_VERSION;
	if (h->type != ELF_TYPE_EXEC && h->type != ELF_TYPE_DYN)
		return ELF_TYPE;
	if (h->ehsize != ELF_HEADER_BYTES)
		return ELF_HEADER_SIZE;
	if (h->phnum == 0 || h->phnum > ELF_PHDRS_MAX)
		return ELF_PHDR_COUNT;
	if (h->phentsize != ELF_PHDR_BYTES)
		return ELF_PHDR_SIZE;
	if (!range_is_inside(h->phoff,
	    (uint64_t)h->phnum * ELF_PHDR_BYTES, file_bytes))
		return ELF_PHDR_RANGE;
	return ELF_OK;
}

enum elf_err
elf_parse(const void *head, size_t len, uint64_t file_bytes,
    struct elf_info *out)
{
	struct elf_header h;
	enum elf_err e;

	/* A short text file should be told "not ELF", not "too short". */
	if (len >= 4 && memcmp(head, "\177ELF", 4) != 0)
		return ELF_MAGIC;
	if (len < ELF_HEADER_BYTES || file_bytes < ELF_HEADER_BYTES)
		return ELF_SHORT;
	memcpy(&h, head, sizeof(h));
	e = check_ident(h.ident);
	if (e == ELF_OK)
		e = check_header(&h, file_bytes);
	if (e != ELF_OK)
		return e;
	*out = (struct elf_info){
		.type = h.type,
		.machine = h.machine,
		.osabi = h.ident[IDENT_OSABI],
		.abi_version = h.ident[IDENT_ABI_VERSION],
		.flags = h.flags,
		.entry = h.entry,
		.phdr_offset = h.phoff,
		.phdr_bytes = (uint32_t)h.phnum * ELF_PHDR_BYTES,
		.phdr_count = h.phnum,
		.shdr_offset = h.shoff,
		.file_bytes = file_bytes,
	};
	return ELF_OK;
}

void
elf_phdr_read(const void *phdrs, uint32_t index, struct elf_phdr *out)
{
	memcpy(out, (const uint8_t *)phdrs + (size_t)index * ELF_PHDR_BYTES,
	    sizeof(*out));
}

/* What holds for every segment that has an image in memory. */
static enum elf_err
check_image(const struct elf_info *info, const struct elf_phdr *p)
{
	if (p->filesz > p->memsz)
		return ELF_SEGMENT_SIZE;
	if (!range_is_inside(p->offset, p->filesz, info->file_bytes))
		return ELF_SEGMENT_RANGE;
	if (!range_is_inside(p->vaddr, p->memsz, UINT64_MAX))
		return ELF_SEGMENT_WRAP;
	if (p->align > 1 && !is_power_of_2(p->align))
		return ELF_SEGMENT_ALIGN;
	if (p->align > 1 && p->filesz != 0 &&
	    !IS_ALIGNED(p->vaddr ^ p->offset, p->align))
		return ELF_SEGMENT_ALIGN;
	return ELF_OK;
}

static bool
load_is_within(const struct elf_info *info, const struct elf_phdr *p,
    const struct elf_limits *limits)
{
	if (info->type == ELF_TYPE_DYN)
		return p->vaddr + p->memsz - info->low <= limits->end;
	return p->vaddr >= limits->first &&
	    p->vaddr + p->memsz <= limits->end;
}

static enum elf_err
add_load(struct elf_info *info, const struct elf_phdr *p,
    const struct elf_limits *limits)
{
	enum elf_err e;

	if (p->memsz == 0)
		return ELF_OK;
	e = check_image(info, p);
	if (e != ELF_OK)
		return e;
	if (info->load_count == 0)
		info->low = p->vaddr;
	else if (p->vaddr < info->high)
		return ELF_SEGMENT_ORDER;
	else if (ALIGN_DOWN(p->vaddr, limits->page_bytes) <
	    ALIGN_UP(info->high, limits->page_bytes))
		info->shares_pages = true;
	if (!load_is_within(info, p, limits))
		return ELF_SEGMENT_LIMIT;
	if (p->filesz != 0 &&
	    !IS_ALIGNED(p->vaddr ^ p->offset, limits->page_bytes))
		info->is_mappable = false;
	if (!info->has_phdr_addr && p->offset <= info->phdr_offset &&
	    range_is_inside(info->phdr_offset - p->offset, info->phdr_bytes,
	    p->filesz)) {
		info->has_phdr_addr = true;
		info->phdr_addr = p->vaddr + (info->phdr_offset - p->offset);
	}
	info->load_count++;
	info->high = p->vaddr + p->memsz;
	info->align = MAX(info->align, p->align);
	return ELF_OK;
}

static enum elf_err
add_interp(struct elf_info *info, const struct elf_phdr *p)
{
	if (info->interp.bytes != 0)
		return ELF_INTERP_TWICE;
	if (p->filesz < 2 || p->filesz > INTERP_MAX ||
	    !range_is_inside(p->offset, p->filesz, info->file_bytes))
		return ELF_INTERP_RANGE;
	info->interp = (struct elf_range){ p->offset, p->filesz };
	return ELF_OK;
}

static enum elf_err
add_note(struct elf_info *info, const struct elf_phdr *p)
{
	struct elf_range range = { p->offset, p->filesz };

	if (!range_is_inside(p->offset, p->filesz, info->file_bytes))
		return ELF_SEGMENT_RANGE;
	if (p->type == ELF_PT_GNU_PROPERTY)
		info->property = range;
	else if (info->note_count < ELF_NOTES_MAX && p->filesz != 0)
		info->note[info->note_count++] = range;
	return ELF_OK;
}

static enum elf_err
add_phdr(struct elf_info *info, uint32_t index, const struct elf_phdr *p,
    const struct elf_limits *limits)
{
	switch (p->type) {
	case ELF_PT_LOAD:
		return add_load(info, p, limits);
	case ELF_PT_INTERP:
		return add_interp(info, p);
	case ELF_PT_NOTE:
	case ELF_PT_GNU_PROPERTY:
		return add_note(info, p);
	case ELF_PT_TLS:
		if (info->tls_index != info->phdr_count)
			return ELF_TLS_TWICE;
		info->tls_index = index;
		return check_image(info, p);
	case ELF_PT_DYNAMIC:
		info->dynamic_index = index;
		return check_image(info, p);
	case ELF_PT_GNU_STACK:
		info->has_stack = true;
		info->stack_flags = p->flags;
		return ELF_OK;
	default:
		return ELF_OK;
	}
}

static bool
entry_is_code(const struct elf_info *info, const void *phdrs)
{
	for (uint32_t i = 0; i < info->phdr_count; i++) {
		struct elf_phdr p;

		elf_phdr_read(phdrs, i, &p);
		if (p.type == ELF_PT_LOAD && (p.flags & ELF_FLAG_X) != 0 &&
		    info->entry >= p.vaddr &&
		    info->entry - p.vaddr < p.memsz)
			return true;
	}
	return false;
}

enum elf_err
elf_parse_phdrs(
    struct elf_info *out, const void *phdrs, const struct elf_limits *limits)
{
	struct elf_info info = *out;

	info.is_mappable = true;
	info.align = 1;
	info.tls_index = info.phdr_count;
	info.dynamic_index = info.phdr_count;
	for (uint32_t i = 0; i < info.phdr_count; i++) {
		struct elf_phdr p;
		enum elf_err e;

		elf_phdr_read(phdrs, i, &p);
		e = add_phdr(&info, i, &p, limits);
		if (e != ELF_OK)
			return e;
	}
	if (info.load_count == 0)
		return ELF_NO_SEGMENT;
	if (!entry_is_code(&info, phdrs))
		return ELF_ENTRY;
	*out = info;
	return ELF_OK;
}

bool
elf_note_next(const void *notes, size_t len, size_t align, size_t *offset,
    struct elf_note_view *out)
{
	const uint8_t *base = notes;
	uint64_t name_at = *offset + sizeof(struct elf_note);
	uint64_t desc_at, end;
	struct elf_note note;

	if (!range_is_inside(*offset, sizeof(note), len))
		return false;
	memcpy(&note, base + *offset, sizeof(note));
	/* Sums of 32-bit numbers and an offset inside memory: no overflow. */
	desc_at = ALIGN_UP(name_at + note.namesz, align);
	end = desc_at + note.descsz;
	if (end > len)
		return false;
	*out = (struct elf_note_view){
		.name = (const char *)base + name_at,
		.name_len = strnlen(
		    (const char *)base + name_at, note.namesz),
		.type = note.type,
		.desc = base + desc_at,
		.desc_len = note.descsz,
	};
	*offset = MIN(ALIGN_UP(end, align), len);
	return true;
}

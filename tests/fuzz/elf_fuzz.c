// uses: lib/elf.c lib/string_ext.c
/* SPDX-License-Identifier: MIT */
/*
 * The ELF parser on arbitrary files. Beside what the sanitizers see, every
 * number that it lets through must keep what elf.h promises.
 */
#include <lib/base.h>
#include <lib/elf.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *file, size_t len);

static const struct elf_limits limits = {
	.first = 0x1000,
	.end = UINT64_C(1) << 38,
	.page_bytes = 4096,
};

static void
require_range(const struct elf_range *r, size_t len)
{
	REQUIRE(r->offset <= len && r->bytes <= len - r->offset);
}

static void
walk_notes(const uint8_t *file, const struct elf_range *r, size_t align)
{
	struct elf_note_view v;
	size_t offset = 0;

	while (elf_note_next(
	    file + r->offset, r->bytes, align, &offset, &v)) {
		const uint8_t *start = file + r->offset;
		const uint8_t *end = start + r->bytes;

		REQUIRE((const uint8_t *)v.name >= start + 12);
		REQUIRE((const uint8_t *)v.name + v.name_len <= v.desc);
		REQUIRE(v.desc <= end && v.desc_len <= (size_t)(end - v.desc));
		REQUIRE(offset <= r->bytes);
	}
}

static void
require_loads(const struct elf_info *info, const void *phdrs, size_t len)
{
	uint64_t high = info->low;
	uint32_t loads = 0;

	for (uint32_t i = 0; i < info->phdr_count; i++) {
		struct elf_phdr p;

		elf_phdr_read(phdrs, i, &p);
		if (p.type != ELF_PT_LOAD || p.memsz == 0)
			continue;
		loads++;
		REQUIRE(p.vaddr >= high && p.filesz <= p.memsz);
		REQUIRE(p.offset <= len && p.filesz <= len - p.offset);
		high = p.vaddr + p.memsz;
		REQUIRE(high > p.vaddr && high <= info->high);
		if (info->is_mappable && p.filesz != 0)
			REQUIRE(p.vaddr % 4096 == p.offset % 4096);
	}
	REQUIRE(loads == info->load_count && high == info->high);
}

int
LLVMFuzzerTestOneInput(const uint8_t *file, size_t len)
{
	struct elf_info info;
	const uint8_t *phdrs;

	if (elf_parse(file, MIN(len, ELF_HEADER_BYTES), len, &info) != ELF_OK)
		return 0;
	REQUIRE(info.phdr_offset <= len &&
	    info.phdr_bytes <= len - info.phdr_offset);
	phdrs = file + info.phdr_offset;
	if (elf_parse_phdrs(&info, phdrs, &limits) != ELF_OK)
		return 0;
	REQUIRE(info.load_count != 0 && info.low <= info.entry &&
	    info.entry < info.high);
	REQUIRE(info.high - info.low <= limits.end);
	REQUIRE(info.type == ELF_TYPE_DYN ||
	    (info.low >= limits.first && info.high <= limits.end));
	require_loads(&info, phdrs, len);
	require_range(&info.interp, len);
	require_range(&info.property, len);
	walk_notes(file, &info.property, 8);
	for (uint32_t i = 0; i < info.note_count; i++) {
		require_range(&info.note[i], len);
		walk_notes(file, &info.note[i], 4);
	}
	return 0;
}

// uses: lib/elf.c lib/string_ext.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <lib/base.h>
#include <lib/elf.h>

#define FILE_BYTES 0x5000
#define PHDRS      8

static const struct elf_limits limits = {
	.first = 0x1000,
	.end = UINT64_C(1) << 38,
	.page_bytes = 4096,
};

/* A small program: text, then data with bss, and most kinds of headers. */
static struct image {
	struct elf_header head;
	struct elf_phdr ph[PHDRS];
} good, image;

static struct elf_info info;

enum { INTERP, TEXT, DATA, NOTE, TLS, STACK, PROPERTY, DYNAMIC };

static void
set_up(void)
{
	good = (struct image){
		.head = {
			.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1, 3, 9 },
			.type = ELF_TYPE_EXEC,
			.machine = ELF_MACHINE_RISCV,
			.version = 1,
			.entry = 0x10400,
			.phoff = 64,
			.shoff = 0x4000,
			.flags = 5,
			.ehsize = 64,
			.phentsize = 56,
			.phnum = PHDRS,
		},
		.ph = {
			[INTERP] = { ELF_PT_INTERP, 4, 0x300, 0x10300, 0,
			    20, 20, 1 },
			[TEXT] = { ELF_PT_LOAD, 5, 0, 0x10000, 0, 0x1800,
			    0x1800, 0x1000 },
			[DATA] = { ELF_PT_LOAD, 6, 0x1800, 0x12800, 0, 0x200,
			    0x1000, 0x1000 },
			[NOTE] = { ELF_PT_NOTE, 4, 0x320, 0x10320, 0, 32, 32,
			    4 },
			[TLS] = { ELF_PT_TLS, 4, 0x1800, 0x12800, 0, 16, 64,
			    8 },
			[STACK] = { ELF_PT_GNU_STACK, 6, 0, 0, 0, 0, 0, 16 },
			[PROPERTY] = { ELF_PT_GNU_PROPERTY, 4, 0x340, 0x10340,
			    0, 16, 16, 8 },
			[DYNAMIC] = { ELF_PT_DYNAMIC, 6, 0x1900, 0x12900, 0,
			    64, 64, 8 },
		},
	};
	image = good;
}

static enum elf_err
parse(void)
{
	enum elf_err e;

	info = (struct elf_info){ .file_bytes = 7 };
	e = elf_parse(&image, sizeof(image), FILE_BYTES, &info);
	if (e != ELF_OK) {
		EXPECT(info.file_bytes == 7); /* untouched */
		return e;
	}
	e = elf_parse_phdrs(&info, image.ph, &limits);
	if (e != ELF_OK)
		EXPECT_EQ(info.load_count, 0);
	return e;
}

/* The parser's answer after one change to the good image. */
#define WITH(change) (set_up(), (void)(image.change), parse())

TEST(a_good_program_is_described)
{
	set_up();
	EXPECT_EQ(parse(), ELF_OK);
	EXPECT_EQ(info.type, ELF_TYPE_EXEC);
	EXPECT_EQ(info.machine, ELF_MACHINE_RISCV);
	EXPECT_EQ(info.osabi, ELF_OSABI_GNU);
	EXPECT_EQ(info.abi_version, 9);
	EXPECT_EQ(info.flags, 5);
	EXPECT_EQ(info.entry, 0x10400);
	EXPECT_EQ(info.phdr_offset, 64);
	EXPECT_EQ(info.phdr_bytes, PHDRS * 56);
	EXPECT_EQ(info.shdr_offset, 0x4000);
	EXPECT_EQ(info.load_count, 2);
	EXPECT_EQ(info.low, 0x10000);
	EXPECT_EQ(info.high, 0x13800);
	EXPECT_EQ(info.align, 0x1000);
	EXPECT(info.is_mappable && !info.shares_pages);
	EXPECT(info.has_phdr_addr && info.phdr_addr == 0x10040);
	EXPECT(info.interp.offset == 0x300 && info.interp.bytes == 20);
	EXPECT(info.note_count == 1 && info.note[0].offset == 0x320);
	EXPECT(info.property.offset == 0x340 && info.property.bytes == 16);
	EXPECT(info.has_stack && info.stack_flags == 6);
	EXPECT_EQ(info.tls_index, TLS);
	EXPECT_EQ(info.dynamic_index, DYNAMIC);
}

TEST(what_a_program_lacks_is_said_to_be_missing)
{
	set_up();
	for (unsigned i = 0; i < PHDRS; i++) {
		if (image.ph[i].type != ELF_PT_LOAD)
			image.ph[i].type = ELF_PT_NULL;
	}
	image.ph[TEXT].offset = 0x1000; /* the headers are not loaded */
	image.ph[TEXT].filesz = 0x800;
	EXPECT_EQ(parse(), ELF_OK);
	EXPECT_EQ(info.interp.bytes, 0);
	EXPECT_EQ(info.note_count, 0);
	EXPECT_EQ(info.property.bytes, 0);
	EXPECT(!info.has_stack && !info.has_phdr_addr);
	EXPECT_EQ(info.tls_index, info.phdr_count);
	EXPECT_EQ(info.dynamic_index, info.phdr_count);
}

TEST(every_wrong_header_field_has_its_own_error)
{
	EXPECT_EQ(WITH(head.ident[1] = 'e'), ELF_MAGIC);
	EXPECT_EQ(WITH(head.ident[4] = 1), ELF_CLASS);
	EXPECT_EQ(WITH(head.ident[5] = 2), ELF_ENDIAN);
	EXPECT_EQ(WITH(head.ident[6] = 0), ELF_VERSION);
	EXPECT_EQ(WITH(head.version = 2), ELF_VERSION);
	EXPECT_EQ(WITH(head.type = 1), ELF_TYPE);
	EXPECT_EQ(WITH(head.type = 4), ELF_TYPE);
	EXPECT_EQ(WITH(head.ehsize = 52), ELF_HEADER_SIZE);
	EXPECT_EQ(WITH(head.phentsize = 32), ELF_PHDR_SIZE);
	EXPECT_EQ(WITH(head.phnum = 0), ELF_PHDR_COUNT);
	EXPECT_EQ(WITH(head.phnum = 0xffff), ELF_PHDR_COUNT);
	EXPECT_EQ(WITH(head.phoff = FILE_BYTES - 55), ELF_PHDR_RANGE);
	EXPECT_EQ(WITH(head.phoff = UINT64_MAX), ELF_PHDR_RANGE);
}

TEST(short_files_are_told_from_other_files)
{
	set_up();
	for (size_t n = 0; n < ELF_HEADER_BYTES; n++)
		EXPECT_EQ(elf_parse(&image, n, FILE_BYTES, &info), ELF_SHORT);
	EXPECT_EQ(elf_parse(&image, 64, 63, &info), ELF_SHORT);
	EXPECT_EQ(elf_parse(&image, 64, FILE_BYTES, &info), ELF_OK);
	EXPECT_EQ(elf_parse("#!/bin/sh\n", 10, 10, &info), ELF_MAGIC);
}

TEST(segments_must_lie_inside_file_and_memory)
{
	EXPECT_EQ(WITH(ph[TEXT].filesz = 0x1801), ELF_SEGMENT_SIZE);
	EXPECT_EQ(WITH(ph[DATA].offset = FILE_BYTES + 0x800),
	    ELF_SEGMENT_RANGE);
	EXPECT_EQ(WITH(ph[DATA].offset = UINT64_MAX - 0x7ff),
	    ELF_SEGMENT_RANGE);
	EXPECT_EQ(WITH(ph[DATA].vaddr = UINT64_MAX - 0x7ff),
	    ELF_SEGMENT_WRAP);
	EXPECT_EQ(WITH(ph[DATA].memsz = UINT64_MAX), ELF_SEGMENT_WRAP);
	EXPECT_EQ(WITH(ph[TEXT].vaddr = 0), ELF_SEGMENT_LIMIT);
	EXPECT_EQ(WITH(ph[DATA].memsz = limits.end - 0x12800), ELF_OK);
	EXPECT_EQ(WITH(ph[DATA].memsz = limits.end - 0x12800 + 1),
	    ELF_SEGMENT_LIMIT);
	EXPECT_EQ(WITH(ph[NOTE].filesz = FILE_BYTES), ELF_SEGMENT_RANGE);
	EXPECT_EQ(WITH(ph[TLS].filesz = 65), ELF_SEGMENT_SIZE);
	EXPECT_EQ(WITH(ph[DYNAMIC].offset = FILE_BYTES), ELF_SEGMENT_RANGE);
}

TEST(alignment_must_be_a_power_of_two_that_place_and_offset_share)
{
	EXPECT_EQ(WITH(ph[TEXT].align = 0), ELF_OK);
	EXPECT_EQ(WITH(ph[TEXT].align = 1), ELF_OK);
	EXPECT_EQ(WITH(ph[TEXT].align = 24), ELF_SEGMENT_ALIGN);
	EXPECT_EQ(WITH(ph[DATA].vaddr = 0x12900), ELF_SEGMENT_ALIGN);
	EXPECT_EQ(WITH(ph[DATA].align = 0x10000), ELF_SEGMENT_ALIGN);
	set_up();
	image.ph[DATA].vaddr = 0x12900;
	image.ph[DATA].align = 0x100;
	EXPECT_EQ(parse(), ELF_OK);
	EXPECT(!info.is_mappable);
}

TEST(segments_must_ascend_and_not_overlap)
{
	EXPECT_EQ(WITH(ph[DATA].vaddr = 0x11800 - 0x1000),
	    ELF_SEGMENT_ORDER);
	set_up();
	image.ph[DATA].vaddr = 0x11800; /* touches the end of text */
	EXPECT_EQ(parse(), ELF_OK);
	EXPECT(info.shares_pages);
	set_up();
	image.ph[TEXT] = good.ph[DATA];
	image.ph[DATA] = good.ph[TEXT];
	EXPECT_EQ(parse(), ELF_SEGMENT_ORDER);
}

TEST(segments_without_memory_are_passed_over)
{
	set_up();
	image.ph[DATA].memsz = 0;
	image.ph[DATA].filesz = 0;
	image.ph[DATA].vaddr = 0;
	EXPECT_EQ(parse(), ELF_OK);
	EXPECT_EQ(info.load_count, 1);
	image.ph[TEXT].memsz = image.ph[TEXT].filesz = 0;
	EXPECT_EQ(parse(), ELF_NO_SEGMENT);
}

TEST(the_entry_point_must_be_code)
{
	EXPECT_EQ(WITH(head.entry = 0xffff), ELF_ENTRY);
	EXPECT_EQ(WITH(head.entry = 0x10000), ELF_OK);
	EXPECT_EQ(WITH(head.entry = 0x117ff), ELF_OK);
	EXPECT_EQ(WITH(head.entry = 0x11800), ELF_ENTRY);
	EXPECT_EQ(WITH(head.entry = 0x12800), ELF_ENTRY); /* not executable */
}

TEST(there_is_one_interpreter_and_one_thread_local_segment)
{
	EXPECT_EQ(WITH(ph[NOTE] = image.ph[INTERP]), ELF_INTERP_TWICE);
	EXPECT_EQ(WITH(ph[INTERP].filesz = 1), ELF_INTERP_RANGE);
	EXPECT_EQ(WITH(ph[INTERP].filesz = 4097), ELF_INTERP_RANGE);
	EXPECT_EQ(WITH(ph[INTERP].offset = FILE_BYTES - 19),
	    ELF_INTERP_RANGE);
	EXPECT_EQ(WITH(ph[NOTE] = image.ph[TLS]), ELF_TLS_TWICE);
}

TEST(more_notes_than_are_remembered_are_no_error)
{
	set_up();
	for (unsigned i = 0; i < PHDRS; i++) {
		if (image.ph[i].type != ELF_PT_LOAD)
			image.ph[i] = good.ph[NOTE];
	}
	EXPECT_EQ(parse(), ELF_OK);
	EXPECT_EQ(info.note_count, ELF_NOTES_MAX);
}

TEST(a_shared_object_may_start_at_zero_but_not_be_too_large)
{
	set_up();
	image.head.type = ELF_TYPE_DYN;
	image.head.entry = 0x400;
	image.ph[TEXT].vaddr = 0;
	image.ph[DATA].vaddr = 0x2800;
	EXPECT_EQ(parse(), ELF_OK);
	EXPECT_EQ(info.low, 0);
	image.ph[DATA].memsz = limits.end - 0x2800;
	EXPECT_EQ(parse(), ELF_OK);
	image.ph[DATA].memsz++;
	EXPECT_EQ(parse(), ELF_SEGMENT_LIMIT);
}

TEST(the_parser_reads_bytes_at_any_address)
{
	static char area[sizeof(struct image) + 1];
	struct elf_phdr p;

	set_up();
	memcpy(area + 1, &image, sizeof(image));
	EXPECT_EQ(elf_parse(area + 1, 64, FILE_BYTES, &info), ELF_OK);
	EXPECT_EQ(elf_parse_phdrs(&info, area + 1 + 64, &limits), ELF_OK);
	elf_phdr_read(area + 1 + 64, DATA, &p);
	EXPECT(memcmp(&p, &good.ph[DATA], sizeof(p)) == 0);
}

TEST(notes_are_walked_one_by_one)
{
	struct {
		struct elf_note head;
		char name[4];
		uint32_t desc[4];
		struct elf_note head2;
		char name2[8];
	} notes = {
		{ 4, 16, 1 }, "GNU", { 0, 6, 1, 0 }, { 5, 0, 7 }, "Carm",
	};
	struct elf_note_view v;
	size_t at = 0;

	EXPECT(elf_note_next(&notes, sizeof(notes), 4, &at, &v));
	EXPECT(v.name_len == 3 && memcmp(v.name, "GNU", 3) == 0);
	EXPECT(v.type == 1 && v.desc_len == 16);
	EXPECT(v.desc == (const uint8_t *)notes.desc);
	EXPECT(elf_note_next(&notes, sizeof(notes), 4, &at, &v));
	EXPECT(v.name_len == 4 && v.type == 7 && v.desc_len == 0);
	EXPECT(!elf_note_next(&notes, sizeof(notes), 4, &at, &v));
	for (size_t n = 0; n < 32; n++) {
		at = 0;
		EXPECT(!elf_note_next(&notes, n, 4, &at, &v));
	}
	notes.head.namesz = notes.head.descsz = UINT32_MAX;
	at = 0;
	EXPECT(!elf_note_next(&notes, sizeof(notes), 8, &at, &v));
}

TEST(every_error_has_a_text)
{
	for (int e = 0; e < ELF_ERR_COUNT; e++)
		EXPECT(strlen(elf_err_text((enum elf_err)e)) > 5);
	EXPECT_STR(elf_err_text(ELF_ERR_COUNT), "unknown ELF error");
}

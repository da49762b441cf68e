/* SPDX-License-Identifier: MIT */
/*
 * ELF64 little-endian: the structures, and a validating parser of what a
 * loader needs. It is pure: it reads bytes that the caller has in memory
 * and answers numbers that have been checked against each other.
 *
 * In two steps, because a file's program headers need not be in its first
 * page: elf_parse() checks the file header and says where the program
 * headers are (phdr_offset, phdr_bytes); the caller has them read and calls
 * elf_parse_phdrs(). Then elf_phdr_read() gives them one by one.
 *
 * Source: System V gABI, draft of 2013; PT_GNU_*: Linux man elf(5).
 */
#pragma once

#include <lib/base.h>

#define ELF_HEADER_BYTES 64
#define ELF_PHDR_BYTES   56
#define ELF_PHDRS_MAX    1024
#define ELF_NOTES_MAX    4 /* PT_NOTE segments that are remembered */

struct elf_header {
	uint8_t ident[16];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint64_t entry;
	uint64_t phoff;
	uint64_t shoff;
	uint32_t flags;
	uint16_t ehsize;
	uint16_t phentsize;
	uint16_t phnum;
	uint16_t shentsize;
	uint16_t shnum;
	uint16_t shstrndx;
};

struct elf_phdr {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t vaddr;
	uint64_t paddr;
	uint64_t filesz;
	uint64_t memsz;
	uint64_t align;
};

struct elf_note {
	uint32_t namesz;
	uint32_t descsz;
	uint32_t type;
};

enum { ELF_TYPE_EXEC = 2, ELF_TYPE_DYN = 3 };
enum {
	ELF_MACHINE_X86_64 = 62,
	ELF_MACHINE_AARCH64 = 183,
	ELF_MACHINE_RISCV = 243,
};
enum { ELF_OSABI_SYSV = 0, ELF_OSABI_GNU = 3, ELF_OSABI_STANDALONE = 255 };
enum { ELF_FLAG_X = 1, ELF_FLAG_W = 2, ELF_FLAG_R = 4 };

#define ELF_PT_NULL         0u
#define ELF_PT_LOAD         1u
#define ELF_PT_DYNAMIC      2u
#define ELF_PT_INTERP       3u
#define ELF_PT_NOTE         4u
#define ELF_PT_PHDR         6u
#define ELF_PT_TLS          7u
#define ELF_PT_GNU_EH_FRAME 0x6474e550u
#define ELF_PT_GNU_STACK    0x6474e551u
#define ELF_PT_GNU_RELRO    0x6474e552u
#define ELF_PT_GNU_PROPERTY 0x6474e553u

/* Append only. ELF_OK is first. */
#define ELF_ERRORS(E) \
	E(OK, "no error") \
	E(SHORT, "the file is shorter than an ELF header") \
	E(MAGIC, "not an ELF file") \
	E(CLASS, "not a 64-bit ELF file") \
	E(ENDIAN, "not a little-endian ELF file") \
	E(VERSION, "unknown ELF version") \
	E(TYPE, "neither an executable nor a shared object") \
	E(HEADER_SIZE, "the ELF header has a wrong size") \
	E(PHDR_SIZE, "program headers have a wrong size") \
	E(PHDR_COUNT, "no program headers, or too many") \
	E(PHDR_RANGE, "the program headers lie outside the file") \
	E(SEGMENT_RANGE, "a segment's bytes lie outside the file") \
	E(SEGMENT_SIZE, "a segment has more bytes in the file than in memory") \
	E(SEGMENT_WRAP, "a segment wraps around the address space") \
	E(SEGMENT_LIMIT, "a segment lies outside the program's addresses") \
	E(SEGMENT_ALIGN, "a segment's alignment and place contradict") \
	E(SEGMENT_ORDER, "segments overlap or are not in ascending order") \
	E(NO_SEGMENT, "nothing to load") \
	E(ENTRY, "the entry point is in no executable segment") \
	E(INTERP_TWICE, "two interpreters are named") \
	E(INTERP_RANGE, "the interpreter's name is empty or out of range") \
	E(TLS_TWICE, "two thread-local segments")

enum MUST_USE elf_err {
#define ELF_ERROR_ENUM_(name, text) ELF_##name,
	ELF_ERRORS(ELF_ERROR_ENUM_)
#undef ELF_ERROR_ENUM_
	ELF_ERR_COUNT
};

/* A range of the file; bytes == 0: the program has no such thing. */
struct elf_range {
	uint64_t offset;
	uint64_t bytes;
};

struct elf_info {
	/* From the header. */
	uint16_t type;    /* ELF_TYPE_EXEC or ELF_TYPE_DYN */
	uint16_t machine;
	uint8_t osabi;
	uint8_t abi_version;
	uint32_t flags;
	uint64_t entry;
	uint64_t phdr_offset;
	uint32_t phdr_bytes; /* of all of them */
	uint32_t phdr_count;
	uint64_t shdr_offset;
	uint64_t file_bytes;

	/* From the program headers. */
	uint32_t load_count;
	uint64_t low;        /* first address of the first segment */
	uint64_t high;       /* behind the last byte of the last segment */
	uint64_t align;      /* the largest alignment of a segment */
	bool is_mappable;    /* offset = address modulo the page, everywhere */
	bool shares_pages;   /* some page holds bytes of two segments */
	bool has_phdr_addr;
	uint64_t phdr_addr;  /* where a segment has the headers: AT_PHDR */
	struct elf_range interp;   /* with the final NUL */
	struct elf_range note[ELF_NOTES_MAX]; /* the first PT_NOTEs */
	uint32_t note_count;
	struct elf_range property; /* PT_GNU_PROPERTY */
	bool has_stack;
	uint32_t stack_flags;      /* of PT_GNU_STACK */
	uint32_t tls_index;        /* of PT_TLS; phdr_count: none */
	uint32_t dynamic_index;    /* of PT_DYNAMIC; phdr_count: none */
};

/* What the program's addresses must respect: first <= address < end. */
struct elf_limits {
	uint64_t first;      /* checked for ELF_TYPE_EXEC only */
	uint64_t end;        /* ELF_TYPE_DYN: limit on the size */
	uint64_t page_bytes; /* a power of two */
};

/*
 * Checks the header in the first len bytes of a file of file_bytes bytes.
 * Gives: the first group of *out; *out is untouched on failure.
 */
enum elf_err elf_parse(const void *head, size_t len, uint64_t file_bytes,
    struct elf_info *out);

/*
 * Checks the program headers, phdrs being out->phdr_bytes bytes of the file
 * from out->phdr_offset on. Gives: the second group of *out (zero before).
 */
enum elf_err elf_parse_phdrs(
    struct elf_info *out, const void *phdrs, const struct elf_limits *limits);

/* Copies header number index, which is below phdr_count. */
void elf_phdr_read(const void *phdrs, uint32_t index, struct elf_phdr *out);

/*
 * Walks notes: name, type and descriptor of the note at *offset of len bytes
 * at notes (align 4 or 8, as the segment's). False: no (valid) note is left.
 */
struct elf_note_view {
	const char *name; /* name_len bytes, NUL not counted */
	size_t name_len;
	uint32_t type;
	const uint8_t *desc;
	size_t desc_len;
};
MUST_USE bool elf_note_next(const void *notes, size_t len, size_t align,
    size_t *offset, struct elf_note_view *out);

/* A sentence for people. */
const char *elf_err_text(enum elf_err e);

/*
 * ELF images: headers into struct image, segments into its space.
 *
 * A segment whose file offset and address agree modulo the page is mapped
 * privately from the page cache; its last file page is cleared behind the
 * data where memory goes on, whole pages beyond are anonymous. Segments that
 * do not agree, or that share a page with their neighbour, are read into
 * anonymous memory. Nothing of the running program is touched: a failure
 * just drops the new space.
 *
 * Source: System V gABI, chapter 5; lib/elf.h does the checking.
 */
#include <kernel/log.h>
#include <kernel/random.h>
#include <kernel/user.h>

#include <lib/string.h>

#include "exec.h"

#define INTERP_MAX 256u
/* Where position-independent programs go: two thirds up, plus some pages by
 * chance; the interpreter goes where mmap would put it. */
#define PIE_RANDOM_PAGES 0x10000u

static enum err
read_exact(struct file *f, void *buf, size_t len, uint64_t off)
{
	struct iter it;
	size_t done = 0;
	enum err e;

	iter_kernel(&it, buf, len, true);
	e = file_pread(f, &it, off, &done);
	if (e != OK)
		return e;
	return done == len ? OK : ERR_NOEXEC;
}

enum err
load_read_head(struct image *img)
{
	struct iter it;
	size_t done = 0;
	enum err e;

	iter_kernel(&it, img->head, sizeof(img->head), true);
	e = file_pread(img->file, &it, 0, &done);
	if (e == OK)
		img->head_len = done;
	return e;
}

/* Headers of one ELF file; *phdrs is the caller's to kfree. */
static enum err
parse_file(struct file *f, const void *head, size_t head_len,
    struct elf_info *elf, void **phdrs)
{
	const struct elf_limits limits = {
		.first = 0,
		.end = arch_user_end,
		.page_bytes = PAGE_SIZE,
	};
	struct file_stat st;
	enum elf_err ee;
	enum err e;
	void *p;

	e = file_stat_of(f, &st);
	if (e != OK)
		return e;
	ee = elf_parse(head, head_len, st.size, elf);
	if (ee != ELF_OK)
		goto bad;
	if (elf->machine != ARCH_ELF_MACHINE)
		return ERR_NOEXEC;
	p = kmalloc(elf->phdr_bytes);
	if (p == NULL)
		return ERR_NOMEM;
	e = read_exact(f, p, elf->phdr_bytes, elf->phdr_offset);
	if (e != OK) {
		kfree(p, elf->phdr_bytes);
		return e;
	}
	ee = elf_parse_phdrs(elf, p, &limits);
	if (ee != ELF_OK) {
		kfree(p, elf->phdr_bytes);
		goto bad;
	}
	*phdrs = p;
	return OK;
bad:
	klog(LOG_DEBUG, "exec: %s", elf_err_text(ee));
	return ERR_NOEXEC;
}

static enum err
open_interp(struct image *img)
{
	char path[INTERP_MAX];
	uint64_t len = img->elf.interp.bytes;
	enum err e;

	if (len == 0)
		return OK;
	if (len > sizeof(path))
		return ERR_NOEXEC;
	e = read_exact(img->file, path, len, img->elf.interp.offset);
	if (e != OK)
		return e;
	path[len - 1] = '\0';
	return exec_open(img, path, &img->interp);
}

enum err
load_parse(struct image *img)
{
	return parse_file(img->file, img->head, img->head_len, &img->elf,
	    &img->phdrs);
}

/* ---- mapping ----------------------------------------------------------- */

/* What one ELF file is mapped with. */
struct loader {
	struct space *space;
	struct file *file;
	const struct elf_info *elf;
	const void *phdrs;
	uint64_t bias;
	struct memobj *obj; /* of file, referenced */
};

static unsigned
segment_prot(const struct elf_phdr *ph)
{
	return (ph->flags & ELF_FLAG_R ? PROT_READ : 0) |
	    (ph->flags & ELF_FLAG_W ? PROT_WRITE : 0) |
	    (ph->flags & ELF_FLAG_X ? PROT_EXEC : 0);
}

/* Pages of the file from off on; nothing where the range is empty. */
static enum err
map_pages(struct loader *l, vaddr_t start, vaddr_t end, unsigned prot,
    uint64_t off)
{
	const struct map_request req = {
		.addr = start,
		.len = end - start,
		.prot = prot,
		.how = MAP_AT,
		.obj = l->obj,
		.file = l->file,
		.offset = off,
	};
	vaddr_t got;

	return start == end ? OK : space_map(l->space, &req, &got);
}

static enum err
map_zeroes(struct loader *l, vaddr_t start, vaddr_t end, unsigned prot)
{
	const struct map_request req = {
		.addr = start,
		.len = end - start,
		.prot = prot,
		.how = MAP_AT,
	};
	vaddr_t got;

	return start == end ? OK : space_map(l->space, &req, &got);
}

/* Clears [from, page end) of a mapped file page. */
static enum err
clear_tail(struct loader *l, vaddr_t from)
{
	static const uint8_t zeroes[256];
	vaddr_t end = ALIGN_UP(from, PAGE_SIZE);
	enum err e = OK;

	while (from < end && e == OK) {
		size_t n = MIN(end - from, sizeof(zeroes));

		e = space_write(l->space, from, zeroes, n);
		from += n;
	}
	return e;
}

static enum err
map_segment(struct loader *l, const struct elf_phdr *ph)
{
	vaddr_t start = l->bias + ph->vaddr;
	vaddr_t page = ALIGN_DOWN(start, PAGE_SIZE);
	vaddr_t file_end = start + ph->filesz;
	vaddr_t end = ALIGN_UP(start + ph->memsz, PAGE_SIZE);
	vaddr_t file_top = ph->filesz == 0 ? page :
	    ALIGN_UP(file_end, PAGE_SIZE);
	unsigned prot = segment_prot(ph);
	enum err e;

	e = map_pages(l, page, file_top, prot,
	    ALIGN_DOWN(ph->offset, PAGE_SIZE));
	if (e == OK && ph->memsz > ph->filesz && ph->filesz != 0 &&
	    (prot & PROT_WRITE))
		e = clear_tail(l, file_end);
	if (e == OK)
		e = map_zeroes(l, file_top, end, prot);
	return e;
}

/* Reads a segment into anonymous memory, page by page. */
static enum err
read_segment(struct loader *l, const struct elf_phdr *ph)
{
	uint64_t done = 0;
	struct page *p = page_alloc(0);
	enum err e = OK;

	if (p == NULL)
		return ERR_NOMEM;
	while (done < ph->filesz && e == OK) {
		size_t n = MIN(ph->filesz - done, PAGE_SIZE);

		e = read_exact(l->file, page_virt(p), n, ph->offset + done);
		if (e == OK)
			e = space_write(l->space, l->bias + ph->vaddr + done,
			    page_virt(p), n);
		done += n;
	}
	page_unref(p);
	return e;
}

/* For images whose segments cannot be mapped: one anonymous area with the
 * union of all protections. */
static enum err
read_segments(struct loader *l)
{
	struct elf_phdr ph;
	unsigned prot = 0;
	enum err e;

	for (uint32_t i = 0; i < l->elf->phdr_count; i++) {
		elf_phdr_read(l->phdrs, i, &ph);
		if (ph.type == ELF_PT_LOAD)
			prot |= segment_prot(&ph);
	}
	e = map_zeroes(l, l->bias + ALIGN_DOWN(l->elf->low, PAGE_SIZE),
	    l->bias + ALIGN_UP(l->elf->high, PAGE_SIZE), prot | PROT_WRITE);
	for (uint32_t i = 0; e == OK && i < l->elf->phdr_count; i++) {
		elf_phdr_read(l->phdrs, i, &ph);
		if (ph.type == ELF_PT_LOAD)
			e = read_segment(l, &ph);
	}
	return e;
}

static enum err
map_segments(struct loader *l)
{
	struct elf_phdr ph;
	enum err e = OK;

	if (!l->elf->is_mappable || l->elf->shares_pages)
		return read_segments(l);
	for (uint32_t i = 0; e == OK && i < l->elf->phdr_count; i++) {
		elf_phdr_read(l->phdrs, i, &ph);
		if (ph.type == ELF_PT_LOAD)
			e = map_segment(l, &ph);
	}
	return e;
}

/* Finds room for a position-independent image. at 0: anywhere. */
static enum err
place(struct loader *l, vaddr_t at)
{
	vaddr_t low = ALIGN_DOWN(l->elf->low, PAGE_SIZE);
	const struct map_request req = {
		.addr = at,
		.len = ALIGN_UP(l->elf->high, PAGE_SIZE) - low,
		.flags = REGION_NORESERVE,
	};
	vaddr_t got;
	enum err e = space_map(l->space, &req, &got);

	if (e == OK)
		l->bias = got - low;
	return e;
}

static enum err
map_file(struct loader *l, vaddr_t at)
{
	struct map_request probe = {
		.len = PAGE_SIZE,
		.prot = PROT_READ | PROT_EXEC,
	};
	enum err e = file_map(l->file, &probe, &l->obj);

	if (e != OK)
		return e == ERR_NODEV ? ERR_NOEXEC : e;
	if (l->elf->type == ELF_TYPE_DYN)
		e = place(l, at);
	if (e == OK)
		e = map_segments(l);
	obj_unref(&l->obj->obj);
	return e;
}

static enum err
map_interp(struct image *img)
{
	struct loader l = {
		.space = img->space,
		.file = img->interp,
		.elf = &img->interp_elf,
	};
	void *phdrs = NULL;
	uint8_t head[512];
	struct iter it;
	size_t done = 0;
	enum err e;

	iter_kernel(&it, head, sizeof(head), true);
	e = file_pread(img->interp, &it, 0, &done);
	if (e != OK)
		return e;
	e = parse_file(img->interp, head, done, &img->interp_elf, &phdrs);
	if (e != OK)
		return e == ERR_NOEXEC ? ERR_LIBBAD : e;
	l.phdrs = phdrs;
	e = map_file(&l, 0);
	kfree(phdrs, img->interp_elf.phdr_bytes);
	if (e != OK)
		return e;
	img->interp_base = l.bias;
	img->entry = l.bias + img->interp_elf.entry;
	return OK;
}

static void
note_layout(struct image *img, const struct loader *l)
{
	struct space *s = img->space;
	struct elf_phdr ph;

	img->load_bias = l->bias;
	img->entry = l->bias + img->elf.entry;
	img->phdr_addr = img->elf.has_phdr_addr ?
	    l->bias + img->elf.phdr_addr : 0;
	img->brk = ALIGN_UP(l->bias + img->elf.high, PAGE_SIZE);
	img->exec_stack = img->elf.has_stack &&
	    (img->elf.stack_flags & ELF_FLAG_X);
	s->brk_start = s->brk = img->brk;
	for (uint32_t i = 0; i < img->elf.phdr_count; i++) {
		elf_phdr_read(l->phdrs, i, &ph);
		if (ph.type != ELF_PT_LOAD)
			continue;
		if (ph.flags & ELF_FLAG_X) {
			s->code_start = l->bias + ph.vaddr;
			s->code_end = s->code_start + ph.memsz;
		} else if (ph.flags & ELF_FLAG_W) {
			s->data_start = l->bias + ph.vaddr;
			s->data_end = s->data_start + ph.filesz;
		}
	}
}

enum err
load_map(struct image *img)
{
	struct loader l = {
		.space = img->space,
		.file = img->file,
		.elf = &img->elf,
		.phdrs = img->phdrs,
	};
	vaddr_t pie = ALIGN_DOWN(arch_user_end / 3 * 2, PAGE_SIZE) +
	    (random_u64() % PIE_RANDOM_PAGES) * PAGE_SIZE;
	enum err e;

	e = open_interp(img);
	if (e != OK)
		return e;
	e = map_file(
	    &l, img->interp != NULL ? pie : ALIGN_DOWN(pie / 2, PAGE_SIZE));
	if (e != OK)
		return e;
	note_layout(img, &l);
	return img->interp != NULL ? map_interp(img) : OK;
}

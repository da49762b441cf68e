/*
 * The only touch of user memory.
 *
 * Nothing here uses a user address as a pointer. A page is translated by the
 * software TLB (mm/tlb.c explains why that is safe against unmapping) and its
 * bytes are moved through the direct map with irqs off, at most a page at a
 * time. So the kernel never opens user memory to itself (SUM, PAN, SMAP stay
 * closed), a bad pointer costs no trap, and arch/host runs all of this.
 *
 * The _nofault forms report how far they came; the others let space_fault()
 * bring the missing page and go on.
 */
#include <kernel/user.h>

#include "region.h"
#include "tlb.h"

#include <lib/string.h>

static inline size_t
page_left(uintptr_t addr, size_t len)
{
	return MIN(len, PAGE_SIZE - (addr & PAGE_MASK));
}

/* Makes one page accessible. */
static NOINLINE enum err
page_fault_in(uintptr_t addr, unsigned access)
{
	struct space *s = space_current();
	enum err e;

	if (s == NULL)
		return ERR_FAULT;
	e = space_fault(s, addr, access);
	return e == OK || e == ERR_NOMEM || e == ERR_QUOTA ? e : ERR_FAULT;
}

#define FEW_BYTES 64

/* Single bytes and a few words are what most calls move. */
static ALWAYS_INLINE void
move(void *to, const void *from, size_t n)
{
	MAY_ALIAS uint64_t *d = to;
	const MAY_ALIAS uint64_t *s = from;

	if (n == 1)
		*(char *)to = *(const char *)from;
	else if (n <= FEW_BYTES &&
	    (((uintptr_t)to | (uintptr_t)from | n) & 7) == 0)
		for (const uint64_t *end = s + n / 8; s != end;)
			*d++ = *s++;
	else
		bulk_copy(to, from, n);
}

/* Within one page; false: absent or not allowed. */
static ALWAYS_INLINE bool
part_in(void *dst, uintptr_t src, size_t n)
{
	unsigned long flags = arch_irq_save();
	const char *from = soft_lookup(src, false);

	if (UNLIKELY(from == NULL)) {
		arch_irq_restore(flags);
		return false;
	}
	move(dst, from, n);
	arch_irq_restore(flags);
	return true;
}

static ALWAYS_INLINE bool
part_out(uintptr_t dst, const void *src, size_t n)
{
	unsigned long flags = arch_irq_save();
	char *to = soft_lookup(dst, true);

	if (UNLIKELY(to == NULL)) {
		arch_irq_restore(flags);
		return false;
	}
	move(to, src, n);
	arch_irq_restore(flags);
	return true;
}

static ALWAYS_INLINE bool
part_zero(uintptr_t dst, size_t n)
{
	unsigned long flags = arch_irq_save();
	char *to = soft_lookup(dst, true);

	if (LIKELY(to != NULL)) {
		if (n == 1)
			*to = 0;
		else
			memset(to, 0, n);
	}
	arch_irq_restore(flags);
	return to != NULL;
}

/* Over page ends. */
static NOINLINE size_t
pages_in(void *dst, uintptr_t src, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t n = page_left(src + done, len - done);

		if (!part_in((char *)dst + done, src + done, n))
			break;
		done += n;
	}
	return done;
}

static NOINLINE size_t
pages_out(uintptr_t dst, const void *src, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t n = page_left(dst + done, len - done);

		if (!part_out(dst + done, (const char *)src + done, n))
			break;
		done += n;
	}
	return done;
}

static NOINLINE size_t
pages_zero(uintptr_t dst, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t n = page_left(dst + done, len - done);

		if (!part_zero(dst + done, n))
			break;
		done += n;
	}
	return done;
}

static inline bool
in_one_page(uintptr_t addr, size_t len)
{
	return len <= PAGE_SIZE - (addr & PAGE_MASK);
}

size_t
user_copy_in_nofault(void *dst, uintptr_t src, size_t len)
{
	if (LIKELY(in_one_page(src, len)))
		return part_in(dst, src, len) ? len : 0;
	return pages_in(dst, src, len);
}

size_t
user_copy_out_nofault(uintptr_t dst, const void *src, size_t len)
{
	if (LIKELY(in_one_page(dst, len)))
		return part_out(dst, src, len) ? len : 0;
	return pages_out(dst, src, len);
}

size_t
user_zero_nofault(uintptr_t dst, size_t len)
{
	if (LIKELY(in_one_page(dst, len)))
		return part_zero(dst, len) ? len : 0;
	return pages_zero(dst, len);
}

/* What is not a matter of one page that is there. */
static NOINLINE enum err
copy_in_pages(void *dst, uintptr_t src, size_t len)
{
	size_t done = pages_in(dst, src, len);

	while (done < len) {
		enum err e = page_fault_in(src + done, PROT_READ);

		if (e != OK)
			return e;
		done += pages_in((char *)dst + done, src + done, len - done);
	}
	return OK;
}

enum err
user_copy_in(void *dst, uintptr_t src, size_t len)
{
	return LIKELY(in_one_page(src, len) && part_in(dst, src, len)) ? OK :
	    copy_in_pages(dst, src, len);
}

static NOINLINE enum err
copy_out_pages(uintptr_t dst, const void *src, size_t len)
{
	size_t done = pages_out(dst, src, len);

	while (done < len) {
		enum err e = page_fault_in(dst + done, PROT_WRITE);

		if (e != OK)
			return e;
		done += pages_out(
		    dst + done, (const char *)src + done, len - done);
	}
	return OK;
}

enum err
user_copy_out(uintptr_t dst, const void *src, size_t len)
{
	return LIKELY(in_one_page(dst, len) && part_out(dst, src, len)) ? OK :
	    copy_out_pages(dst, src, len);
}

enum err
user_zero(uintptr_t dst, size_t len)
{
	size_t done = 0;

	for (;;) {
		enum err e;

		done += user_zero_nofault(dst + done, len - done);
		if (done == len)
			return OK;
		e = page_fault_in(dst + done, PROT_WRITE);
		if (e != OK)
			return e;
	}
}

void *
user_view(uintptr_t addr, size_t len, unsigned access, unsigned long *flags)
{
	unsigned long on;
	void *there;

	if (UNLIKELY(!in_one_page(addr, len) || (addr & 7) != 0))
		return NULL;
	on = arch_irq_save();
	there = soft_lookup(addr, (access & PROT_WRITE) != 0);
	if (UNLIKELY(there == NULL))
		arch_irq_restore(on);
	*flags = on;
	return there;
}

/* ---- strings ---------------------------------------------------------- */

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* The bytes before a NUL within the max bytes at s, or max. Reads whole words
 * of the page s lies in. */
static size_t
bytes_before_nul(const char *s, size_t max)
{
	const char *p = s, *end = s + max;

	for (; p < end && ((uintptr_t)p & 7) != 0; p++)
		if (*p == '\0')
			return (size_t)(p - s);
	for (; p + 8 <= end; p += 8) {
		uint64_t w = *(const MAY_ALIAS uint64_t *)p;

		if (((w - ONES) & ~w & HIGHS) != 0)
			break;
	}
	for (; p < end && *p != '\0'; p++)
		;
	return (size_t)(p - s);
}

enum err
user_string_in(char *dst, uintptr_t src, size_t max, size_t *len)
{
	size_t done = 0;

	while (done < max) {
		size_t n = page_left(src + done, max - done), got;
		unsigned long flags = arch_irq_save();
		const char *from = soft_lookup(src + done, false);
		enum err e;

		if (UNLIKELY(from == NULL)) {
			arch_irq_restore(flags);
			e = page_fault_in(src + done, PROT_READ);
			if (e != OK)
				return e;
			continue;
		}
		got = bytes_before_nul(from, n);
		memcpy(dst + done, from, got);
		arch_irq_restore(flags);
		done += got;
		if (got < n) {
			dst[done] = '\0';
			*len = done;
			return OK;
		}
	}
	return ERR_NAMETOOLONG;
}

/* A page per path: paths live for one call, and a CPU's stack of pages is
 * the cheapest allocator there is. */
_Static_assert(PATH_MAX == PAGE_SIZE, "a path fits a page");

enum err
user_path_in(uintptr_t src, char **out, size_t *len)
{
	struct page *p = page_alloc(0);
	enum err e;

	if (UNLIKELY(p == NULL))
		return ERR_NOMEM;
	e = user_string_in(page_virt(p), src, PATH_MAX, len);
	if (UNLIKELY(e != OK)) {
		page_free(p, 0);
		return e;
	}
	*out = page_virt(p);
	return OK;
}

void
path_buf_free(char *path)
{
	if (path != NULL)
		page_free(page_of(virt_to_phys(path)), 0);
}

/* ---- words ------------------------------------------------------------ */

enum err
user_load32_nofault(uintptr_t addr, uint32_t *out)
{
	unsigned long flags;
	const _Atomic(uint32_t) *word;

	if ((addr & 3) != 0)
		return ERR_INVAL;
	flags = arch_irq_save();
	word = soft_lookup(addr, false);
	if (LIKELY(word != NULL))
		*out = atomic_load(word);
	arch_irq_restore(flags);
	return LIKELY(word != NULL) ? OK : ERR_AGAIN;
}

enum err
user_cmpxchg32_nofault(
    uintptr_t addr, uint32_t expect, uint32_t desired, uint32_t *old)
{
	unsigned long flags;
	_Atomic(uint32_t) *word;

	if ((addr & 3) != 0)
		return ERR_INVAL;
	flags = arch_irq_save();
	word = soft_lookup(addr, true);
	if (LIKELY(word != NULL)) {
		(void)atomic_compare_exchange_strong(word, &expect, desired);
		*old = expect;
	}
	arch_irq_restore(flags);
	return LIKELY(word != NULL) ? OK : ERR_AGAIN;
}

enum err
user_load32(uintptr_t addr, uint32_t *out)
{
	enum err e;

	while ((e = user_load32_nofault(addr, out)) == ERR_AGAIN) {
		e = page_fault_in(addr, PROT_READ);
		if (e != OK)
			break;
	}
	return e;
}

enum err
user_store32(uintptr_t addr, uint32_t value)
{
	if ((addr & 3) != 0)
		return ERR_INVAL;
	for (;;) {
		unsigned long flags = arch_irq_save();
		_Atomic(uint32_t) *word = soft_lookup(addr, true);
		enum err e;

		if (LIKELY(word != NULL))
			atomic_store(word, value);
		arch_irq_restore(flags);
		if (LIKELY(word != NULL))
			return OK;
		e = page_fault_in(addr, PROT_WRITE);
		if (e != OK)
			return e;
	}
}

enum err
user_load64(uintptr_t addr, uint64_t *out)
{
	return (addr & 7) != 0 ? ERR_INVAL :
	    user_copy_in(out, addr, sizeof(*out));
}

enum err
user_store64(uintptr_t addr, uint64_t value)
{
	return (addr & 7) != 0 ? ERR_INVAL :
	    user_copy_out(addr, &value, sizeof(value));
}

enum err
user_fault_in(uintptr_t addr, size_t len, unsigned access)
{
	struct space *s = space_current();
	uintptr_t at = ALIGN_DOWN(addr, PAGE_SIZE);

	if (len == 0)
		return OK;
	if (s == NULL || addr + len < addr || addr + len > arch_user_end)
		return ERR_FAULT;
	for (; at < addr + len; at += PAGE_SIZE) {
		unsigned long flags = arch_irq_save();
		const void *p = soft_lookup(at, (access & PROT_WRITE) != 0);

		arch_irq_restore(flags);
		if (p == NULL) {
			enum err e = page_fault_in(at, access);

			if (e != OK)
				return e;
		}
	}
	return OK;
}

/* ---- another space ---------------------------------------------------- */

/* The page behind addr, referenced, if present and accessible. */
static struct page *
page_pin(struct space *s, uintptr_t addr, unsigned access)
{
	struct page *p = NULL;
	unsigned prot;
	paddr_t pa;

	rw_read_lock(&s->lock);
	if (pt_query(&s->arch, addr, &pa, &prot) &&
	    (prot & (access | PROT_USER)) == (access | PROT_USER))
		p = page_of(pa);
	if (p != NULL && !ref_inc_unless_zero(&p->refs))
		p = NULL;
	/* Dropped meanwhile? The argument is entry_stands()'s. */
	atomic_thread_fence(memory_order_seq_cst);
	if (p != NULL && (!pt_query(&s->arch, addr, &pa, &prot) ||
	    page_of(pa) != p)) {
		page_unref(p);
		p = NULL;
	}
	rw_read_unlock(&s->lock);
	return p;
}

static enum err
space_copy(struct space *s, uintptr_t addr, struct iter_seg buf, bool write)
{
	unsigned access = write ? PROT_WRITE : PROT_READ;

	if (addr + buf.len < addr || addr + buf.len > arch_user_end)
		return ERR_FAULT;
	while (buf.len > 0) {
		size_t n = page_left(addr, buf.len);
		struct page *p = page_pin(s, addr, access);
		char *at;

		if (p == NULL) {
			enum err e = space_fault(s, addr, access);

			if (e != OK)
				return e == ERR_NOMEM ? e : ERR_FAULT;
			continue;
		}
		at = (char *)page_virt(p) + (addr & PAGE_MASK);
		if (write)
			memcpy(at, (const void *)buf.base, n);
		else
			memcpy((void *)buf.base, at, n);
		page_unref(p);
		addr += n;
		buf.base += n;
		buf.len -= n;
	}
	return OK;
}

enum err
space_read(struct space *s, uintptr_t addr, void *dst, size_t len)
{
	return space_copy(
	    s, addr, (struct iter_seg){ (uintptr_t)dst, len }, false);
}

enum err
space_write(struct space *s, uintptr_t addr, const void *src, size_t len)
{
	return space_copy(
	    s, addr, (struct iter_seg){ (uintptr_t)src, len }, true);
}

/*
 * The only touch of user memory.
 *
 * Nothing here uses a user address as a pointer. A page is translated by the
 * software TLB (mm/tlb.c explains why that is safe against unmapping) and its
 * bytes are moved through the direct map while the CPU holds its translations,
 * at most a page at a time. So the kernel never opens user memory to itself
 * (SUM, PAN, SMAP stay closed), a bad pointer costs no trap, and arch/host runs
 * all of this.
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

static inline bool
in_one_page(uintptr_t addr, size_t len)
{
	return len <= PAGE_SIZE - (addr & PAGE_MASK);
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

/* ---- a few bytes -------------------------------------------------------- */

/*
 * Most calls move a byte or some words to or from a page that the CPU knows:
 * that is done without calling anything, so that no register is saved. The
 * rest is for the functions after these.
 */
#define FEW_BYTES 64

static ALWAYS_INLINE bool
is_few(uintptr_t user, const void *kernel, size_t n)
{
	uintptr_t bits = user | (uintptr_t)kernel;

	if (n == 1)
		return true;
	if (n == 8)
		return LIKELY((bits & 7) == 0);
	return n <= FEW_BYTES && ((bits | n) & 3) == 0 && in_one_page(user, n);
}

/* bits: of both addresses and n together; the address in the page has the
 * alignment of the user's. */
static ALWAYS_INLINE void
move_few(void *to, const void *from, size_t n, uintptr_t bits)
{
	MAY_ALIAS uint64_t *d = to;
	const MAY_ALIAS uint64_t *s = from;

	if (n == 1) {
		*(char *)to = *(const char *)from;
	} else if (n == 8) {
		*d = *s;
	} else if ((bits & 7) == 0) {
		for (const uint64_t *end = s + n / 8; s != end;)
			*d++ = *s++;
	} else {
		MAY_ALIAS uint32_t *d4 = to;
		const MAY_ALIAS uint32_t *s4 = from, *end = s4 + n / 4;

		while (s4 != end)
			*d4++ = *s4++;
	}
}

static ALWAYS_INLINE void
zero_few(void *to, size_t n)
{
	if (n == 1) {
		*(char *)to = 0;
	} else {
		MAY_ALIAS uint32_t *d = to, *end = d + n / 4;

		while (d != end)
			*d++ = 0;
	}
}

static ALWAYS_INLINE bool
few_in(void *dst, uintptr_t src, size_t n)
{
	const void *from;

	if (!is_few(src, dst, n))
		return false;
	user_hold();
	from = soft_peek(src, false);
	if (LIKELY(from != NULL))
		move_few(dst, from, n, src | (uintptr_t)dst | n);
	user_release();
	return from != NULL;
}

static ALWAYS_INLINE bool
few_out(uintptr_t dst, const void *src, size_t n)
{
	void *to;

	if (!is_few(dst, src, n))
		return false;
	user_hold();
	to = soft_peek(dst, true);
	if (LIKELY(to != NULL))
		move_few(to, src, n, dst | (uintptr_t)src | n);
	user_release();
	return to != NULL;
}

static ALWAYS_INLINE bool
few_zero(uintptr_t dst, size_t n)
{
	void *to;

	if (!is_few(dst, NULL, n))
		return false;
	user_hold();
	to = soft_peek(dst, true);
	if (LIKELY(to != NULL))
		zero_few(to, n);
	user_release();
	return to != NULL;
}

/* ---- many --------------------------------------------------------------- */

/* Within one page; false: absent or not allowed. */
static ALWAYS_INLINE bool
part_in(void *dst, uintptr_t src, size_t n)
{
	const char *from;

	user_hold();
	from = soft_lookup(src, false);
	if (LIKELY(from != NULL))
		bulk_copy(dst, from, n);
	user_release();
	return from != NULL;
}

static ALWAYS_INLINE bool
part_out(uintptr_t dst, const void *src, size_t n)
{
	char *to;

	user_hold();
	to = soft_lookup(dst, true);
	if (LIKELY(to != NULL))
		bulk_copy(to, src, n);
	user_release();
	return to != NULL;
}

static ALWAYS_INLINE bool
part_zero(uintptr_t dst, size_t n)
{
	char *to;

	user_hold();
	to = soft_lookup(dst, true);
	if (LIKELY(to != NULL))
		memset(to, 0, n);
	user_release();
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

static NOINLINE size_t
many_in(void *dst, uintptr_t src, size_t len)
{
	if (LIKELY(in_one_page(src, len)))
		return part_in(dst, src, len) ? len : 0;
	return pages_in(dst, src, len);
}

size_t
user_copy_in_nofault(void *dst, uintptr_t src, size_t len)
{
	return LIKELY(few_in(dst, src, len)) ? len : many_in(dst, src, len);
}

static NOINLINE size_t
many_out(uintptr_t dst, const void *src, size_t len)
{
	if (LIKELY(in_one_page(dst, len)))
		return part_out(dst, src, len) ? len : 0;
	return pages_out(dst, src, len);
}

size_t
user_copy_out_nofault(uintptr_t dst, const void *src, size_t len)
{
	return LIKELY(few_out(dst, src, len)) ? len :
	    many_out(dst, src, len);
}

static NOINLINE size_t
many_zero(uintptr_t dst, size_t len)
{
	if (LIKELY(in_one_page(dst, len)))
		return part_zero(dst, len) ? len : 0;
	return pages_zero(dst, len);
}

size_t
user_zero_nofault(uintptr_t dst, size_t len)
{
	return LIKELY(few_zero(dst, len)) ? len : many_zero(dst, len);
}

/* With what faults bring. */
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

static NOINLINE enum err
copy_in_many(void *dst, uintptr_t src, size_t len)
{
	return LIKELY(in_one_page(src, len) && part_in(dst, src, len)) ? OK :
	    copy_in_pages(dst, src, len);
}

enum err
user_copy_in(void *dst, uintptr_t src, size_t len)
{
	return LIKELY(few_in(dst, src, len)) ? OK :
	    copy_in_many(dst, src, len);
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

static NOINLINE enum err
copy_out_many(uintptr_t dst, const void *src, size_t len)
{
	return LIKELY(in_one_page(dst, len) && part_out(dst, src, len)) ? OK :
	    copy_out_pages(dst, src, len);
}

enum err
user_copy_out(uintptr_t dst, const void *src, size_t len)
{
	return LIKELY(few_out(dst, src, len)) ? OK :
	    copy_out_many(dst, src, len);
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

/* When the CPU does not know the page. */
static NOINLINE void *
view_lookup(uintptr_t addr, bool write)
{
	void *there = soft_lookup(addr, write);

	if (there == NULL)
		user_release();
	return there;
}

static ALWAYS_INLINE void *
view(uintptr_t addr, size_t len, bool write)
{
	void *there;

	if (UNLIKELY(!in_one_page(addr, len) || (addr & 7) != 0))
		return NULL;
	user_hold();
	there = soft_peek(addr, write);
	return LIKELY(there != NULL) ? there : view_lookup(addr, write);
}

void *
user_view_read(uintptr_t addr, size_t len)
{
	return view(addr, len, false);
}

void *
user_view_write(uintptr_t addr, size_t len)
{
	return view(addr, len, true);
}

int
user_peek_byte(uintptr_t addr)
{
	const uint8_t *there;
	int byte;

	user_hold();
	there = soft_peek(addr, false);
	byte = LIKELY(there != NULL) ? *there : -1;
	user_release();
	return byte;
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
		const char *from;
		enum err e;

		user_hold();
		from = soft_lookup(src + done, false);
		if (UNLIKELY(from == NULL)) {
			user_release();
			e = page_fault_in(src + done, PROT_READ);
			if (e != OK)
				return e;
			continue;
		}
		got = bytes_before_nul(from, n);
		memcpy(dst + done, from, got);
		user_release();
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

/*
 * Whole words are copied, from the one in which the string begins, and each
 * is searched for the NUL: what lies before the string in its first word
 * counts as no NUL. All ports are little-endian.
 */
bool
user_path_short(struct user_path *p, uintptr_t src)
{
	size_t skip = src % 8, room = PAGE_SIZE - (src & PAGE_MASK) + skip;
	const _Atomic(uint64_t) *from;
	const uint64_t *end = p->words + MIN(room / 8, ARRAY_LEN(p->words));
	uint64_t *to = p->words, word, before = (UINT64_C(1) << skip * 8) - 1;
	uint64_t nul = 0;

	user_hold();
	from = soft_peek(src - skip, false);
	while (LIKELY(from != NULL) && nul == 0 && to != end) {
		word = atomic_load_explicit(from++, memory_order_relaxed);
		*to++ = word;
		word |= before;
		before = 0;
		nul = (word - ONES) & ~word & HIGHS;
	}
	user_release();
	if (UNLIKELY(nul == 0))
		return false;
	/* The lowest bit of nul is its byte's: count the bytes up to it. */
	p->text = (const char *)p->words + skip;
	p->len = (size_t)(to - p->words) * 8 - 9 - skip +
	    (((nul - 1) & ~nul & ONES) * ONES >> 56);
	return true;
}

/* ---- words ------------------------------------------------------------ */

enum err
user_load32_nofault(uintptr_t addr, uint32_t *out)
{
	const _Atomic(uint32_t) *word;

	if ((addr & 3) != 0)
		return ERR_INVAL;
	user_hold();
	word = soft_lookup(addr, false);
	if (LIKELY(word != NULL))
		*out = atomic_load(word);
	user_release();
	return LIKELY(word != NULL) ? OK : ERR_AGAIN;
}

enum err
user_cmpxchg32_nofault(
    uintptr_t addr, uint32_t expect, uint32_t desired, uint32_t *old)
{
	_Atomic(uint32_t) *word;

	if ((addr & 3) != 0)
		return ERR_INVAL;
	user_hold();
	word = soft_lookup(addr, true);
	if (LIKELY(word != NULL)) {
		(void)atomic_compare_exchange_strong(word, &expect, desired);
		*old = expect;
	}
	user_release();
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
		_Atomic(uint32_t) *word;
		enum err e;

		user_hold();
		word = soft_lookup(addr, true);
		if (LIKELY(word != NULL))
			atomic_store(word, value);
		user_release();
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
		const void *p;

		user_hold();
		p = soft_lookup(at, (access & PROT_WRITE) != 0);
		user_release();
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

/*
 * The only touch of user memory (mm/user.c).
 *
 * Addresses belong to the space of the running thread. A page is found in the
 * CPU's software TLB or the page tables and copied through the direct map;
 * a TLB shoot-down waits for the copy; absent pages go
 * through space_fault() and the copy goes on. All of these sleep; none may be
 * called with a lock held, except the _nofault forms.
 */
#pragma once

#include <kernel/attr.h>
#include <kernel/cpu.h>
#include <kernel/err.h>
#include <kernel/log.h>

struct space;

/* ERR_FAULT: some byte is not accessible; then part may have been copied. */
enum err user_copy_in(void *dst, uintptr_t src, size_t len);
enum err user_copy_out(uintptr_t dst, const void *src, size_t len);
enum err user_zero(uintptr_t dst, size_t len);
/* Copies a string with its NUL; ERR_NAMETOOLONG when no NUL within max.
 * *len without the NUL. */
enum err user_string_in(char *dst, uintptr_t src, size_t max, size_t *len);
/* The count of bytes copied without a fault; any context. */
size_t user_copy_in_nofault(void *dst, uintptr_t src, size_t len);
size_t user_copy_out_nofault(uintptr_t dst, const void *src, size_t len);
size_t user_zero_nofault(uintptr_t dst, size_t len);
/* The byte at addr if the CPU knows its page, else -1; no interrupt. */
int user_peek_byte(uintptr_t addr);
/* Makes pages present and accessible (PROT_READ or PROT_WRITE). */
enum err user_fault_in(uintptr_t addr, size_t len, unsigned access);

/*
 * From one to the other this CPU holds its translations of user pages: no
 * flush is answered, and the thread is not preempted. A byte is stored and
 * cleared, because turning interrupts off and on costs an emulator more than
 * most copies. Be short: nothing between the two sleeps or touches user memory
 * by another function of this file; interrupts never do.
 */
static ALWAYS_INLINE void
user_hold(void)
{
	struct thread_head *t = arch_current();

	DASSERT(!t->user_held);
	t->user_held = true;
	atomic_signal_fence(memory_order_seq_cst);
}

/* Something came meanwhile: mm/tlb.c. */
void user_release_late(void);

static ALWAYS_INLINE void
user_release(void)
{
	struct thread_head *t = arch_current();

	atomic_signal_fence(memory_order_seq_cst);
	t->user_held = false;
	atomic_signal_fence(memory_order_seq_cst);
	if (UNLIKELY(atomic_load_explicit(&t->work, memory_order_relaxed) &
	    (WORK_RESCHED | WORK_RCU | WORK_FLUSH)))
		user_release_late();
	arch_poll();
}

/*
 * The len bytes at addr as the kernel sees them, so that a result is made where
 * it belongs: NULL unless they lie in one page that is there and allows access
 * (PROT_READ or PROT_WRITE), and addr is a multiple of 8. It is held until
 * user_release(). Other threads may write there meanwhile, so what is checked
 * is read once.
 */
void *user_view_read(uintptr_t addr, size_t len);
void *user_view_write(uintptr_t addr, size_t len);
static inline void *
user_view(uintptr_t addr, size_t len, unsigned access)
{
	return access & PROT_WRITE ? user_view_write(addr, len) :
	    user_view_read(addr, len);
}

/* Aligned words; ERR_INVAL when not aligned. */
enum err user_load32(uintptr_t addr, uint32_t *out);
enum err user_store32(uintptr_t addr, uint32_t value);
enum err user_load64(uintptr_t addr, uint64_t *out);
enum err user_store64(uintptr_t addr, uint64_t value);
/* ERR_AGAIN: page not resident writable (call user_fault_in). No sleep. */
enum err user_load32_nofault(uintptr_t addr, uint32_t *out);
enum err user_cmpxchg32_nofault(
    uintptr_t addr, uint32_t expect, uint32_t desired, uint32_t *old);

/* A whole path in a kernel buffer; free with path_buf_free (NULL is fine).
 * ERR_NAMETOOLONG beyond PATH_MAX - 1 bytes. */
#define PATH_MAX 4096
enum err user_path_in(uintptr_t src, char **out, size_t *len);
void path_buf_free(char *path);

/* A path that needs no buffer when it is short, as most are. */
struct user_path {
	const char *text; /* NUL-terminated: in words, or page */
	size_t len;
	char *page; /* of a long path, or NULL */
	uint64_t words[9];
};
/* Fills p->words, text and len by the path at src; false: it is long, or in
 * a page that the CPU does not know. */
bool user_path_short(struct user_path *p, uintptr_t src);

/* As user_path_in; release with user_path_put. */
static inline enum err
user_path_get(struct user_path *p, uintptr_t src)
{
	enum err e;

	p->page = NULL;
	if (LIKELY(user_path_short(p, src)))
		return OK;
	e = user_path_in(src, &p->page, &p->len);
	p->text = p->page;
	return e;
}

static inline void
user_path_put(struct user_path *p)
{
	if (UNLIKELY(p->page != NULL))
		path_buf_free(p->page);
	p->page = NULL;
}

/* Another space's memory (ptrace, /proc/PID/mem): pages are pinned. */
enum err space_read(struct space *s, uintptr_t addr, void *dst, size_t len);
enum err space_write(
    struct space *s, uintptr_t addr, const void *src, size_t len);

/*
 * Functions that gcc 12 calls for what the base instruction set has no single
 * instruction for: byte swaps, and atomics on a byte, which are done on the
 * aligned word around it.
 *
 * Their names and shapes are the compiler's: gcc 12 manual, 6.55 and libgcc.
 */
#include <kernel/attr.h>

uint32_t __bswapsi2(uint32_t v);
uint64_t __bswapdi2(uint64_t v);

uint32_t
__bswapsi2(uint32_t v)
{
	v = (v & 0x00ff00ffu) << 8 | (v >> 8 & 0x00ff00ffu);
	return v << 16 | v >> 16;
}

uint64_t
__bswapdi2(uint64_t v)
{
	v = (v & UINT64_C(0x00ff00ff00ff00ff)) << 8 |
	    (v >> 8 & UINT64_C(0x00ff00ff00ff00ff));
	v = (v & UINT64_C(0x0000ffff0000ffff)) << 16 |
	    (v >> 16 & UINT64_C(0x0000ffff0000ffff));
	return v << 32 | v >> 32;
}

/* ---- atomics on a byte -------------------------------------------------- */

/* The names are built-ins that cannot be defined in C directly. */
uint8_t exchange_1(volatile void *p, uint8_t v, int order)
    __asm__("__atomic_exchange_1");
bool compare_exchange_1(volatile void *p, void *expected, uint8_t desired,
    bool weak, int success, int failure)
    __asm__("__atomic_compare_exchange_1");
uint8_t fetch_or_1(volatile void *p, uint8_t v, int order)
    __asm__("__atomic_fetch_or_1");
uint8_t fetch_and_1(volatile void *p, uint8_t v, int order)
    __asm__("__atomic_fetch_and_1");
uint8_t fetch_add_1(volatile void *p, uint8_t v, int order)
    __asm__("__atomic_fetch_add_1");

static atomic_uint *
word_of(volatile void *p)
{
	return (atomic_uint *)((uintptr_t)p & ~(uintptr_t)3);
}

static unsigned
shift_of(volatile void *p)
{
	return ((uintptr_t)p & 3) * 8;
}

/* Puts (old & keep) + add into the byte, keep and add being bytes; old. */
static uint8_t
update(volatile void *p, uint8_t keep, uint8_t add)
{
	atomic_uint *w = word_of(p);
	unsigned shift = shift_of(p);
	unsigned old = atomic_load_explicit(w, memory_order_relaxed), next;
	uint8_t byte;

	do {
		byte = (uint8_t)(old >> shift);
		next = (old & ~(0xffu << shift)) |
		    (unsigned)(uint8_t)((byte & keep) + add) << shift;
	} while (!atomic_compare_exchange_weak(w, &old, next));
	return byte;
}

uint8_t
exchange_1(volatile void *p, uint8_t v, int order UNUSED)
{
	return update(p, 0, v);
}

uint8_t
fetch_or_1(volatile void *p, uint8_t v, int order UNUSED)
{
	return (uint8_t)(atomic_fetch_or(
	    word_of(p), (unsigned)v << shift_of(p)) >> shift_of(p));
}

uint8_t
fetch_and_1(volatile void *p, uint8_t v, int order UNUSED)
{
	return (uint8_t)(atomic_fetch_and(word_of(p),
	    ~((unsigned)(uint8_t)~v << shift_of(p))) >> shift_of(p));
}

uint8_t
fetch_add_1(volatile void *p, uint8_t v, int order UNUSED)
{
	return update(p, 0xff, v);
}

bool
compare_exchange_1(volatile void *p, void *expected, uint8_t desired,
    bool weak UNUSED, int success UNUSED, int failure UNUSED)
{
	atomic_uint *w = word_of(p);
	unsigned shift = shift_of(p);
	unsigned old = atomic_load_explicit(w, memory_order_relaxed), next;
	uint8_t *want = expected;

	do {
		if ((uint8_t)(old >> shift) != *want) {
			*want = (uint8_t)(old >> shift);
			return false;
		}
		next = (old & ~(0xffu << shift)) | (unsigned)desired << shift;
	} while (!atomic_compare_exchange_weak(w, &old, next));
	return true;
}

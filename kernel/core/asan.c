/*
 * Address checks (BUILD=asan).
 *
 * gcc calls one of the functions below before each load and store. A shadow
 * byte stands for eight bytes of RAM as seen through the direct map: 0 all may
 * be used, 1 to 7 so many of them, POISON none. The shadow of all RAM is taken
 * at boot from the end of a RAM range. The kernel's image, kernel stacks and
 * device mappings have no shadow and pass; a user address never does, since
 * only mm/user.c reaches user memory, through the direct map.
 *
 * A report says "asan:", which the test runner takes as a failure; the kernel
 * goes on, so the allocators' own checks still get their say.
 */
#include <kernel/asan.h>
#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/panic.h>

#include <lib/string.h>

#define GRAIN       8u
#define POISON      0xff
#define REPORTS_MAX 20u

static struct {
	uint8_t *bytes; /* [I] NULL: too early */
	uintptr_t low, high; /* [I] direct-map addresses that have a shadow */
	atomic_uint reports; /* [A] */
	atomic_bool reporting; /* [A] */
} shadow;

/* ---- the shadow's memory ----------------------------------------------- */

/* Moves at below the first reserved range it meets; false: it met none. */
static bool
dodge(paddr_t *at, uint64_t len)
{
	for (unsigned i = 0; i < boot_info.reserved_count; i++) {
		const struct boot_range *r = &boot_info.reserved[i];

		if (*at < r->start + r->size && *at + len > r->start) {
			*at = ALIGN_DOWN(MAX(r->start, len) - len, PAGE_SIZE);
			return true;
		}
	}
	return false;
}

static bool
shadow_place(uint64_t len, paddr_t *out)
{
	for (unsigned i = 0; i < boot_info.ram_count; i++) {
		const struct boot_range *ram = &boot_info.ram[i];
		paddr_t at = ALIGN_DOWN(ram->start + ram->size, PAGE_SIZE);

		if (ram->size < len)
			continue;
		at -= len;
		while (at >= ram->start && dodge(&at, len))
			;
		if (at >= ram->start) {
			*out = at;
			return true;
		}
	}
	return false;
}

void
asan_init(void)
{
	paddr_t low = UINT64_MAX, high = 0, at = 0;
	uint64_t len;

	for (unsigned i = 0; i < boot_info.ram_count; i++) {
		const struct boot_range *ram = &boot_info.ram[i];

		low = MIN(low, ram->start);
		high = MAX(high, ram->start + ram->size);
	}
	len = ALIGN_UP((high - low) / GRAIN, PAGE_SIZE);
	if (boot_info.reserved_count == BOOT_RANGES_MAX ||
	    !shadow_place(len, &at))
		panic("asan: no memory for the shadow (%lu bytes)",
		    (unsigned long)len);
	boot_info.reserved[boot_info.reserved_count++] =
	    (struct boot_range){ at, len };
	memset(phys_to_virt(at), 0, len);
	shadow.low = (uintptr_t)phys_to_virt(low);
	shadow.high = (uintptr_t)phys_to_virt(high);
	shadow.bytes = phys_to_virt(at);
}

/* ---- what may be used -------------------------------------------------- */

static uint8_t *
shadow_of(uintptr_t addr)
{
	if (shadow.bytes == NULL || addr < shadow.low || addr >= shadow.high)
		return NULL;
	return &shadow.bytes[(addr - shadow.low) / GRAIN];
}

static void
shadow_fill(const void *p, size_t len, int value)
{
	uint8_t *s = shadow_of((uintptr_t)p);

	if (s != NULL)
		memset(s, value, DIV_ROUND_UP(len, GRAIN));
}

void
asan_poison(const void *p, size_t len)
{
	shadow_fill(p, len, POISON);
}

void
asan_unpoison(const void *p, size_t len)
{
	shadow_fill(p, len, 0);
}

void
asan_trim(const void *p, size_t len, size_t room)
{
	uint8_t *s = shadow_of((uintptr_t)p);

	if (s == NULL)
		return;
	memset(s, 0, len / GRAIN);
	memset(s + len / GRAIN, POISON,
	    DIV_ROUND_UP(room, GRAIN) - len / GRAIN);
	if (len % GRAIN != 0)
		s[len / GRAIN] = (uint8_t)(len % GRAIN);
}

/* ---- checks ------------------------------------------------------------ */

static NOINLINE void
report(uintptr_t addr, size_t len, bool writes, vaddr_t from)
{
	char name[SYMBOL_NAME_MAX];
	size_t off;

	if (panic_running() || atomic_exchange(&shadow.reporting, true))
		return;
	if (atomic_fetch_add(&shadow.reports, 1) < REPORTS_MAX) {
		off = symbol_name(from, name);
		log_raw("asan: %s of %zu bytes at %p in %s+0x%zx\n",
		    writes ? "store" : "load", len, (void *)addr,
		    name, off);
		backtrace_print();
	}
	atomic_store(&shadow.reporting, false);
}

/* True: one of the len bytes may not be used. */
static bool
is_bad(uintptr_t addr, size_t len)
{
	uint8_t *s = shadow_of(addr), *last;

	if (len == 0 || shadow.bytes == NULL)
		return false;
	if (s == NULL)
		return addr < arch_user_end;
	last = shadow_of(addr + len - 1);
	if (last == NULL)
		return false; /* to the end of RAM */
	for (; s < last; s++)
		if (*s != 0)
			return true;
	return *last != 0 &&
	    (*last >= GRAIN || (addr + len - 1) % GRAIN >= *last);
}

bool
asan_is_bad(const void *p, size_t len)
{
	return is_bad((uintptr_t)p, len);
}

static inline __attribute__((always_inline)) void
check(uintptr_t addr, size_t len, bool writes)
{
	if (UNLIKELY(is_bad(addr, len)))
		report(addr, len, writes,
		    (vaddr_t)__builtin_return_address(0));
}

/* The compiler's names: gcc 12 gcc/sanitizer.def. */
#define CHECKS(n) \
	void __asan_load##n##_noabort(uintptr_t addr); \
	void __asan_store##n##_noabort(uintptr_t addr); \
	void __asan_load##n##_noabort(uintptr_t addr) \
	{ \
		check(addr, n, false); \
	} \
	void __asan_store##n##_noabort(uintptr_t addr) \
	{ \
		check(addr, n, true); \
	}
CHECKS(1)
CHECKS(2)
CHECKS(4)
CHECKS(8)
CHECKS(16)

void __asan_loadN_noabort(uintptr_t addr, size_t len);
void __asan_storeN_noabort(uintptr_t addr, size_t len);
void __asan_handle_no_return(void);

void
__asan_loadN_noabort(uintptr_t addr, size_t len)
{
	check(addr, len, false);
}

void
__asan_storeN_noabort(uintptr_t addr, size_t len)
{
	check(addr, len, true);
}

/* Stacks have no shadow: nothing to clear before a jump out of them. */
void
__asan_handle_no_return(void)
{
}

/*
 * Where the kernel lies among its addresses (KASLR).
 *
 * It is linked to KERNEL_BASE + 2 MiB. With entropy from the firmware
 * (/chosen/rng-seed or kaslr-seed) and without `nokaslr` on the command line
 * it moves down by a multiple of 2 MiB, into the room above the direct map:
 * about 31,000 places. The code does not care, being relative; the addresses
 * in its data are listed by tools/ksyms.py, and are corrected here.
 *
 * This runs where the image was loaded, paging off: no tables of addresses.
 */
#include <kernel/arch.h>

#include <lib/fdt_scan.h>
#include <lib/string.h>

#include "csr.h"

#define STEP MIB(2)

extern char kernel_start[], kernel_end[];
extern const uint32_t krelocs_count;
extern const uint32_t krelocs[]; /* bytes from kernel_start */

/* In .data: start.S clears the rest, and asks for it on each hart. */
uint64_t kernel_slide __attribute__((section(".data")));

static bool
has_word(const char *text, uint32_t len, const char *want)
{
	size_t n = strlen(want);

	for (uint32_t i = 0; i + n <= len; i++) {
		bool starts = i == 0 || text[i - 1] == ' ';
		char next = i + n < len ? text[i + n] : '\0';

		if (starts && memcmp(text + i, want, n) == 0 &&
		    (next == ' ' || next == '\0'))
			return true;
	}
	return false;
}

bool
early_option(const void *fdt, const char *word)
{
	uint32_t len;
	const char *text = fdt_scan_chosen(fdt, "bootargs", &len);

	return text != NULL && has_word(text, len, word);
}

/* A number from all of the seed, which the random generator gets as well: what
 * is seen of the place tells next to nothing of it. */
static uint64_t
mixed(const uint8_t *seed, uint32_t len)
{
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15);

	for (uint32_t i = 0; i < len; i++) {
		h = (h ^ seed[i]) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 29;
	}
	return h;
}

static uint64_t
choose(const void *fdt)
{
	uint64_t size = ALIGN_UP((uint64_t)(kernel_end - kernel_start), STEP);
	uint64_t linked = KERNEL_BASE + (KERNEL_PHYS - KERNEL_GIB);
	uint64_t places = (linked - DIRECT_END - size) / STEP;
	const void *seed;
	uint64_t at;
	uint32_t len;

	if (early_option(fdt, "nokaslr"))
		return 0;
	seed = fdt_scan_chosen(fdt, "rng-seed", &len);
	if (seed == NULL)
		seed = fdt_scan_chosen(fdt, "kaslr-seed", &len);
	if (seed == NULL || len < 8)
		return 0;
	at = linked - mixed(seed, len) % places * STEP;
	/* One table of 2 MiB pages maps it at first. */
	if ((at & (GIB(1) - 1)) + size > GIB(1))
		at -= size;
	return at - linked;
}

void
slide_kernel(const void *fdt)
{
	kernel_slide = choose(fdt);
	if (kernel_slide == 0)
		return;
	for (uint32_t i = 0; i < krelocs_count; i++)
		*(uint64_t *)(uintptr_t)(kernel_start + krelocs[i]) +=
		    kernel_slide;
}

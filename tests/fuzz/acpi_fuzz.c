// uses: lib/string_ext.c
/*
 * ACPI's tables as firmware might hand them over. The input is physical
 * memory from 0 on, its first 16 bytes being what this file wants to know: an
 * odd first byte lets the checksums be right. Each look at memory gets a copy
 * of its own of just the bytes asked for, so that one too far is seen.
 */
#include <stdlib.h>
#include <string.h>

#include "../../lib/acpi.c"

#define ROOT 16u
#define LOOKS_MAX 4096u

static const uint8_t *memory;
static size_t memory_len;
static uint8_t *looks[LOOKS_MAX];
static unsigned look_count;

static void
set_sum(uint8_t *p, size_t len, size_t at)
{
	uint8_t sum = 0;

	p[at] = 0;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + p[i]);
	p[at] = (uint8_t)-sum;
}

static const void *
look(void *arg, uint64_t phys, size_t len)
{
	uint8_t *p;

	(void)arg;
	if (phys > memory_len || len > memory_len - phys ||
	    look_count == LOOKS_MAX)
		return NULL;
	p = malloc(len > 0 ? len : 1);
	if (p == NULL)
		abort();
	memcpy(p, memory + phys, len);
	looks[look_count++] = p;
	if (!(memory[0] & 1))
		return p;
	if (phys == ROOT) {
		set_sum(p, RSDP_V1, 8);
		if (len >= RSDP_V2)
			set_sum(p, RSDP_V2, 32);
	} else if (len >= HEADER_BYTES) {
		set_sum(p, len, 9);
	}
	return p;
}

static void
check(const struct acpi_facts *f)
{
	if (f->cpu_count > ACPI_CPUS_MAX ||
	    f->ioapic_count > ACPI_IOAPICS_MAX ||
	    f->override_count > ACPI_OVERRIDES_MAX ||
	    f->ecam_count > ACPI_ECAMS_MAX || f->bad[4] != '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct acpi_memory m = { .at = look };
	static struct acpi_facts facts;

	if (len < ROOT)
		return 0;
	memory = data;
	memory_len = len;
	look_count = 0;
	memset(&facts, 0xa5, sizeof(facts));
	(void)acpi_read(&m, ROOT, &facts);
	check(&facts);
	(void)acpi_find_root(&m, 0, len);
	for (unsigned i = 0; i < look_count; i++)
		free(looks[i]);
	return 0;
}

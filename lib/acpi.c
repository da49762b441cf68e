/* SPDX-License-Identifier: MIT */
/*
 * The reader of ACPI's static tables; lib/acpi.h has what and why.
 *
 * A table is reached in two steps: its header for the length, then all of it,
 * whose bytes must sum to zero. Readers get (table, length) and look at
 * nothing beyond; numbers are little-endian and unaligned.
 */
#include <lib/acpi.h>
#include <lib/string.h>

#define HEADER_BYTES 36u
#define TABLE_MAX    (4u << 20)
#define TABLES_MAX   256u
#define RSDP_V1      20u
#define RSDP_V2      36u

struct reader {
	const struct acpi_memory *m;
	struct acpi_facts *out;
	uint64_t dsdt;
};

static uint64_t
number(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | p[bytes];
	return v;
}

static bool
sum_is_zero(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	while (len-- > 0)
		sum = (uint8_t)(sum + *p++);
	return sum == 0;
}

static void
note_bad(struct reader *r, const uint8_t *name)
{
	if (r->out->bad[0] != '\0')
		return;
	for (unsigned i = 0; i < 4; i++)
		r->out->bad[i] = name[i] >= ' ' && name[i] < 0x7f ?
		    (char)name[i] : '?';
}

/* The whole sound table at phys; NULL: there is none. */
static const uint8_t *
table_at(struct reader *r, uint64_t phys, size_t *len)
{
	const uint8_t *t = r->m->at(r->m->arg, phys, HEADER_BYTES);
	const uint8_t *whole = NULL;

	if (t == NULL) {
		note_bad(r, (const uint8_t *)"far?");
		return NULL;
	}
	*len = (size_t)number(t + 4, 4);
	if (*len >= HEADER_BYTES && *len <= TABLE_MAX)
		whole = r->m->at(r->m->arg, phys, *len);
	if (whole == NULL || !sum_is_zero(whole, *len)) {
		note_bad(r, t);
		return NULL;
	}
	return whole;
}

/* ---- MADT -------------------------------------------------------------- */

#define MADT_ENTRIES    44u
#define MADT_CPU_USABLE 1u

static void
add_cpu(struct acpi_facts *f, uint32_t id, uint32_t flags)
{
	if ((flags & MADT_CPU_USABLE) && f->cpu_count < ACPI_CPUS_MAX)
		f->cpu[f->cpu_count++] = id;
}

static void
madt_entry(struct acpi_facts *f, const uint8_t *e, uint8_t len)
{
	if (e[0] == 0 && len >= 8) {
		add_cpu(f, e[3], (uint32_t)number(e + 4, 4));
	} else if (e[0] == 9 && len >= 16) {
		add_cpu(f, (uint32_t)number(e + 4, 4),
		    (uint32_t)number(e + 8, 4));
	} else if (e[0] == 1 && len >= 12) {
		if (f->ioapic_count == ACPI_IOAPICS_MAX)
			return;
		f->ioapic[f->ioapic_count].address = number(e + 4, 4);
		f->ioapic[f->ioapic_count++].first =
		    (uint32_t)number(e + 8, 4);
	} else if (e[0] == 2 && len >= 10) {
		if (f->override_count == ACPI_OVERRIDES_MAX)
			return;
		f->override[f->override_count].irq = e[3];
		f->override[f->override_count].global =
		    (uint32_t)number(e + 4, 4);
		f->override[f->override_count++].flags =
		    (uint16_t)number(e + 8, 2);
	} else if (e[0] == 5 && len >= 12) {
		f->apic_base = number(e + 4, 8);
	}
}

static void
read_madt(struct reader *r, const uint8_t *t, size_t len)
{
	struct acpi_facts *f = r->out;
	size_t at = MADT_ENTRIES;

	if (len < MADT_ENTRIES || f->apic_base != 0)
		return;
	f->apic_base = number(t + 36, 4);
	f->has_pic = (number(t + 40, 4) & 1) != 0;
	while (at + 2 <= len && t[at + 1] >= 2 && t[at + 1] <= len - at) {
		madt_entry(f, t + at, t[at + 1]);
		at += t[at + 1];
	}
	if (at != len)
		note_bad(r, t);
}

/* ---- FADT -------------------------------------------------------------- */

#define FADT_RESET    (1u << 10)
#define FADT_REDUCED  (1u << 20)

static struct acpi_register
generic_address(const uint8_t *p)
{
	return (struct acpi_register){
		.space = p[0], .address = number(p + 4, 8),
	};
}

/* A field that older tables are too short for reads as 0. */
static uint64_t
field(const uint8_t *t, size_t len, size_t off, unsigned bytes)
{
	return off + bytes <= len ? number(t + off, bytes) : 0;
}

static void
read_fadt(struct reader *r, const uint8_t *t, size_t len)
{
	struct acpi_facts *f = r->out;
	uint32_t flags = (uint32_t)field(t, len, 112, 4);

	if (f->has_fadt)
		return;
	f->has_fadt = true;
	f->reduced = (flags & FADT_REDUCED) != 0;
	f->century = (uint8_t)field(t, len, 108, 1);
	if (!f->reduced) {
		f->pm1a_control = (uint32_t)field(t, len, 64, 4);
		f->pm1b_control = (uint32_t)field(t, len, 68, 4);
		f->timer_port = (uint32_t)field(t, len, 76, 4);
	}
	if ((flags & FADT_RESET) && len >= 129) {
		f->reset = generic_address(t + 116);
		f->reset_value = t[128];
	}
	if (f->reduced && len >= 256)
		f->sleep_control = generic_address(t + 244);
	r->dsdt = field(t, len, 140, 8);
	if (r->dsdt == 0)
		r->dsdt = field(t, len, 40, 4);
}

/* ---- the rest ---------------------------------------------------------- */

static void
read_hpet(struct reader *r, const uint8_t *t, size_t len)
{
	if (len >= 52 && t[40] == ACPI_MEMORY && r->out->hpet == 0)
		r->out->hpet = number(t + 44, 8);
}

static void
read_mcfg(struct reader *r, const uint8_t *t, size_t len)
{
	struct acpi_facts *f = r->out;

	for (size_t at = 44; at + 16 <= len; at += 16) {
		if (f->ecam_count == ACPI_ECAMS_MAX)
			return;
		f->ecam[f->ecam_count].base = number(t + at, 8);
		f->ecam[f->ecam_count].segment =
		    (uint16_t)number(t + at + 8, 2);
		f->ecam[f->ecam_count].first = t[at + 10];
		f->ecam[f->ecam_count++].last = t[at + 11];
	}
}

/* A small integer of AML at *at; false: something else. */
static bool
aml_byte(const uint8_t *t, size_t len, size_t *at, uint8_t *out)
{
	if (*at >= len)
		return false;
	if (t[*at] == 0x00 || t[*at] == 0x01) { /* ZeroOp, OneOp */
		*out = t[(*at)++];
		return true;
	}
	if (t[*at] != 0x0a || *at + 1 >= len) /* BytePrefix */
		return false;
	*out = t[*at + 1];
	*at += 2;
	return true;
}

/* Name (_S5_, Package (n) {type for PM1a, type for PM1b, ...}). */
static void
read_s5(struct acpi_facts *f, const uint8_t *t, size_t len)
{
	static const uint8_t mark[] = { '_', 'S', '5', '_', 0x12 };
	size_t at = HEADER_BYTES;

	for (; at + sizeof(mark) + 2 < len; at++) {
		if (memcmp(t + at, mark, sizeof(mark)) != 0)
			continue;
		at += sizeof(mark);
		at += 1 + (t[at] >> 6); /* the package's length */
		at++; /* the count of elements */
		if (aml_byte(t, len, &at, &f->s5_type[0])) {
			f->has_s5 = true;
			if (!aml_byte(t, len, &at, &f->s5_type[1]))
				f->s5_type[1] = 0;
		}
		return;
	}
}

static const struct {
	char name[5];
	void (*read)(struct reader *r, const uint8_t *t, size_t len);
} readers[] = {
	{ "APIC", read_madt },
	{ "FACP", read_fadt },
	{ "HPET", read_hpet },
	{ "MCFG", read_mcfg },
};

static void
read_table(struct reader *r, uint64_t phys)
{
	const uint8_t *name = r->m->at(r->m->arg, phys, HEADER_BYTES);
	const uint8_t *t;
	size_t len;

	for (unsigned i = 0; name != NULL && i < ARRAY_LEN(readers); i++) {
		if (memcmp(name, readers[i].name, 4) != 0)
			continue;
		t = table_at(r, phys, &len);
		if (t != NULL)
			readers[i].read(r, t, len);
	}
}

/* ---- the root ---------------------------------------------------------- */

static const uint8_t *
root_at(const struct acpi_memory *m, uint64_t phys)
{
	const uint8_t *p = m->at(m->arg, phys, RSDP_V1);

	if (p == NULL || memcmp(p, "RSD PTR ", 8) != 0 ||
	    !sum_is_zero(p, RSDP_V1))
		return NULL;
	if (p[15] < 2)
		return p;
	p = m->at(m->arg, phys, RSDP_V2);
	return p != NULL && sum_is_zero(p, RSDP_V2) ? p : NULL;
}

uint64_t
acpi_find_root(const struct acpi_memory *m, uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at < end && end - at >= RSDP_V1; at += 16)
		if (root_at(m, at) != NULL)
			return at;
	return 0;
}

bool
acpi_read(const struct acpi_memory *m, uint64_t rsdp, struct acpi_facts *out)
{
	struct reader r = { .m = m, .out = out };
	const uint8_t *root, *t;
	unsigned width = 4;
	uint64_t list;
	size_t len;

	memset(out, 0, sizeof(*out));
	root = root_at(m, rsdp);
	if (root == NULL)
		return false;
	list = number(root + 16, 4);
	if (root[15] >= 2 && number(root + 24, 8) != 0) {
		list = number(root + 24, 8);
		width = 8;
	}
	t = table_at(&r, list, &len);
	if (t == NULL || memcmp(t, width == 8 ? "XSDT" : "RSDT", 4) != 0) {
		memset(out, 0, sizeof(*out));
		return false;
	}
	for (size_t i = 0; i < TABLES_MAX &&
	    HEADER_BYTES + (i + 1) * width <= len; i++)
		read_table(&r, number(t + HEADER_BYTES + i * width, width));
	t = r.dsdt != 0 ? table_at(&r, r.dsdt, &len) : NULL;
	if (t != NULL && memcmp(t, "DSDT", 4) == 0)
		read_s5(out, t, len);
	return true;
}

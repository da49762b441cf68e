// uses: lib/acpi.c lib/string_ext.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <string.h>

#include <lib/acpi.h>

#define ROOT   0x10u
#define XSDT   0x100u
#define MADT   0x200u
#define FADT   0x300u
#define DSDT   0x500u
#define HEADER 36u

static uint8_t memory[0x1000];
static struct acpi_facts facts;

static const void *
at(void *arg, uint64_t phys, size_t len)
{
	(void)arg;
	return phys <= sizeof(memory) && len <= sizeof(memory) - phys ?
	    memory + phys : NULL;
}

static const struct acpi_memory mem = { .at = at };

static void
put(size_t off, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		memory[off + i] = (uint8_t)(v >> (8 * i));
}

static void
set_sum(size_t off, size_t len, size_t where)
{
	uint8_t sum = 0;

	memory[off + where] = 0;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + memory[off + i]);
	memory[off + where] = (uint8_t)-sum;
}

static void
seal(size_t off, const char *name, size_t len)
{
	memcpy(memory + off, name, 4);
	put(off + 4, len, 4);
	set_sum(off, len, 9);
}

static void
seal_root(void)
{
	memcpy(memory + ROOT, "RSD PTR ", 8);
	memory[ROOT + 15] = 2;
	put(ROOT + 24, XSDT, 8);
	set_sum(ROOT, 20, 8);
	set_sum(ROOT, 36, 32);
}

/* Two CPUs, one I/O APIC, one override, S5 as type 5. */
static void
set_up(void)
{
	static const uint8_t entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,
		0, 8, 1, 7, 1, 0, 0, 0,
		0, 8, 2, 9, 0, 0, 0, 0, /* not usable */
		1, 12, 0, 0, 0x00, 0x00, 0xc0, 0xfe, 0, 0, 0, 0,
		2, 10, 0, 4, 20, 0, 0, 0, 0x0f, 0,
	};
	static const uint8_t s5[] = {
		0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x00,
		0x00, 0x00,
	};

	memset(memory, 0, sizeof(memory));
	put(XSDT + HEADER, MADT, 8);
	put(XSDT + HEADER + 8, FADT, 8);
	seal(XSDT, "XSDT", HEADER + 16);
	put(MADT + 36, 0xfee00000, 4);
	put(MADT + 40, 1, 4);
	memcpy(memory + MADT + 44, entries, sizeof(entries));
	seal(MADT, "APIC", 44 + sizeof(entries));
	put(FADT + 40, DSDT, 4);
	put(FADT + 64, 0x604, 4);
	put(FADT + 76, 0x608, 4);
	memory[FADT + 108] = 0x32;
	put(FADT + 112, 1u << 10, 4);
	memory[FADT + 116] = ACPI_PORT;
	put(FADT + 120, 0xcf9, 8);
	memory[FADT + 128] = 6;
	seal(FADT, "FACP", 244);
	memcpy(memory + DSDT + HEADER, s5, sizeof(s5));
	seal(DSDT, "DSDT", HEADER + sizeof(s5));
	seal_root();
}

TEST(sound_tables_are_read)
{
	set_up();
	EXPECT(acpi_read(&mem, ROOT, &facts));
	EXPECT(facts.bad[0] == '\0');
	EXPECT(facts.apic_base == 0xfee00000);
	EXPECT(facts.has_pic);
	EXPECT(facts.cpu_count == 2 && facts.cpu[0] == 0 && facts.cpu[1] == 7);
	EXPECT(facts.ioapic_count == 1);
	EXPECT(facts.ioapic[0].address == 0xfec00000);
	EXPECT(facts.override_count == 1);
	EXPECT(facts.override[0].irq == 4 && facts.override[0].global == 20);
	EXPECT((facts.override[0].flags & 3) == ACPI_ACTIVE_LOW);
	EXPECT(facts.timer_port == 0x608 && facts.pm1a_control == 0x604);
	EXPECT(facts.reset.space == ACPI_PORT);
	EXPECT(facts.reset.address == 0xcf9 && facts.reset_value == 6);
	EXPECT(facts.century == 0x32);
	EXPECT(facts.has_s5 && facts.s5_type[0] == 5 && facts.s5_type[1] == 0);
}

TEST(the_root_is_found_by_its_sum)
{
	set_up();
	EXPECT(acpi_find_root(&mem, 0, sizeof(memory)) == ROOT);
	memory[ROOT + 9]++;
	EXPECT(acpi_find_root(&mem, 0, sizeof(memory)) == 0);
	EXPECT(!acpi_read(&mem, ROOT, &facts));
	EXPECT(facts.cpu_count == 0);
}

TEST(a_bad_table_is_left_out_and_named)
{
	set_up();
	memory[MADT + 50]++;
	EXPECT(acpi_read(&mem, ROOT, &facts));
	EXPECT(strcmp(facts.bad, "APIC") == 0);
	EXPECT(facts.cpu_count == 0 && facts.has_fadt);
}

TEST(an_entry_longer_than_its_table_ends_it)
{
	set_up();
	memory[MADT + 44 + 8 + 1] = 200;
	seal(MADT, "APIC", 44 + 46);
	EXPECT(acpi_read(&mem, ROOT, &facts));
	EXPECT(facts.cpu_count == 1);
	EXPECT(strcmp(facts.bad, "APIC") == 0);
}

TEST(an_entry_without_length_ends_the_table)
{
	set_up();
	memory[MADT + 44 + 1] = 0;
	seal(MADT, "APIC", 44 + 46);
	EXPECT(acpi_read(&mem, ROOT, &facts));
	EXPECT(facts.cpu_count == 0);
}

TEST(a_table_beyond_memory_is_left_out)
{
	set_up();
	put(XSDT + HEADER, 0x10000000, 8);
	seal(XSDT, "XSDT", HEADER + 16);
	EXPECT(acpi_read(&mem, ROOT, &facts));
	EXPECT(facts.cpu_count == 0 && facts.has_fadt);
	put(MADT + 4, 0x7fffffff, 4);
	put(XSDT + HEADER, MADT, 8);
	seal(XSDT, "XSDT", HEADER + 16);
	EXPECT(acpi_read(&mem, ROOT, &facts));
	EXPECT(strcmp(facts.bad, "APIC") == 0);
}

TEST(a_short_old_fadt_says_less)
{
	set_up();
	seal(FADT, "FACP", 116);
	EXPECT(acpi_read(&mem, ROOT, &facts));
	EXPECT(facts.timer_port == 0x608 && facts.reset.address == 0);
}

TEST(a_package_cut_short_is_no_s5)
{
	set_up();
	seal(DSDT, "DSDT", HEADER + 8);
	EXPECT(acpi_read(&mem, ROOT, &facts));
	EXPECT(!facts.has_s5);
}

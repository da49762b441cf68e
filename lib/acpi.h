/* SPDX-License-Identifier: MIT */
/*
 * What ACPI's static tables say: processors, interrupt controllers, clocks,
 * PCI Express configuration space, how to power off and to reset.
 *
 * Memory is reached through a function, so that the reader runs before there
 * are mappings, and in tests. Every table is checked (length, checksum)
 * before anything in it is believed; one that is bad is left out and named.
 * AML is not run: of the DSDT only the package \_S5_ is looked for.
 *
 * Source: ACPI 6.4, chapters 4, 5 and 7.4; HPET 1.0a; PCI firmware 3.2.
 */
#pragma once

#include <lib/base.h>

#define ACPI_CPUS_MAX      256
#define ACPI_IOAPICS_MAX   8
#define ACPI_OVERRIDES_MAX 16
#define ACPI_ECAMS_MAX     4

/* len readable bytes at a physical address; NULL: not reachable. */
struct acpi_memory {
	const void *(*at)(void *arg, uint64_t phys, size_t len);
	void *arg;
};

enum acpi_space { ACPI_MEMORY = 0, ACPI_PORT = 1 };
struct acpi_register {
	uint64_t address; /* 0: none */
	uint8_t space; /* enum acpi_space, or others */
};

struct acpi_facts {
	uint64_t apic_base; /* 0: no MADT */
	uint32_t cpu[ACPI_CPUS_MAX]; /* APIC ids of usable CPUs */
	unsigned cpu_count;
	struct { uint64_t address; uint32_t first; }
	    ioapic[ACPI_IOAPICS_MAX]; /* first: global interrupt number */
	unsigned ioapic_count;
	struct { uint8_t irq; uint32_t global; uint16_t flags; }
	    override[ACPI_OVERRIDES_MAX]; /* of ISA interrupts */
	unsigned override_count;
	bool has_pic;

	bool has_fadt, reduced; /* reduced: "hardware-reduced" ACPI */
	uint32_t timer_port; /* PM timer; 0: none */
	uint32_t pm1a_control, pm1b_control; /* ports */
	struct acpi_register reset, sleep_control;
	uint8_t reset_value, century; /* century: CMOS register, 0: none */
	bool has_s5;
	uint8_t s5_type[2];

	uint64_t hpet; /* 0: none */
	struct acpi_ecam {
		uint64_t base;
		uint16_t segment;
		uint8_t first, last; /* bus */
	} ecam[ACPI_ECAMS_MAX];
	unsigned ecam_count;

	char bad[5]; /* the first table that is not sound; "": none */
};

/* MADT flags of an override, ACPI 6.4 table 5.28. */
#define ACPI_ACTIVE_LOW 3u
#define ACPI_LEVEL      (3u << 2)

/*
 * Fills *out from the root pointer at physical address rsdp.
 * Gives: false when there is no sound root; *out is zeroed then.
 */
bool acpi_read(const struct acpi_memory *m, uint64_t rsdp,
    struct acpi_facts *out);
/* The root pointer in [start, end), which m reaches; 0: none. */
uint64_t acpi_find_root(
    const struct acpi_memory *m, uint64_t start, uint64_t end);

/*
 * Ending the machine: ACPI's S5 state, or the emulator's own exit when there
 * is a status to tell; reset by ACPI's register, the chipset's, the keyboard
 * controller's, and at last by a fault that nobody can handle.
 *
 * Source: ACPI 6.4, 4.8.3.2, 4.8.3.7, 7.4; QEMU hw/misc/debugexit.c.
 */
#include <kernel/device.h>
#include <kernel/mm.h>

#include <lib/acpi.h>

#include "x86.h"

#define DEBUG_EXIT 0x501u /* QEMU's isa-debug-exit: ends with 2v + 1 */
#define SLP_EN     (1u << 13)
#define SLP_TYPE(n) ((unsigned)(n) << 10)
#define SLP_EN_BYTE (1u << 5) /* hardware-reduced */

static volatile uint8_t *reset_map, *sleep_map;

static volatile uint8_t *
map_register(const struct acpi_register *r)
{
	return r->address == 0 || r->space != ACPI_MEMORY ? NULL :
	    kmap_phys(r->address, 1, PROT_READ | PROT_WRITE | PROT_DEVICE);
}

/* What needs mapping is mapped now: a panic may not. */
void
power_probe(void)
{
	const struct acpi_facts *f = boot_info.acpi;

	reset_map = map_register(&f->reset);
	sleep_map = map_register(&f->sleep_control);
}

static void
write_register(const struct acpi_register *r, volatile uint8_t *map, uint8_t v)
{
	if (map != NULL)
		mmio_write8(map, 0, v);
	else if (r->address != 0 && r->space == ACPI_PORT)
		arch_port_write8((uint16_t)r->address, v);
}

/* The other bits of the register stay. */
static void
sleep_control(uint16_t port, uint8_t type)
{
	unsigned v;

	if (port == 0)
		return;
	v = arch_port_read16(port) & ~(SLP_TYPE(7u) | SLP_EN);
	arch_port_write16(port, (uint16_t)(v | SLP_TYPE(type) | SLP_EN));
}

static void
sleep_s5(const struct acpi_facts *f)
{
	if (f->reduced) {
		write_register(&f->sleep_control, sleep_map,
		    (uint8_t)(f->s5_type[0] << 2 | SLP_EN_BYTE));
		return;
	}
	sleep_control((uint16_t)f->pm1b_control, f->s5_type[1]);
	sleep_control((uint16_t)f->pm1a_control, f->s5_type[0]);
}

void
arch_poweroff(unsigned status)
{
	const struct acpi_facts *f = boot_info.acpi;

	/* No device answers with ones. */
	if (status != 0 && arch_port_read8(DEBUG_EXIT) == 0)
		arch_port_write8(DEBUG_EXIT, (uint8_t)(status >> 1));
	if (f->has_s5)
		sleep_s5(f);
	arch_halt();
}

void
arch_reset(void)
{
	const struct acpi_facts *f = boot_info.acpi;
	struct PACKED {
		uint16_t limit;
		uint64_t base;
	} none = { 0, 0 };

	write_register(&f->reset, reset_map, f->reset_value);
	arch_port_write8(0xcf9, 0x02);
	arch_port_write8(0xcf9, 0x06);
	arch_port_write8(0x64, 0xfe);
	__asm__ volatile("lidt %0\n\tint3" : : "m"(none));
	arch_halt();
}

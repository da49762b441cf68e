/* Devices from the firmware's tables; internal to drivers/bus. */
#pragma once

#include <kernel/device.h>

void fdt_devices_create(const void *fdt);
void cmdline_devices_create(void);
void acpi_devices_create(const struct acpi_facts *facts);

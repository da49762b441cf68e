/* Devices from the firmware's tables; internal to drivers/bus. */
#pragma once

#include <kernel/device.h>

struct device *device_create(const char *bus, const char *name);
void fdt_devices_create(const void *fdt);
void acpi_devices_create(const struct acpi_facts *facts);

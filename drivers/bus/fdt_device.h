/* Devices from the flattened device tree; internal to drivers/bus. */
#pragma once

#include <kernel/device.h>

struct device *device_create(const char *bus, const char *name);
void fdt_devices_create(const void *fdt);

/*
 * What the ports with a flattened device tree read from it at boot.
 */
#pragma once

#include <kernel/arch.h>

/* Panics when the blob is no FDT. Before everything else here. */
void fdt_boot_check(const void *fdt);
/* Fills boot_info: RAM, reserved ranges, initrd, command line, CPUs, seed.
 * boot_hwid: the CPU that runs; it becomes number 0. Panics when the blob
 * names no memory. */
void fdt_boot_read(const void *fdt, uint64_t boot_hwid);
/* timebase-frequency and the first CPU's riscv,isa string, if any. */
void fdt_boot_cpu(const void *fdt, uint64_t *hz, char *isa, size_t len);
/* First register address of the first compatible node; 0: none. */
paddr_t fdt_boot_reg(const void *fdt, const char *compatible);
/* A string property of the first compatible node; NULL: none. */
const char *fdt_boot_text(
    const void *fdt, const char *compatible, const char *name);

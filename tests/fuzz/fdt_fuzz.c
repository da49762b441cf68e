// uses: lib/string_ext.c lib/fdt_scan.c lib/num.c kernel/core/cmdline.c
/*
 * Flattened device trees as firmware might hand them over: what the start-up
 * code and the device tree's bus make of them. libfdt is compiled in here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_PHYS UINT64_C(0x80200000)
#define read_cells boot_read_cells
#include "../../arch/common/fdt_boot.c"
#undef read_cells
#include "../../drivers/bus/fdt_device.c"

#include <lib/fdt_scan.h>

#include <fdt.c>
#include <fdt_addresses.c>
#include <fdt_ro.c>
#include <fdt_strerror.c>

/* libfdt wants it for a call that nobody makes here. */
int
fdt_appendprop(void *fdt, int node, const char *name, const void *val, int len)
{
	(void)fdt, (void)node, (void)name, (void)val, (void)len;
	return -FDT_ERR_NOSPACE;
}

char kernel_start[4096], kernel_end[1];
uintptr_t host_direct_base;

static jmp_buf refused;
static struct device *made[4096];
static unsigned made_count;

void
panic(const char *fmt, ...)
{
	(void)fmt;
	longjmp(refused, 1);
}

void
klog(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

struct device *
device_create(struct device *parent, const char *bus, const char *name)
{
	struct device *d;

	if (made_count == ARRAY_LEN(made))
		return NULL;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		abort();
	d->parent = parent;
	d->bus = bus;
	snprintf(d->name, sizeof(d->name), "%s", name);
	made[made_count++] = d;
	return d;
}

/* What was read must be usable as it is. */
static void
check(void)
{
	const struct boot_info *b = &boot_info;

	if (b->ram_count > BOOT_RANGES_MAX ||
	    b->reserved_count > BOOT_RANGES_MAX ||
	    b->cpu_count < 1 || b->cpu_count > CPU_MAX ||
	    memchr(b->cmdline, '\0', sizeof(b->cmdline)) == NULL)
		abort();
	for (unsigned i = 0; i < made_count; i++)
		for (unsigned k = 0; k < ARRAY_LEN(made[i]->compatible); k++)
			if (made[i]->compatible[k] != NULL)
				(void)strlen(made[i]->compatible[k]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t hz = 0;
	char isa[64] = "";
	void *copy = NULL;
	uint32_t scanned;

	if (len < sizeof(struct fdt_header))
		return 0;
	/* Firmware's size is believed: there is no other. 8-byte aligned. */
	if (posix_memalign(&copy, 16, len) != 0)
		abort();
	memcpy(copy, data, len);
	fdt32_st((char *)copy + offsetof(struct fdt_header, totalsize),
	    (uint32_t)len);
	memset(&boot_info, 0, sizeof(boot_info));
	made_count = 0;
	if (setjmp(refused) == 0) {
		(void)fdt_scan_chosen(copy, "rng-seed", &scanned);
		fdt_boot_check(copy);
		fdt_boot_read(copy, 0);
		fdt_boot_cpu(copy, &hz, isa, sizeof(isa));
		(void)fdt_boot_reg(copy, "riscv,plic0");
		fdt_devices_create(copy);
		check();
	}
	for (unsigned i = 0; i < made_count; i++)
		free(made[i]);
	free(copy);
	return 0;
}

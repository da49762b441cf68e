/*
 * /sys/bus/pci: what libpci and its like read of each function. Configuration
 * space is read only, and its part behind the header is for the privileged:
 * reading there can disturb a device.
 *
 * Source: Linux 6.6 Documentation/ABI/testing/sysfs-bus-pci,
 * include/linux/ioport.h (flags of resources).
 */
#include <kernel/pci.h>
#include <kernel/task.h>

#include "sys.h"

#define CONFIG_HEADER  64u
#define CONFIG_BYTES   256u
#define CONFIG_EXPRESS 4096u
#define CAP_EXPRESS    0x10u
#define REG_REVISION   0x08u
#define REG_SUBSYSTEM  0x2cu
#define RESOURCES      13u

#define RES_IO         0x100u
#define RES_MEM        0x200u
#define RES_PREFETCH   0x2000u
#define RES_SIZEALIGN  0x40000u
#define RES_MEM_64     0x100000u

static const void *
next(const void *after)
{
	return pci_next(after);
}

static void
name(const void *thing, char *buf, size_t len)
{
	const struct pci_func *f = thing;

	snprintf(buf, len, "%04x:%02x:%02x.%u", f->host->segment, f->bus,
	    f->devfn >> 3, f->devfn & 7);
}

static size_t
show_vendor(const void *f, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "0x%04x\n", pci_read16(f, 0));
}

static size_t
show_device(const void *f, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "0x%04x\n", pci_read16(f, 2));
}

static size_t
show_sub_vendor(const void *f, char *buf, size_t len)
{
	return (size_t)snprintf(
	    buf, len, "0x%04x\n", pci_read16(f, REG_SUBSYSTEM));
}

static size_t
show_sub_device(const void *f, char *buf, size_t len)
{
	return (size_t)snprintf(
	    buf, len, "0x%04x\n", pci_read16(f, REG_SUBSYSTEM + 2));
}

static size_t
show_revision(const void *f, char *buf, size_t len)
{
	return (size_t)snprintf(
	    buf, len, "0x%02x\n", pci_read8(f, REG_REVISION));
}

static size_t
show_class(const void *thing, char *buf, size_t len)
{
	const struct pci_func *f = thing;

	return (size_t)snprintf(buf, len, "0x%06x\n", f->class);
}

static size_t
show_irq(const void *thing, char *buf, size_t len)
{
	const struct pci_func *f = thing;

	return (size_t)snprintf(buf, len, "%u\n", f->device != NULL &&
	    f->device->irq_count != 0 ? f->device->irqs[0] : 0);
}

static size_t
show_node(const void *f UNUSED, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "-1\n");
}

static unsigned
flags_of(const struct pci_func *f, unsigned n)
{
	unsigned flags = f->bar[n].io ? RES_IO : RES_MEM;

	return flags | RES_SIZEALIGN | (f->bar[n].prefetch ? RES_PREFETCH : 0) |
	    (f->bar[n].wide ? RES_MEM_64 : 0) |
	    (pci_read32(f, 0x10 + 4 * n) & (f->bar[n].io ? 3 : 15));
}

/* A line for each BAR, the ROM and what bridges have; addresses are the
 * CPU's. */
static size_t
show_resource(const void *thing, char *buf, size_t len)
{
	const struct pci_func *f = thing;
	size_t n = 0;

	for (unsigned i = 0; i < RESOURCES && n < len; i++) {
		uint64_t start = 0, size = 0;
		unsigned flags = 0;

		if (i < ARRAY_LEN(f->bar) && f->device != NULL)
			size = f->device->mmio[i].size;
		if (size != 0) {
			start = f->device->mmio[i].base;
			flags = flags_of(f, i);
		}
		n += (size_t)snprintf(buf + n, len - n,
		    "0x%016lx 0x%016lx 0x%016x\n", (unsigned long)start,
		    (unsigned long)(size != 0 ? start + size - 1 : 0), flags);
	}
	return MIN(n, len);
}

static size_t
show_uevent(const void *thing, char *buf, size_t len)
{
	const struct pci_func *f = thing;
	const struct driver *d = f->device != NULL ? f->device->driver : NULL;
	char where[32];

	name(f, where, sizeof(where));
	return (size_t)snprintf(buf, len, "%s%s%sPCI_CLASS=%X\n"
	    "PCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\nPCI_SLOT_NAME=%s\n",
	    d != NULL ? "DRIVER=" : "", d != NULL ? d->name : "",
	    d != NULL ? "\n" : "", f->class, pci_read16(f, 0),
	    pci_read16(f, 2), pci_read16(f, REG_SUBSYSTEM),
	    pci_read16(f, REG_SUBSYSTEM + 2), where);
}

static size_t
config_size(const void *thing)
{
	const struct pci_func *f = thing;
	unsigned at;

	return f->host->ecam != 0 &&
	    pci_cap(f, CAP_EXPRESS, 0, 4, &at) == OK ?
	    CONFIG_EXPRESS : CONFIG_BYTES;
}

static size_t
config_bytes(const void *f, size_t off, uint8_t *buf, size_t len)
{
	size_t end = capable(CAP_SYS_ADMIN) ? config_size(f) : CONFIG_HEADER;

	if (off >= end)
		return 0;
	len = MIN(len, end - off);
	for (size_t i = 0; i < len; i++)
		buf[i] = pci_read8(f, (unsigned)(off + i));
	return len;
}

#define TEXT(n, fn) { .name = (n), .text = (fn) }

static const struct sys_entry function_table[] = {
	TEXT("class", show_class),
	{ .name = "config", .bytes = config_bytes, .size = config_size },
	TEXT("device", show_device),
	TEXT("irq", show_irq),
	TEXT("numa_node", show_node),
	TEXT("resource", show_resource),
	TEXT("revision", show_revision),
	TEXT("subsystem_device", show_sub_device),
	TEXT("subsystem_vendor", show_sub_vendor),
	TEXT("uevent", show_uevent),
	TEXT("vendor", show_vendor),
	{ .name = NULL },
};
static const struct sys_entry function = { .children = function_table };
static const struct sys_things functions = { next, name, &function };

const struct sys_entry sys_pci[] = {
	{ .name = "devices", .things = &functions },
	{ .name = NULL },
};

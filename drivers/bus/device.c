/*
 * The device tree and the drivers.
 *
 * Firmware tables are read once at start-up: each enabled FDT node with a
 * "compatible", and what ACPI's static tables name, becomes a struct device.
 * Drivers are then probed in rising
 * order (irq chips, timers, buses, the rest), each device by the first driver
 * that matches its most specific name. A device owns what its driver asked
 * for, so a probe that fails needs no unwinding: device_release() gives all of
 * it back, the newest first. ERR_NOENT from a probe says that nothing is
 * there, which is not worth a message.
 *
 * Locks: start-up is single-threaded; later arrivals come with buses that
 * bring their own lock.
 */
#include <kernel/device.h>
#include <kernel/log.h>

#include <lib/string.h>

#include <libfdt.h>

#include "firmware_device.h"

extern const struct driver *const carmine_driver_start[];
extern const struct driver *const carmine_driver_end[];

#define ORDER_MAX 8u

static struct {
	struct list all; /* [s] of start-up: struct device.sibling */
	paddr_t peeked; /* [s] what peek maps */
	void *peek; /* [s] NULL: nothing */
} tree = { .all = LIST_INIT(tree.all) };

#define PEEK_BYTES MIB(2) /* one large page */

/* What a device owns. */
struct dev_resource {
	struct list link;
	enum { RES_DMA, RES_IRQ, RES_CALL } kind;
	struct page *page;
	unsigned order;
	unsigned irq;
	void (*fn)(void *arg);
	void *arg;
};

static void
device_destroy(struct obj *o)
{
	struct device *d = container_of(o, struct device, obj);

	obj_gone(o);
	kfree(d, sizeof(*d));
}

static const struct obj_ops device_obj_ops = { .destroy = device_destroy };

struct device *
device_create(struct device *parent, const char *bus, const char *name)
{
	struct device *d = kzalloc(sizeof(*d));

	if (d == NULL)
		return NULL;
	obj_init(&d->obj, &device_obj_ops, OBJ_DEVICE);
	d->bus = bus;
	d->parent = parent;
	strlcpy(d->name, name, sizeof(d->name));
	d->fdt_node = -1;
	list_init(&d->resources);
	list_add_tail(&tree.all, &d->sibling);
	return d;
}

static struct dev_resource *
resource_add(struct device *d)
{
	struct dev_resource *r = kzalloc(sizeof(*r));

	if (r != NULL)
		list_add(&d->resources, &r->link);
	return r;
}

static void
device_release(struct device *d)
{
	struct dev_resource *r, *next;

	list_each_safe(r, next, &d->resources, link) {
		list_del(&r->link);
		if (r->kind == RES_IRQ)
			irq_free(r->irq, r->fn, r->arg);
		else if (r->kind == RES_DMA)
			page_free(r->page, r->order);
		else
			r->fn(r->arg);
		kfree(r, sizeof(*r));
	}
	for (unsigned i = 0; i < d->mmio_count; i++) {
		if (d->mmio[i].map != NULL)
			kunmap(d->mmio[i].map, d->mmio[i].size);
		d->mmio[i].map = NULL;
	}
	kfree(d->state, d->driver->state_size);
	d->state = NULL;
	d->driver = NULL;
}

volatile void *
dev_map(struct device *d, unsigned index)
{
	if (index >= d->mmio_count || d->mmio[index].size == 0 ||
	    d->mmio[index].port)
		return NULL;
	if (d->mmio[index].map == NULL)
		d->mmio[index].map = kmap_phys(d->mmio[index].base,
		    d->mmio[index].size,
		    PROT_READ | PROT_WRITE | PROT_DEVICE);
	return d->mmio[index].map;
}

volatile void *
dev_peek(struct device *d, unsigned index)
{
	paddr_t at = d->mmio[index].base;

	if (index >= d->mmio_count || d->mmio[index].size == 0)
		return NULL;
	if (tree.peek == NULL || at - tree.peeked >= PEEK_BYTES) {
		kunmap(tree.peek, PEEK_BYTES);
		tree.peeked = ALIGN_DOWN(at, PEEK_BYTES);
		tree.peek = kmap_phys(tree.peeked, PEEK_BYTES,
		    PROT_READ | PROT_WRITE | PROT_DEVICE);
	}
	return tree.peek == NULL ? NULL :
	    (char *)tree.peek + (at - tree.peeked);
}

enum err
dev_range(struct device *d, unsigned index, struct dev_bytes *out)
{
	bool port = index < d->mmio_count && d->mmio[index].port;

	out->regs = dev_map(d, index);
	out->port = port ? (uint16_t)d->mmio[index].base : 0;
	return out->regs != NULL || port ? OK : ERR_NODEV;
}

enum err
dev_bytes(struct device *d, struct dev_bytes *out)
{
	*out = (struct dev_bytes){ dev_map(d, 0), d->port };
	return out->regs != NULL || d->port_count != 0 ? OK : ERR_NODEV;
}

void *
dev_dma_alloc(struct device *d, size_t len, uint64_t *bus)
{
	struct dev_resource *r = resource_add(d);
	unsigned order = 0;

	if (r == NULL)
		return NULL;
	while ((PAGE_SIZE << order) < len)
		order++;
	r->kind = RES_DMA;
	r->order = order;
	r->page = page_alloc(order);
	if (r->page == NULL) {
		list_del(&r->link);
		kfree(r, sizeof(*r));
		return NULL;
	}
	*bus = page_phys(r->page);
	memset(page_virt(r->page), 0, PAGE_SIZE << order);
	return page_virt(r->page);
}

enum err
dev_irq(struct device *d, unsigned index, irq_fn *fn, void *arg)
{
	return index < d->irq_count ?
	    dev_irq_number(d, d->irqs[index], fn, arg) : ERR_NODEV;
}

enum err
dev_on_release(struct device *d, void (*fn)(void *arg), void *arg)
{
	struct dev_resource *r = resource_add(d);

	if (r == NULL)
		return ERR_NOMEM;
	r->kind = RES_CALL;
	r->fn = fn;
	r->arg = arg;
	return OK;
}

enum err
dev_irq_number(struct device *d, unsigned irq, irq_fn *fn, void *arg)
{
	struct dev_resource *r = resource_add(d);
	enum err e;

	if (r == NULL)
		return ERR_NOMEM;
	r->kind = RES_IRQ;
	r->irq = irq;
	r->fn = fn;
	r->arg = arg;
	e = irq_request(r->irq, fn, arg, d->name);
	if (e != OK) {
		list_del(&r->link);
		kfree(r, sizeof(*r));
	}
	return e;
}

const void *
dev_property(struct device *d, const char *name, unsigned *len)
{
	int n = 0;
	const void *p;

	if (d->fdt_node < 0)
		return NULL;
	p = fdt_getprop(boot_info.fdt, d->fdt_node, name, &n);
	*len = p != NULL ? (unsigned)n : 0;
	return p;
}

/* ---- matching ---------------------------------------------------------- */

static bool
matches(const struct dev_match *m, const struct device *d)
{
	for (; m->bus != NULL; m++) {
		if (strcmp(m->bus, d->bus) != 0)
			continue;
		if (m->id == NULL && (m->device == 0 || m->device == d->id) &&
		    (m->vendor == 0 || m->vendor == d->vendor))
			return true;
		for (unsigned i = 0; m->id != NULL &&
		    i < ARRAY_LEN(d->compatible) && d->compatible[i]; i++)
			if (strcmp(m->id, d->compatible[i]) == 0)
				return true;
	}
	return false;
}

static void
probe(struct device *d, const struct driver *drv)
{
	enum err e = ERR_NOMEM;

	d->driver = drv;
	d->state = kzalloc(drv->state_size);
	if (d->state != NULL)
		e = drv->probe(d);
	if (e == OK) {
		klog(LOG_DEBUG, "%s: %s", d->name, drv->name);
		return;
	}
	/* What may be there or not is no news when it is not. */
	if (e != ERR_NOENT)
		klog(e == ERR_NODEV && d->port_count != 0 ? LOG_DEBUG :
		    LOG_WARN, "%s: %s: %s", d->name, drv->name, err_text(e));
	device_release(d);
}

void
device_init(void)
{
	struct device *d;

	if (boot_info.fdt != NULL)
		fdt_devices_create(boot_info.fdt);
	if (boot_info.acpi != NULL)
		acpi_devices_create(boot_info.acpi);
	cmdline_devices_create();
	for (unsigned order = 0; order <= ORDER_MAX; order++) {
		const struct driver *const *p = carmine_driver_start;

		for (; p < carmine_driver_end; p++) {
			if ((*p)->order != order)
				continue;
			list_each(d, &tree.all, sibling)
				if (d->driver == NULL &&
				    matches((*p)->match, d))
					probe(d, *p);
		}
	}
	kunmap(tree.peek, PEEK_BYTES);
	tree.peek = NULL;
}

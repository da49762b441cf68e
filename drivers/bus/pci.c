/* SPDX-License-Identifier: MIT */
/*
 * The PCI bus: configuration space, and what is found in it.
 *
 * Start-up per host bridge: scan (buses are numbered depth first, BARs are
 * sized), assign (pci_assign.c), publish (each function becomes a device).
 * Configuration space is memory (ECAM), mapped two buses at a time as they
 * are met, or a pair of ports.
 *
 * Nothing a function says is believed unchecked: BARs and capability lists
 * go through pci_config.c, bus numbers stay in the host's range, the depth of
 * bridges has a limit.
 *
 * Locks: scanning is start-up's, single-threaded. Afterwards records do not
 * change; accesses by ports take pci.lock, those to memory none.
 */
#include "pci_impl.h"

#include <kernel/log.h>

#include <lib/fmt.h>

#define BUS_BYTES   MIB(1)
#define FUNC_BYTES  4096u
#define DEPTH_MAX   16u
#define CAPS_MAX    48u

static struct {
	struct spinlock lock; /* RANK_DRIVER, irq: the pair of ports */
	struct list all; /* [s] struct pci_func.link */
} pci = {
	.lock = SPIN_INIT(RANK_DRIVER, "pci"),
	.all = LIST_INIT(pci.all),
};

/* ---- configuration space ------------------------------------------------- */

/* The registers of a function; NULL: no memory to map them. */
static volatile char *
registers(struct pci_host *h, uint8_t bus, uint8_t devfn)
{
	void **map = &h->map[bus / 2];

	if (*map == NULL)
		*map = kmap_phys(h->ecam + (bus / 2) * 2 * BUS_BYTES,
		    2 * BUS_BYTES, PROT_READ | PROT_WRITE | PROT_DEVICE);
	return *map == NULL ? NULL : (volatile char *)*map +
	    (bus % 2) * BUS_BYTES + devfn * FUNC_BYTES;
}

static uint32_t
port_access(uint8_t bus, uint8_t devfn, unsigned off, const uint32_t *put)
{
	unsigned long flags = spin_lock_irq(&pci.lock);
	uint32_t v = 0;

	arch_port_write32(PCI_PORT_SELECT, PCI_PORT_ENABLE |
	    (uint32_t)bus << 16 | (uint32_t)devfn << 8 | (off & 0xfc));
	if (put != NULL)
		arch_port_write32(PCI_PORT_DATA, *put);
	else
		v = arch_port_read32(PCI_PORT_DATA);
	spin_unlock_irq(&pci.lock, flags);
	return v;
}

static uint32_t
config_read(struct pci_host *h, uint8_t bus, uint8_t devfn, unsigned off)
{
	volatile char *r;

	if (h->ecam == 0)
		return off < PCI_CONFIG_BYTES ?
		    port_access(bus, devfn, off, NULL) : UINT32_MAX;
	r = registers(h, bus, devfn);
	return r == NULL || off >= FUNC_BYTES ? UINT32_MAX :
	    mmio_read32(r, off & ~3u);
}

uint32_t
pci_read32(const struct pci_func *f, unsigned off)
{
	return config_read(f->host, f->bus, f->devfn, off);
}

uint16_t
pci_read16(const struct pci_func *f, unsigned off)
{
	return (uint16_t)(pci_read32(f, off) >> (off & 2) * 8);
}

uint8_t
pci_read8(const struct pci_func *f, unsigned off)
{
	return (uint8_t)(pci_read32(f, off) >> (off & 3) * 8);
}

void
pci_write32(const struct pci_func *f, unsigned off, uint32_t v)
{
	volatile char *r;

	if (f->host->ecam == 0) {
		(void)port_access(f->bus, f->devfn, off, &v);
		return;
	}
	r = registers(f->host, f->bus, f->devfn);
	if (r != NULL && off < FUNC_BYTES)
		mmio_write32(r, off, v);
}

/* A whole word is written, but for the status beside the command, where ones
 * would clear bits. */
void
pci_write16(const struct pci_func *f, unsigned off, uint16_t v)
{
	uint32_t word = pci_read32(f, off & ~3u);
	unsigned shift = (off & 2) * 8;

	if ((off & ~3u) == PCI_COMMAND)
		word &= 0xffff;
	word = (word & ~(UINT32_C(0xffff) << shift)) | (uint32_t)v << shift;
	pci_write32(f, off & ~3u, word);
}

enum err
pci_cap(const struct pci_func *f, uint8_t id, unsigned from, size_t bytes,
    unsigned *out)
{
	unsigned at = from != 0 ? pci_read8(f, from + 1) : 0x34;

	if (from == 0) {
		if (!(pci_read16(f, 0x06) & 0x10))
			return ERR_NOENT;
		at = pci_read8(f, at);
	}
	for (unsigned n = 0; n < CAPS_MAX && (at &= ~3u) != 0; n++) {
		if (at < PCI_CAP_FIRST)
			return ERR_INVAL;
		if (pci_read8(f, at) == id) {
			if (!pci_range_ok(at, bytes, PCI_CONFIG_BYTES))
				return ERR_INVAL;
			*out = at;
			return OK;
		}
		at = pci_read8(f, at + 1);
	}
	return at == 0 ? ERR_NOENT : ERR_INVAL;
}

/* ---- scanning ------------------------------------------------------------ */

static void
say(const struct pci_func *f, const char *what)
{
	klog(LOG_WARN, "pci %04x:%02x:%02x.%u: %s", f->host->segment, f->bus,
	    f->devfn >> 3, f->devfn & 7, what);
}

/* Sizes BAR n; its address bits are what the firmware left. */
static void
size_bar(struct pci_func *f, unsigned n, unsigned count)
{
	uint32_t low = pci_read32(f, PCI_BAR(n)), high = 0, mask, mask_high = 0;
	bool last = n + 1 == count;
	struct pci_bar b;
	enum err e;

	pci_write32(f, PCI_BAR(n), UINT32_MAX);
	mask = pci_read32(f, PCI_BAR(n));
	pci_write32(f, PCI_BAR(n), low);
	if ((mask & 7) == 4 && !last) {
		high = pci_read32(f, PCI_BAR(n + 1));
		pci_write32(f, PCI_BAR(n + 1), UINT32_MAX);
		mask_high = pci_read32(f, PCI_BAR(n + 1));
		pci_write32(f, PCI_BAR(n + 1), high);
	}
	e = pci_bar_decode(mask, mask_high, last, &b);
	if (e != OK) {
		say(f, "a BAR that cannot be");
		return;
	}
	f->bar[n].size = b.size;
	f->bar[n].io = b.io;
	f->bar[n].wide = b.wide;
	f->bar[n].prefetch = b.prefetch;
	f->bar[n].at = (uint64_t)high << 32 | (low & (b.io ? ~3u : ~15u));
}

static void
size_bars(struct pci_func *f)
{
	unsigned count = f->type == HEADER_BRIDGE ? 2 : 6;
	uint16_t command = pci_read16(f, PCI_COMMAND);

	/* Host bridges are the machine itself; other headers have no BARs. */
	if (f->type > HEADER_BRIDGE || f->class >> 8 == CLASS_HOST >> 8)
		return;
	pci_write16(f, PCI_COMMAND,
	    command & (uint16_t)~(COMMAND_IO | COMMAND_MEM));
	for (unsigned n = 0; n < count; n++) {
		size_bar(f, n, count);
		n += f->bar[n].wide;
	}
	pci_write16(f, PCI_COMMAND, command);
}

static void scan_bus(struct pci_host *h, uint8_t bus, struct pci_func *bridge);

/* Numbers the bus behind a bridge and looks at it. */
static void
scan_behind(struct pci_func *f)
{
	struct pci_host *h = f->host;
	uint32_t was = pci_read32(f, PCI_BUSES);
	unsigned depth = 0;

	f->secondary = (uint8_t)(was >> 8);
	f->subordinate = (uint8_t)(was >> 16);
	for (const struct pci_func *b = f; b != NULL; b = b->bridge)
		depth++;
	if (depth > DEPTH_MAX) {
		say(f, "a bridge behind too many others is left out");
		f->secondary = 0;
		return;
	}
	if (!h->kept || f->secondary <= f->bus ||
	    f->secondary < h->next_bus || f->secondary > h->last) {
		if (h->next_bus > h->last) {
			say(f, "no bus number is left for a bridge");
			f->secondary = 0;
			return;
		}
		f->secondary = (uint8_t)h->next_bus;
	}
	h->next_bus = f->secondary + 1u;
	/* While looking, all higher buses are behind this one. */
	pci_write32(f, PCI_BUSES, (was & 0xff000000) |
	    (uint32_t)h->last << 16 | (uint32_t)f->secondary << 8 | f->bus);
	scan_bus(h, f->secondary, f);
	if (!h->kept || f->subordinate + 1u < h->next_bus ||
	    f->subordinate > h->last)
		f->subordinate = (uint8_t)(h->next_bus - 1);
	h->next_bus = f->subordinate + 1u;
	pci_write32(f, PCI_BUSES, (was & 0xff000000) |
	    (uint32_t)f->subordinate << 16 | (uint32_t)f->secondary << 8 |
	    f->bus);
}

/* NULL: nothing is there, or no memory. */
static struct pci_func *
scan_func(struct pci_host *h, uint8_t bus, uint8_t devfn,
    struct pci_func *bridge)
{
	uint32_t id = config_read(h, bus, devfn, PCI_VENDOR);
	struct pci_func *f;

	if ((id & 0xffff) == 0xffff || (id & 0xffff) == 0)
		return NULL;
	f = kzalloc(sizeof(*f));
	if (f == NULL) {
		klog(LOG_WARN, "pci: out of memory for functions");
		return NULL;
	}
	f->host = h;
	f->bridge = bridge;
	f->bus = bus;
	f->devfn = devfn;
	f->type = pci_read8(f, PCI_HEADER) & 0x7f;
	f->class = pci_read32(f, PCI_CLASS) >> 8;
	list_add_tail(&pci.all, &f->link);
	size_bars(f);
	if (f->type == HEADER_BRIDGE)
		scan_behind(f);
	return f;
}

/* A port of PCI Express has one device at most, and may show it as all. */
static bool
leads_to_one(const struct pci_func *bridge)
{
	unsigned cap, type;

	if (bridge == NULL ||
	    pci_cap(bridge, CAP_EXPRESS, 0, 4, &cap) != OK)
		return false;
	type = pci_read16(bridge, cap + 2) >> 4 & 15;
	return type == 4 || type == 6; /* root port, downstream port */
}

static void
scan_bus(struct pci_host *h, uint8_t bus, struct pci_func *bridge)
{
	unsigned slots = leads_to_one(bridge) ? 1 : PCI_SLOTS;

	for (unsigned slot = 0; slot < slots; slot++) {
		struct pci_func *f = scan_func(
		    h, bus, (uint8_t)(slot << 3), bridge);

		if (f == NULL || !(pci_read8(f, PCI_HEADER) & HEADER_MULTI))
			continue;
		for (unsigned n = 1; n < 8; n++)
			(void)scan_func(
			    h, bus, (uint8_t)(slot << 3 | n), bridge);
	}
}

/* ---- devices ------------------------------------------------------------- */

/* The interrupt of the function's pin, which bridges on the way up turn by
 * the number of the slot. */
static unsigned
line_of(const struct pci_func *f)
{
	unsigned pin = pci_read8(f, PCI_PIN), line = pci_read8(f, PCI_LINE);

	if (pin == 0 || pin > PCI_PINS)
		return 0;
	pin--;
	for (; f->bridge != NULL; f = f->bridge)
		pin = (pin + (f->devfn >> 3)) % PCI_PINS;
	if (f->host->intx[f->devfn >> 3][pin] != 0)
		return f->host->intx[f->devfn >> 3][pin];
	return line < 0xff ? line : 0;
}

static void
publish(struct pci_func *f)
{
	struct pci_host *h = f->host;
	struct device *d;
	char name[32];

	snprintf(name, sizeof(name), "%04x:%02x:%02x.%u", h->segment, f->bus,
	    f->devfn >> 3, f->devfn & 7);
	d = device_create(NULL, "pci", name);
	if (d == NULL) {
		say(f, "out of memory for its device");
		return;
	}
	f->device = d;
	d->on_bus = f;
	d->vendor = pci_read16(f, PCI_VENDOR);
	d->id = pci_read16(f, PCI_DEVICE);
	for (unsigned n = 0; n < 6; n++) {
		const struct pci_window *w = &h->window[pci_bar_kind(f, n)];

		if (f->bar[n].size == 0 || f->bar[n].at == 0)
			continue;
		d->mmio[n].base = f->bar[n].at - w->bus + w->cpu;
		d->mmio[n].size = f->bar[n].size;
		d->mmio[n].port = w->port;
	}
	d->mmio_count = 6;
	d->irqs[0] = line_of(f);
	d->irq_count = d->irqs[0] != 0;
}

/* Takes back what was found since before: its host is given up. */
static void
forget(struct pci_host *h, struct list *before)
{
	while (before->next != &pci.all) {
		struct pci_func *f = container_of(
		    before->next, struct pci_func, link);

		list_del(&f->link);
		kfree(f, sizeof(*f));
	}
	for (unsigned i = 0; i < ARRAY_LEN(h->map); i++)
		kunmap(h->map[i], 2 * BUS_BYTES);
}

/* Is it only the machine itself, which needs neither address nor line? */
static bool
is_bare(const struct pci_func *f)
{
	return f->class >> 8 == CLASS_HOST >> 8 && pci_read8(f, PCI_PIN) == 0;
}

enum err
pci_host_add(struct pci_host *h, struct device *d)
{
	struct list *before = pci.all.prev, *l;
	bool bare = true;
	enum err e = OK;

	h->next_bus = h->first + 1u;
	if (h->ecam != 0 && registers(h, h->first, 0) == NULL) {
		klog(LOG_WARN, "%s: no memory to map it", d->name);
		return ERR_NOMEM;
	}
	scan_bus(h, h->first, NULL);
	for (l = before->next; l != &pci.all; l = l->next)
		bare = bare && is_bare(container_of(l, struct pci_func, link));
	if (!bare) {
		e = h->details(h, d);
		if (e != OK) {
			forget(h, before);
			return e;
		}
		pci_assign(h);
	}
	for (l = before->next; l != &pci.all; l = l->next)
		publish(container_of(l, struct pci_func, link));
	return OK;
}

struct pci_func *
pci_of(struct device *d)
{
	return d->on_bus;
}

struct pci_func *
pci_next(const struct pci_func *after)
{
	struct list *l = after == NULL ? pci.all.next : after->link.next;

	return l == &pci.all ? NULL : container_of(l, struct pci_func, link);
}

static void
disable(void *func)
{
	struct pci_func *f = func;

	pci_write16(f, PCI_COMMAND, (uint16_t)((pci_read16(f, PCI_COMMAND) |
	    COMMAND_NO_INTX) & ~COMMAND_MASTER));
}

enum err
pci_enable(struct device *d)
{
	struct pci_func *f = pci_of(d);
	enum err e = dev_on_release(d, disable, f);

	if (e != OK)
		return e;
	pci_write16(f, PCI_COMMAND, (uint16_t)((pci_read16(f, PCI_COMMAND) &
	    ~COMMAND_NO_INTX) | COMMAND_IO | COMMAND_MEM | COMMAND_MASTER));
	return OK;
}

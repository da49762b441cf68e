/* SPDX-License-Identifier: MIT */
/*
 * The GICv3's interrupt translation service: a device's write of an event
 * number becomes an interrupt of memory (LPI) on the CPU that the event is
 * routed to. A PCI function is a device by its requester number.
 *
 * What the service and the redistributors keep lies in memory that we lend
 * them: tables of devices and collections (one collection a CPU), a table of
 * events per device, a byte for each LPI, a pending bit for each LPI and CPU,
 * and the ring of commands. All of it is made when the first message is asked
 * for, as many machines never do. Each command is waited for, so that the
 * ring is never full and an error has a name.
 *
 * An LPI is interrupt number IRQ_MSI + its distance from the first LPI, which
 * is the event's number, too, in the table of whichever device it belongs to:
 * functions behind an old bridge are one device.
 *
 * Source: Arm IHI 0069G, chapters 5, 6 and 12.19; arm,gic-v3-its binding.
 * Context: messages under msi.lock.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/time.h>

#include <arch_sysreg.h>

#include <lib/string.h>

#include "gic.h"

#define GITS_CTLR      0x000u
#define GITS_TYPER     0x008u
#define GITS_CBASER    0x080u
#define GITS_CWRITER   0x088u
#define GITS_CREADR    0x090u
#define GITS_BASER(n)  (0x100u + (n) * 8u)
#define GITS_BASERS    8u
#define GITS_TRANSLATER 0x10040u
#define CTLR_ENABLED   1u
#define CTLR_QUIET     (UINT32_C(1) << 31)
#define CREADR_STALLED 1u
#define TYPER_PHYSICAL 1u /* it has LPIs */
#define TYPER_PTA      (1u << 19) /* redistributors by address */

#define GICR_CTLR      0x000u
#define GICR_TYPER     0x008u
#define GICR_PROPBASER 0x070u
#define GICR_PENDBASER 0x078u
#define GICR_CTLR_LPIS 1u
#define GICR_CTLR_RWP  8u

/* Of all base registers: valid, inner write-back, inner shareable. */
#define BASE_VALID     (UINT64_C(1) << 63)
#define BASER_CACHED   (UINT64_C(7) << 59)
#define BASER_INDIRECT (UINT64_C(1) << 62)
#define BASE_SHARED    (UINT64_C(1) << 10)
#define BASE_SHARES    (UINT64_C(3) << 10)
#define LPI_CACHED     (UINT64_C(7) << 7)
#define PEND_ZERO      (UINT64_C(1) << 62)
#define BASER_TYPE(v)  ((unsigned)((v) >> 56 & 7))
#define BASER_ENTRY(v) ((unsigned)((v) >> 48 & 31) + 1)
#define TYPE_DEVICES     1u
#define TYPE_COLLECTIONS 4u

#define LPI_ID_BITS  14u
#define LPI_COUNT    MSI_NUMBERS_MAX
#define EVENT_BITS   8u
_Static_assert(LPI_COUNT <= 1u << EVENT_BITS, "an event is an LPI");
#define LPI_ON       (GIC_PRIORITY | 2u | 1u)
#define LPI_OFF      (GIC_PRIORITY | 2u)
#define PROP_BYTES   ((1u << LPI_ID_BITS) - GIC_LPI)
#define BIG_ORDER    4u /* 64 KiB: what rings and pending bits lie at */
#define RING_BYTES   4096u
#define COMMAND_BYTES 32u
#define L1_ENTRIES   512u /* of a table of tables: a page of words */
#define WAIT_LIMIT   (100 * NS_PER_MS)

enum {
	CMD_MOVI = 0x01, CMD_SYNC = 0x05, CMD_MAPD = 0x08, CMD_MAPC = 0x09,
	CMD_MAPTI = 0x0a, CMD_INV = 0x0c, CMD_DISCARD = 0x0f,
};

/* A device that has asked once. It keeps its events' table. */
struct its_device {
	struct its_device *next;
	uint32_t id;
};

struct its {
	volatile char *regs; /* [I] */
	paddr_t translater; /* [I] */
	uint64_t typer; /* [I] */
	enum { ITS_NEW, ITS_ON, ITS_BROKEN } state; /* the rest: msi.lock */
	uint8_t *ring, *property;
	uint64_t *level1; /* of devices, by parts of a page */
	unsigned part; /* devices in one */
	struct its_device *devices;
	struct msi_numbers numbers;
	struct {
		struct its_device *device;
		unsigned cpu;
	} message[LPI_COUNT];
};

static uint64_t
read64(const volatile void *regs, size_t off)
{
	return mmio_read32(regs, off) |
	    (uint64_t)mmio_read32(regs, off + 4) << 32;
}

static void
write64(volatile void *regs, size_t off, uint64_t v)
{
	*(volatile uint64_t *)((volatile char *)regs + off) = v;
}

/* Zeroed, aligned to its size; NULL: no memory. Never given back: the
 * hardware may look at it until it is off. */
static void *
lend(unsigned order)
{
	struct page *p = page_alloc(order);

	return p == NULL ? NULL :
	    memset(page_virt(p), 0, (size_t)PAGE_SIZE << order);
}

/* ---- commands ------------------------------------------------------------ */

static enum err
broken(struct its *its, const char *why)
{
	klog(LOG_ERROR, "its: %s; messages are off", why);
	its->state = ITS_BROKEN;
	return ERR_NOTSUP; /* devices have lines, too */
}

/* Puts one into the ring and waits until it is done. */
static enum err
command(struct its *its, const uint64_t words[3])
{
	uint64_t at = read64(its->regs, GITS_CWRITER) & (RING_BYTES - 1);
	uint64_t next = (at + COMMAND_BYTES) % RING_BYTES, done;
	ns_t limit = arch_time() + WAIT_LIMIT;

	memcpy(its->ring + at, words, 3 * sizeof(words[0]));
	dsb(sy); /* tables and ring are seen before the register changes */
	write64(its->regs, GITS_CWRITER, next);
	do {
		done = read64(its->regs, GITS_CREADR);
		if (done & CREADR_STALLED)
			return broken(its, "a command is refused");
		if (arch_time() > limit)
			return broken(its, "does not answer");
	} while ((done & (RING_BYTES - 1)) != next);
	return OK;
}

/* How commands name the redistributor of a CPU. */
static uint64_t
target(const struct its *its, unsigned cpu)
{
	return its->typer & TYPER_PTA ? gicv3_redist_phys(cpu) :
	    (read64(gicv3_redist(cpu), GICR_TYPER) >> 8 & 0xffff) << 16;
}

static enum err
sync(struct its *its, unsigned cpu)
{
	return command(its, (uint64_t[3]){ CMD_SYNC, 0, target(its, cpu) });
}

/* A command on an event of a device, and what it changes made visible. */
static enum err
event_command(struct its *its, unsigned which, unsigned i, uint64_t word2)
{
	uint64_t id = its->message[i].device->id, event = i;
	enum err e;

	if (which == CMD_MAPTI)
		event |= (uint64_t)(GIC_LPI + i) << 32;
	e = command(its, (uint64_t[3]){ which | id << 32, event, word2 });
	return e == OK ? sync(its, its->message[i].cpu) : e;
}

/* ---- tables -------------------------------------------------------------- */

/* Points base register n at a page; its page size is tried. False: the
 * hardware wants larger pages or does not see what we write. */
static bool
table_set(struct its *its, unsigned n, void *table, uint64_t more)
{
	uint64_t v = BASE_VALID | BASER_CACHED | BASE_SHARED |
	    virt_to_phys(table) | more, got;

	write64(its->regs, GITS_BASER(n), v);
	got = read64(its->regs, GITS_BASER(n));
	return (got & 0x3ff) == 0 && (got & BASE_SHARES) != 0 &&
	    (got & BASER_INDIRECT) == (more & BASER_INDIRECT);
}

static enum err
tables_make(struct its *its)
{
	for (unsigned n = 0; n < GITS_BASERS; n++) {
		uint64_t was = read64(its->regs, GITS_BASER(n));
		bool devices = BASER_TYPE(was) == TYPE_DEVICES;
		void *table;

		if (!devices && BASER_TYPE(was) != TYPE_COLLECTIONS)
			continue;
		table = lend(0);
		if (table == NULL)
			return ERR_NOMEM;
		if (!table_set(its, n, table, devices ? BASER_INDIRECT : 0))
			return broken(its, "its tables are not as ours");
		if (!devices)
			continue;
		its->level1 = table;
		its->part = (unsigned)PAGE_SIZE / BASER_ENTRY(was);
	}
	return its->level1 != NULL ? OK : broken(its, "has no device table");
}

static enum err
ring_make(struct its *its)
{
	uint8_t *block = lend(BIG_ORDER);

	if (block == NULL)
		return ERR_NOMEM;
	its->ring = block;
	its->property = block + RING_BYTES;
	memset(its->property, LPI_OFF, PROP_BYTES);
	write64(its->regs, GITS_CBASER, BASE_VALID | BASER_CACHED |
	    BASE_SHARED | virt_to_phys(its->ring));
	write64(its->regs, GITS_CWRITER, 0);
	if ((read64(its->regs, GITS_CBASER) & BASE_SHARES) == 0)
		return broken(its, "does not share our caches");
	return OK;
}

static bool
wait_lpis(volatile void *redist, uint32_t mask, uint32_t value)
{
	ns_t limit = arch_time() + WAIT_LIMIT;

	while ((mmio_read32(redist, GICR_CTLR) & mask) != value)
		if (arch_time() > limit)
			return false;
	return true;
}

/* Turns a CPU's LPIs on, all of them still off one by one. */
static enum err
cpu_on(struct its *its, unsigned cpu)
{
	volatile void *r = gicv3_redist(cpu);
	uint32_t control = mmio_read32(r, GICR_CTLR);
	void *pending = lend(BIG_ORDER);

	if (pending == NULL)
		return ERR_NOMEM;
	mmio_write32(r, GICR_CTLR, control & ~GICR_CTLR_LPIS);
	if (!wait_lpis(r, GICR_CTLR_LPIS | GICR_CTLR_RWP, 0))
		return broken(its, "LPIs of the firmware's stay on");
	write64(r, GICR_PROPBASER, LPI_CACHED | BASE_SHARED |
	    virt_to_phys(its->property) | (LPI_ID_BITS - 1));
	write64(r, GICR_PENDBASER, LPI_CACHED | BASE_SHARED | PEND_ZERO |
	    virt_to_phys(pending));
	if ((read64(r, GICR_PROPBASER) & BASE_SHARES) == 0)
		return broken(its, "a redistributor does not share our caches");
	dsb(sy);
	mmio_write32(r, GICR_CTLR, control | GICR_CTLR_LPIS);
	if (!wait_lpis(r, GICR_CTLR_LPIS, GICR_CTLR_LPIS))
		return broken(its, "a redistributor has no LPIs");
	return command(its, (uint64_t[3]){
		CMD_MAPC, 0, BASE_VALID | target(its, cpu) | cpu });
}

static enum err
its_start(struct its *its)
{
	enum err e = tables_make(its);

	if (e == OK)
		e = ring_make(its);
	if (e == OK)
		mmio_write32(its->regs, GITS_CTLR, CTLR_ENABLED);
	for (unsigned cpu = 0; e == OK && cpu < boot_info.cpu_count; cpu++)
		if (gicv3_redist(cpu) != NULL)
			e = cpu_on(its, cpu);
	if (e == ERR_NOMEM)
		return broken(its, "no memory for its tables");
	if (e == OK)
		its->state = ITS_ON;
	return e;
}

/* ---- devices ------------------------------------------------------------- */

/* The part of the device table that id lies in is there. */
static enum err
device_entry(struct its *its, uint32_t id)
{
	unsigned i = id / its->part;
	void *part;

	if (i >= L1_ENTRIES ||
	    id >> ((its->typer >> 13 & 31) + 1) != 0)
		return ERR_NOSPC;
	if (its->level1[i] != 0)
		return OK;
	part = lend(0);
	if (part == NULL)
		return ERR_NOMEM;
	its->level1[i] = BASE_VALID | virt_to_phys(part);
	return OK;
}

static enum err
device_get(struct its *its, uint32_t id, struct its_device **out)
{
	size_t bytes = ((its->typer >> 4 & 15) + 1) << EVENT_BITS;
	struct its_device *d = its->devices;
	unsigned order = 0;
	void *events;
	enum err e;

	while (d != NULL && d->id != id)
		d = d->next;
	*out = d;
	if (d != NULL)
		return OK;
	e = device_entry(its, id);
	if (e != OK)
		return e;
	while ((PAGE_SIZE << order) < bytes)
		order++;
	d = kzalloc(sizeof(*d));
	events = d == NULL ? NULL : lend(order);
	if (events == NULL) {
		kfree(d, sizeof(*d));
		return ERR_NOMEM;
	}
	*d = (struct its_device){ its->devices, id };
	its->devices = d;
	*out = d;
	return command(its, (uint64_t[3]){ CMD_MAPD | (uint64_t)id << 32,
		EVENT_BITS - 1, BASE_VALID | virt_to_phys(events) });
}

/* ---- messages ------------------------------------------------------------ */

/* The service is told by the caller. */
static void
property_set(struct its *its, unsigned i, uint8_t v)
{
	its->property[i] = v;
	dsb(sy);
}

static enum err
its_alloc(void *chip, struct msi_request *r)
{
	struct its *its = chip;
	struct its_device *d;
	unsigned i;
	enum err e = its->state == ITS_NEW ? its_start(its) : OK;

	if (e != OK || its->state == ITS_BROKEN)
		return e != OK ? e : ERR_NOTSUP;
	if (gicv3_redist(r->cpu) == NULL)
		return ERR_INVAL;
	e = device_get(its, r->requester, &d);
	if (e == OK)
		e = msi_number_take(&its->numbers, &r->irq);
	if (e != OK)
		return e;
	i = r->irq - IRQ_MSI;
	its->message[i].device = d;
	its->message[i].cpu = r->cpu;
	property_set(its, i, LPI_ON);
	e = event_command(its, CMD_MAPTI, i, r->cpu);
	if (e == OK)
		e = event_command(its, CMD_INV, i, 0);
	if (e != OK)
		msi_number_give(&its->numbers, r->irq);
	r->message = (struct msi_message){ its->translater, i };
	return e;
}

static void
its_free(void *chip, unsigned irq)
{
	struct its *its = chip;

	if (its->state == ITS_ON) {
		property_set(its, irq - IRQ_MSI, LPI_OFF);
		err_ignore(event_command(its, CMD_INV, irq - IRQ_MSI, 0));
		err_ignore(event_command(its, CMD_DISCARD, irq - IRQ_MSI, 0));
	}
	msi_number_give(&its->numbers, irq);
}

static enum err
its_move(void *chip, unsigned irq, unsigned cpu, struct msi_message *out)
{
	struct its *its = chip;
	unsigned i = irq - IRQ_MSI;
	enum err e;

	if (its->state != ITS_ON || gicv3_redist(cpu) == NULL)
		return ERR_INVAL;
	e = event_command(its, CMD_MOVI, i, cpu); /* and its old CPU knows */
	if (e == OK)
		its->message[i].cpu = cpu;
	*out = (struct msi_message){ its->translater, i };
	return e;
}

static const struct msi_ops its_ops = {
	.alloc = its_alloc,
	.free = its_free,
	.move = its_move,
};

/* ---- probing ------------------------------------------------------------- */

/* Off, and done with what an earlier system gave it. */
static bool
quiet(volatile void *regs)
{
	ns_t limit = arch_time() + WAIT_LIMIT;

	mmio_write32(regs, GITS_CTLR,
	    mmio_read32(regs, GITS_CTLR) & ~CTLR_ENABLED);
	while (!(mmio_read32(regs, GITS_CTLR) & CTLR_QUIET))
		if (arch_time() > limit)
			return false;
	return true;
}

static enum err
its_probe(struct device *d)
{
	struct its *its = d->state;

	its->regs = dev_map(d, 0);
	if (its->regs == NULL || gicv3_redist(0) == NULL)
		return ERR_NODEV;
	its->typer = read64(its->regs, GITS_TYPER);
	if (!(its->typer & TYPER_PHYSICAL) ||
	    (its->typer >> 8 & 31) + 1 < EVENT_BITS)
		return ERR_NOTSUP;
	if (!quiet(its->regs))
		return ERR_IO;
	its->translater = d->mmio[0].base + GITS_TRANSLATER;
	its->numbers.first = IRQ_MSI;
	its->numbers.count = LPI_COUNT;
	msi_register(&its_ops, its);
	return OK;
}

static const struct dev_match its_match[] = {
	{ .bus = "fdt", .id = "arm,gic-v3-its" },
	{ .bus = NULL },
};

static const struct driver gicv3_its = {
	.name = "gicv3-its",
	.match = its_match,
	.state_size = sizeof(struct its),
	.probe = its_probe,
	.order = 1,
};
DRIVER(gicv3_its);

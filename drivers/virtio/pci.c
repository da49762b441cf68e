/* SPDX-License-Identifier: MIT */
/*
 * Virtio over PCI: the modern interface, whose register blocks are named by
 * vendor capabilities, and the legacy one of transitional devices, which is a
 * block of ports (or their window in memory, where the CPU has no ports).
 * Modern is taken where it is there.
 *
 * Each block is checked against its BAR before it is believed. With MSI-X each
 * queue has its own message; message 0 is that of configuration changes.
 *
 * Source: VIRTIO 1.2, 4.1.
 */
#include "virtio.h"

#include <kernel/log.h>
#include <kernel/pci.h>

#include <lib/string.h>

#define VENDOR          0x1af4u
#define ID_FIRST        0x1000u
#define ID_MODERN       0x1040u
#define ID_END          0x1080u
#define CAP_VENDOR      9u
#define SUBSYSTEM_ID    0x2eu

/* The kinds of block, and what of each has to be there. */
enum { BLOCK_COMMON = 1, BLOCK_NOTIFY, BLOCK_ISR, BLOCK_DEVICE, BLOCKS };

/* Of the common block. */
#define COMMON_FEATURES_SEL 0x00u
#define COMMON_FEATURES     0x04u
#define COMMON_ACCEPT_SEL   0x08u
#define COMMON_ACCEPT       0x0cu
#define COMMON_CONFIG_VECTOR 0x10u
#define COMMON_STATUS       0x14u
#define COMMON_GENERATION   0x15u
#define COMMON_QUEUE_SEL    0x16u
#define COMMON_QUEUE_SIZE   0x18u
#define COMMON_QUEUE_VECTOR 0x1au
#define COMMON_QUEUE_ENABLE 0x1cu
#define COMMON_QUEUE_NOTIFY 0x1eu
#define COMMON_QUEUE_DESC   0x20u
#define COMMON_QUEUE_AVAIL  0x28u
#define COMMON_QUEUE_USED   0x30u
#define COMMON_BYTES        0x38u

/* Of the legacy block. */
#define LEGACY_FEATURES     0x00u
#define LEGACY_ACCEPT       0x04u
#define LEGACY_QUEUE_PFN    0x08u
#define LEGACY_QUEUE_SIZE   0x0cu
#define LEGACY_QUEUE_SEL    0x0eu
#define LEGACY_NOTIFY       0x10u
#define LEGACY_STATUS       0x12u
#define LEGACY_ISR          0x13u
#define LEGACY_CONFIG_VECTOR 0x14u
#define LEGACY_QUEUE_VECTOR 0x16u
#define LEGACY_CONFIG       0x14u /* 4 more with MSI-X on */
#define LEGACY_BYTES        0x18u

struct vpci {
	struct device *d; /* [I] */
	struct { struct dev_bytes at; uint32_t len; } block[BLOCKS]; /* [I] */
	struct dev_bytes bells; /* [I] */
	uint32_t bell_step; /* [I] */
	size_t config_vector, queue_vector; /* [I] registers */
};

static struct vpci *
of(struct virtio *v)
{
	return v->data;
}

static const struct dev_bytes *
common(struct virtio *v)
{
	return &of(v)->block[BLOCK_COMMON].at;
}

/* ---- messages ------------------------------------------------------------ */

/* Writes a vector register and looks whether the device took it. */
static bool
put_vector(const struct dev_bytes *b, size_t reg, uint16_t vector)
{
	dev_put16(b, reg, vector);
	return dev_get16(b, reg) == vector;
}

/* Message 0 is for changes and for queues without one of their own. A device
 * without messages, or a machine, is no error. */
static enum err
vpci_messages(struct virtio *v)
{
	const struct pci_message m = { .fn = virtio_shared_irq, .arg = v };
	struct vpci *p = of(v);
	enum err e;

	if (pci_message_count(p->d) == 0)
		return OK;
	e = pci_message(p->d, v->device, &m);
	if (e == ERR_NOSPC || e == ERR_NOTSUP)
		return OK;
	if (e == OK && !put_vector(&p->block[BLOCK_COMMON].at,
	    p->config_vector, 0))
		e = ERR_IO;
	v->messages = e == OK;
	return e;
}

static enum err
vpci_own_irq(struct virtq *q, unsigned cpu)
{
	struct vpci *p = of(q->v);
	const struct pci_message m = {
		.index = q->index + 1, .cpu = cpu, .fn = virtq_irq, .arg = q };
	uint16_t vector = 0;

	if (pci_message(p->d, q->v->device, &m) == OK) {
		vector = (uint16_t)m.index;
		q->own_irq = true;
	}
	if (put_vector(&p->block[BLOCK_COMMON].at, p->queue_vector, vector))
		return OK;
	klog(LOG_WARN, "%s: queue %u takes no message", virtio_name(q->v),
	    q->index);
	return ERR_IO;
}

static enum err
vpci_move_irq(struct virtq *q, unsigned cpu)
{
	return pci_message_move(of(q->v)->d, q->index + 1, cpu);
}

static void
vpci_notify(struct virtq *q)
{
	dev_put16(&of(q->v)->bells, q->bell, (uint16_t)q->index);
}

/* Byte by byte: what width the fields have is the driver's to know. */
static void
vpci_config(struct virtio *v, size_t off, void *buf, size_t len)
{
	const struct vpci *p = of(v);
	uint8_t *to = buf;

	/* Of a legacy device it starts later where messages are on. */
	if (v->legacy && v->messages)
		off += 4;
	for (size_t i = 0; i < len; i++)
		to[i] = off + i < p->block[BLOCK_DEVICE].len ? dev_get8(
		    &p->block[BLOCK_DEVICE].at, off + i) : 0;
}

/* ---- modern -------------------------------------------------------------- */

static uint8_t
modern_status(struct virtio *v)
{
	return dev_get8(common(v), COMMON_STATUS);
}

static void
modern_set_status(struct virtio *v, uint8_t status)
{
	dev_put8(common(v), COMMON_STATUS, status);
}

static uint64_t
modern_features(struct virtio *v)
{
	uint64_t low;

	dev_put32(common(v), COMMON_FEATURES_SEL, 0);
	low = dev_get32(common(v), COMMON_FEATURES);
	dev_put32(common(v), COMMON_FEATURES_SEL, 1);
	return (uint64_t)dev_get32(common(v), COMMON_FEATURES) << 32 | low;
}

static void
modern_accept(struct virtio *v, uint64_t features)
{
	dev_put32(common(v), COMMON_ACCEPT_SEL, 0);
	dev_put32(common(v), COMMON_ACCEPT, (uint32_t)features);
	dev_put32(common(v), COMMON_ACCEPT_SEL, 1);
	dev_put32(common(v), COMMON_ACCEPT, (uint32_t)(features >> 32));
}

static uint32_t
modern_generation(struct virtio *v)
{
	return dev_get8(common(v), COMMON_GENERATION);
}

static unsigned
modern_select(struct virtio *v, unsigned index)
{
	dev_put16(common(v), COMMON_QUEUE_SEL, (uint16_t)index);
	if (dev_get16(common(v), COMMON_QUEUE_ENABLE) != 0)
		return 0; /* the driver has it already */
	return dev_get16(common(v), COMMON_QUEUE_SIZE);
}

static void
put64(const struct dev_bytes *b, size_t reg, uint64_t v)
{
	dev_put32(b, reg, (uint32_t)v);
	dev_put32(b, reg + 4, (uint32_t)(v >> 32));
}

static enum err
modern_enable(struct virtio *v, struct virtq *q)
{
	const struct dev_bytes *b = common(v);
	struct vpci *p = of(v);

	q->bell = (size_t)dev_get16(b, COMMON_QUEUE_NOTIFY) * p->bell_step;
	if (q->bell + 2 > p->block[BLOCK_NOTIFY].len) {
		klog(LOG_WARN, "%s: queue %u is told outside of its block",
		    virtio_name(v), q->index);
		return ERR_IO;
	}
	dev_put16(b, COMMON_QUEUE_SIZE, q->ring.size);
	put64(b, COMMON_QUEUE_DESC, q->bus);
	put64(b, COMMON_QUEUE_AVAIL,
	    q->bus + ring_avail_offset(q->ring.size));
	put64(b, COMMON_QUEUE_USED, q->bus + ring_used_offset(q->ring.size));
	dev_put16(b, COMMON_QUEUE_ENABLE, 1);
	return OK;
}

static uint8_t
modern_isr(struct virtio *v)
{
	return dev_get8(&of(v)->block[BLOCK_ISR].at, 0);
}

static const struct virtio_carrier modern = {
	.status = modern_status,
	.set_status = modern_set_status,
	.features = modern_features,
	.accept = modern_accept,
	.generation = modern_generation,
	.config = vpci_config,
	.select = modern_select,
	.enable = modern_enable,
	.notify = vpci_notify,
	.isr = modern_isr,
	.messages = vpci_messages,
	.own_irq = vpci_own_irq,
	.move_irq = vpci_move_irq,
};

/* One block that a capability at offset cap names; others of its kind follow
 * if the first cannot be used. */
static void
read_block(struct vpci *p, const struct pci_func *f, unsigned cap)
{
	unsigned kind = pci_read8(f, cap + 3), bar = pci_read8(f, cap + 4);
	uint32_t offset = pci_read32(f, cap + 8);
	uint32_t len = pci_read32(f, cap + 12);
	struct dev_bytes at;

	if (kind < BLOCK_COMMON || kind >= BLOCKS || bar > 5 ||
	    p->block[kind].len != 0)
		return;
	if (offset > f->bar[bar].size || len > f->bar[bar].size - offset) {
		klog(LOG_WARN, "%s: block %u lies outside of its BAR",
		    p->d->name, kind);
		return;
	}
	if (dev_range(p->d, bar, &at) != OK)
		return;
	if (at.regs != NULL)
		at.regs += offset;
	else
		at.port = (uint16_t)(at.port + offset);
	p->block[kind].at = at;
	p->block[kind].len = len;
	if (kind == BLOCK_NOTIFY)
		p->bell_step = pci_read32(f, cap + 16);
}

/* False: it is not a modern device, or not a sound one. */
static bool
find_blocks(struct vpci *p)
{
	const struct pci_func *f = pci_of(p->d);
	unsigned cap = 0;

	while (pci_cap(f, CAP_VENDOR, cap, 16, &cap) == OK)
		if (pci_read8(f, cap + 2) >= 16)
			read_block(p, f, cap);
	p->bells = p->block[BLOCK_NOTIFY].at;
	p->config_vector = COMMON_CONFIG_VECTOR;
	p->queue_vector = COMMON_QUEUE_VECTOR;
	return p->block[BLOCK_COMMON].len >= COMMON_BYTES &&
	    p->block[BLOCK_NOTIFY].len >= 2 && p->block[BLOCK_ISR].len >= 1;
}

/* ---- legacy -------------------------------------------------------------- */

static uint8_t
legacy_status(struct virtio *v)
{
	return dev_get8(common(v), LEGACY_STATUS);
}

static void
legacy_set_status(struct virtio *v, uint8_t status)
{
	dev_put8(common(v), LEGACY_STATUS, status);
}

static uint64_t
legacy_features(struct virtio *v)
{
	return dev_get32(common(v), LEGACY_FEATURES);
}

static void
legacy_accept(struct virtio *v, uint64_t features)
{
	dev_put32(common(v), LEGACY_ACCEPT, (uint32_t)features);
}

static uint32_t
legacy_generation(struct virtio *v)
{
	(void)v;
	return 0; /* there is none */
}

static unsigned
legacy_select(struct virtio *v, unsigned index)
{
	dev_put16(common(v), LEGACY_QUEUE_SEL, (uint16_t)index);
	if (dev_get32(common(v), LEGACY_QUEUE_PFN) != 0)
		return 0; /* the driver has it already */
	return dev_get16(common(v), LEGACY_QUEUE_SIZE);
}

static enum err
legacy_enable(struct virtio *v, struct virtq *q)
{
	if (q->bus >> PAGE_SHIFT > UINT32_MAX)
		return ERR_NOMEM;
	q->bell = LEGACY_NOTIFY;
	dev_put32(common(v), LEGACY_QUEUE_PFN,
	    (uint32_t)(q->bus >> PAGE_SHIFT));
	return OK;
}

static uint8_t
legacy_isr(struct virtio *v)
{
	return dev_get8(common(v), LEGACY_ISR);
}

static const struct virtio_carrier legacy = {
	.status = legacy_status,
	.set_status = legacy_set_status,
	.features = legacy_features,
	.accept = legacy_accept,
	.generation = legacy_generation,
	.config = vpci_config,
	.select = legacy_select,
	.enable = legacy_enable,
	.notify = vpci_notify,
	.isr = legacy_isr,
	.messages = vpci_messages,
	.own_irq = vpci_own_irq,
	.move_irq = vpci_move_irq,
	.fixed_size = true,
};

static bool
find_legacy(struct vpci *p)
{
	const struct pci_func *f = pci_of(p->d);
	struct dev_bytes at;

	if (!f->bar[0].io || f->bar[0].size < LEGACY_BYTES ||
	    dev_range(p->d, 0, &at) != OK)
		return false;
	p->block[BLOCK_COMMON].at = at;
	p->block[BLOCK_COMMON].len = (uint32_t)f->bar[0].size;
	p->bells = at;
	p->config_vector = LEGACY_CONFIG_VECTOR;
	p->queue_vector = LEGACY_QUEUE_VECTOR;
	if (at.regs != NULL)
		at.regs += LEGACY_CONFIG;
	else
		at.port = (uint16_t)(at.port + LEGACY_CONFIG);
	p->block[BLOCK_DEVICE].at = at;
	p->block[BLOCK_DEVICE].len =
	    (uint32_t)f->bar[0].size - LEGACY_CONFIG;
	return true;
}

/* ---- probing ------------------------------------------------------------- */

static enum err
vpci_probe(struct device *d)
{
	struct vpci *p = d->state;
	unsigned type = d->id - ID_MODERN;
	enum err e;

	if (d->id < ID_FIRST || d->id >= ID_END)
		return ERR_NOENT; /* another device of that vendor */
	if (d->id < ID_MODERN)
		type = pci_read16(pci_of(d), SUBSYSTEM_ID);
	p->d = d;
	e = pci_enable(d);
	if (e != OK)
		return e;
	if (find_blocks(p))
		return virtio_create(d, type, &modern, p, false);
	memset(p->block, 0, sizeof(p->block));
	if (d->id < ID_MODERN && find_legacy(p))
		return virtio_create(d, type, &legacy, p, true);
	klog(LOG_WARN, "%s: no interface that can be used", d->name);
	return ERR_NOTSUP;
}

static const struct dev_match vpci_match[] = {
	{ .bus = "pci", .vendor = VENDOR },
	{ .bus = NULL },
};

static const struct driver virtio_pci = {
	.name = "virtio-pci",
	.match = vpci_match,
	.state_size = sizeof(struct vpci),
	.probe = vpci_probe,
	.order = 3,
};
DRIVER(virtio_pci);

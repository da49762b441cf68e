/* SPDX-License-Identifier: MIT */
/*
 * Virtio over memory-mapped registers, of version 2 (modern) and 1 (legacy).
 *
 * Places come from FDT nodes, and on machines without such tables from the
 * command line: virtio_mmio.device=SIZE@ADDRESS:IRQ, as Linux has it. Most
 * places are empty (device type 0), which is not worth a mapping.
 *
 * Source: VIRTIO 1.2, 4.2.2 and 4.2.4.
 */
#include "virtio.h"

#include <kernel/log.h>

#include <lib/string.h>

#define REG_MAGIC        0x000u
#define REG_VERSION      0x004u
#define REG_TYPE         0x008u
#define REG_FEATURES     0x010u
#define REG_FEATURES_SEL 0x014u
#define REG_ACCEPT       0x020u
#define REG_ACCEPT_SEL   0x024u
#define REG_PAGE_SIZE    0x028u /* legacy */
#define REG_QUEUE_SEL    0x030u
#define REG_QUEUE_MAX    0x034u
#define REG_QUEUE_NUM    0x038u
#define REG_QUEUE_ALIGN  0x03cu /* legacy */
#define REG_QUEUE_PFN    0x040u /* legacy */
#define REG_QUEUE_READY  0x044u
#define REG_NOTIFY       0x050u
#define REG_ISR          0x060u
#define REG_ISR_ACK      0x064u
#define REG_STATUS       0x070u
#define REG_QUEUE_DESC   0x080u /* two words each */
#define REG_QUEUE_AVAIL  0x090u
#define REG_QUEUE_USED   0x0a0u
#define REG_GENERATION   0x0fcu
#define REG_CONFIG       0x100u

#define MAGIC 0x74726976u /* "virt" */

struct vmmio {
	volatile void *regs; /* [I] */
	size_t config_bytes; /* [I] */
	bool legacy; /* [I] */
};

static struct vmmio *
of(struct virtio *v)
{
	return v->data;
}

static uint8_t
vmmio_status(struct virtio *v)
{
	return (uint8_t)mmio_read32(of(v)->regs, REG_STATUS);
}

static void
vmmio_set_status(struct virtio *v, uint8_t status)
{
	mmio_write32(of(v)->regs, REG_STATUS, status);
}

static uint64_t
vmmio_features(struct virtio *v)
{
	volatile void *r = of(v)->regs;
	uint64_t low, high = 0;

	mmio_write32(r, REG_FEATURES_SEL, 0);
	low = mmio_read32(r, REG_FEATURES);
	if (!of(v)->legacy) {
		mmio_write32(r, REG_FEATURES_SEL, 1);
		high = mmio_read32(r, REG_FEATURES);
	}
	return high << 32 | low;
}

static void
vmmio_accept(struct virtio *v, uint64_t features)
{
	volatile void *r = of(v)->regs;

	mmio_write32(r, REG_ACCEPT_SEL, 0);
	mmio_write32(r, REG_ACCEPT, (uint32_t)features);
	if (of(v)->legacy) {
		mmio_write32(r, REG_PAGE_SIZE, PAGE_SIZE);
		return;
	}
	mmio_write32(r, REG_ACCEPT_SEL, 1);
	mmio_write32(r, REG_ACCEPT, (uint32_t)(features >> 32));
}

static uint32_t
vmmio_generation(struct virtio *v)
{
	return of(v)->legacy ? 0 : mmio_read32(of(v)->regs, REG_GENERATION);
}

static void
vmmio_config(struct virtio *v, size_t off, void *buf, size_t len)
{
	uint8_t *to = buf;

	for (size_t i = 0; i < len; i++)
		to[i] = off + i < of(v)->config_bytes ?
		    mmio_read8(of(v)->regs, REG_CONFIG + off + i) : 0;
}

static unsigned
vmmio_select(struct virtio *v, unsigned index)
{
	volatile void *r = of(v)->regs;

	mmio_write32(r, REG_QUEUE_SEL, index);
	if (mmio_read32(r, of(v)->legacy ? REG_QUEUE_PFN :
	    REG_QUEUE_READY) != 0)
		return 0; /* the driver has it already */
	return mmio_read32(r, REG_QUEUE_MAX);
}

static void
put64(volatile void *r, size_t reg, uint64_t v)
{
	mmio_write32(r, reg, (uint32_t)v);
	mmio_write32(r, reg + 4, (uint32_t)(v >> 32));
}

static enum err
vmmio_enable(struct virtio *v, struct virtq *q)
{
	volatile void *r = of(v)->regs;

	mmio_write32(r, REG_QUEUE_NUM, q->ring.size);
	if (of(v)->legacy) {
		if (q->bus >> PAGE_SHIFT > UINT32_MAX)
			return ERR_NOMEM;
		mmio_write32(r, REG_QUEUE_ALIGN, RING_ALIGN);
		mmio_write32(r, REG_QUEUE_PFN,
		    (uint32_t)(q->bus >> PAGE_SHIFT));
		return OK;
	}
	put64(r, REG_QUEUE_DESC, q->bus);
	put64(r, REG_QUEUE_AVAIL, q->bus + ring_avail_offset(q->ring.size));
	put64(r, REG_QUEUE_USED, q->bus + ring_used_offset(q->ring.size));
	mmio_write32(r, REG_QUEUE_READY, 1);
	return OK;
}

static void
vmmio_notify(struct virtq *q)
{
	mmio_write32(of(q->v)->regs, REG_NOTIFY, q->index);
}

static uint8_t
vmmio_isr(struct virtio *v)
{
	uint32_t isr = mmio_read32(of(v)->regs, REG_ISR);

	if (isr != 0)
		mmio_write32(of(v)->regs, REG_ISR_ACK, isr);
	return (uint8_t)isr;
}

static const struct virtio_carrier vmmio_carrier = {
	.status = vmmio_status,
	.set_status = vmmio_set_status,
	.features = vmmio_features,
	.accept = vmmio_accept,
	.generation = vmmio_generation,
	.config = vmmio_config,
	.select = vmmio_select,
	.enable = vmmio_enable,
	.notify = vmmio_notify,
	.isr = vmmio_isr,
};

static enum err
vmmio_probe(struct device *d)
{
	struct vmmio *m = d->state;
	volatile void *r = dev_peek(d, 0);
	uint32_t version, type;

	if (r == NULL || d->mmio[0].size < REG_CONFIG)
		return ERR_NODEV;
	if (mmio_read32(r, REG_MAGIC) != MAGIC) {
		klog(LOG_WARN, "%s: no virtio device answers", d->name);
		return ERR_NODEV;
	}
	type = mmio_read32(r, REG_TYPE);
	if (type == 0)
		return ERR_NOENT;
	version = mmio_read32(r, REG_VERSION);
	if (version != 1 && version != 2) {
		klog(LOG_WARN, "%s: version %u is not known", d->name, version);
		return ERR_NOTSUP;
	}
	m->regs = dev_map(d, 0);
	if (m->regs == NULL)
		return ERR_NOMEM;
	m->legacy = version == 1;
	m->config_bytes = d->mmio[0].size - REG_CONFIG;
	return virtio_create(d, type, &vmmio_carrier, m, m->legacy);
}

static const struct dev_match vmmio_match[] = {
	{ .bus = "fdt", .id = "virtio,mmio" },
	{ .bus = "cmdline", .id = "virtio,mmio" },
	{ .bus = NULL },
};

static const struct driver virtio_mmio = {
	.name = "virtio-mmio",
	.match = vmmio_match,
	.state_size = sizeof(struct vmmio),
	.probe = vmmio_probe,
	.order = 3,
};
DRIVER(virtio_mmio);

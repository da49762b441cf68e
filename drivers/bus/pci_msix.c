/* SPDX-License-Identifier: MIT */
/*
 * MSI-X: a table in one of the function's BARs with an address and a word for
 * each message; a write of that word to that address is the interrupt.
 *
 * The table is the function's to place, so where it says that it lies is
 * checked against its BARs. Messages are given out when they are asked for,
 * and masked until they are wired.
 *
 * Source: PCI Local Bus 3.0, 6.8.2; PCI Express to PCI bridge 1.0, 2.3.
 */
#include "pci_impl.h"

#include <kernel/log.h>

#define MSIX_CONTROL 2u
#define MSIX_TABLE   4u
#define CONTROL_ON   0x8000u
#define CONTROL_MASK 0x4000u
#define ENTRY_BYTES  16u
#define ENTRY_DATA   8u
#define ENTRY_VECTOR 12u
#define MASKED       1u

/* Kinds of bridges, by their Express capability; or without any. */
#define EXPRESS_TO_PCI   7u
#define EXPRESS_FROM_PCI 8u

struct pci_msix {
	struct pci_func *func; /* [I] */
	volatile char *table; /* [I] */
	unsigned cap, count; /* [I] */
	struct {
		uint16_t irq; /* [s] 0: not in use */
		uint16_t cpu; /* [s] that it is meant for */
	} message[]; /* [s] */
};

/* A message in use: what there is to give back. */
struct message {
	struct pci_msix *table;
	unsigned index;
};

/* The capability, and where the table lies. */
struct place {
	unsigned cap, count, bar;
	uint32_t offset;
};

static enum err
find_table(const struct pci_func *f, struct place *p)
{
	enum err e = pci_cap(f, CAP_MSIX, 0, 12, &p->cap);
	uint32_t where;

	if (e != OK)
		return e;
	p->count = (pci_read16(f, p->cap + MSIX_CONTROL) & 0x7ffu) + 1;
	where = pci_read32(f, p->cap + MSIX_TABLE);
	p->bar = where & 7;
	p->offset = where & ~7u;
	if (p->bar > 5 || f->bar[p->bar].io || !pci_range_ok(p->offset,
	    (uint64_t)p->count * ENTRY_BYTES, f->bar[p->bar].size))
		return ERR_INVAL;
	return OK;
}

unsigned
pci_msix_count(struct device *d)
{
	struct place p;
	enum err e;

	if (!msi_is_there())
		return 0;
	e = find_table(pci_of(d), &p);
	if (e == ERR_INVAL)
		klog(LOG_WARN, "%s: an MSI-X table that cannot be", d->name);
	return e == OK ? p.count : 0;
}

static size_t
bytes_of(unsigned count)
{
	return sizeof(struct pci_msix) +
	    count * sizeof(((struct pci_msix *)NULL)->message[0]);
}

static void
msix_off(void *msix)
{
	struct pci_msix *m = msix;

	pci_write16(m->func, m->cap + MSIX_CONTROL, 0);
	m->func->msix = NULL;
	kfree(m, bytes_of(m->count));
}

/* Maps the table and turns messages on, all of them masked. */
static enum err
msix_on(struct device *d, struct device *owner)
{
	struct pci_func *f = pci_of(d);
	volatile char *at;
	struct pci_msix *m;
	struct place p;
	enum err e = find_table(f, &p);

	if (e != OK)
		return e;
	at = dev_map(d, p.bar);
	m = at == NULL ? NULL : kzalloc(bytes_of(p.count));
	if (m == NULL)
		return ERR_NOMEM;
	m->func = f;
	m->table = at + p.offset;
	m->cap = p.cap;
	m->count = p.count;
	e = dev_on_release(owner, msix_off, m);
	if (e != OK) {
		kfree(m, bytes_of(p.count));
		return e;
	}
	f->msix = m;
	pci_write16(f, m->cap + MSIX_CONTROL, CONTROL_ON | CONTROL_MASK);
	for (unsigned i = 0; i < m->count; i++)
		mmio_write32(m->table, i * ENTRY_BYTES + ENTRY_VECTOR, MASKED);
	pci_write16(f, m->cap + MSIX_CONTROL, CONTROL_ON);
	return OK;
}

static void
write_entry(struct pci_msix *m, unsigned index, const struct msi_message *msg)
{
	volatile char *entry = m->table + index * ENTRY_BYTES;

	/* Masked while the words do not belong together. */
	mmio_write32(entry, ENTRY_VECTOR, MASKED);
	mmio_write32(entry, 0, (uint32_t)msg->address);
	mmio_write32(entry, 4, (uint32_t)(msg->address >> 32));
	mmio_write32(entry, ENTRY_DATA, msg->data);
	mmio_write32(entry, ENTRY_VECTOR, 0);
}

static void
message_off(void *message)
{
	struct message *g = message;

	mmio_write32(g->table->table,
	    g->index * ENTRY_BYTES + ENTRY_VECTOR, MASKED);
	msi_free(g->table->message[g->index].irq);
	g->table->message[g->index].irq = 0;
	kfree(g, sizeof(*g));
}

/* Who writes, as the receiver sees it: an old bus has no such thing, and the
 * bridge to it speaks for all that is behind. */
static uint32_t
requester_of(const struct pci_func *f)
{
	uint32_t id = (uint32_t)f->bus << 8 | f->devfn;

	for (const struct pci_func *b = f->bridge; b != NULL; b = b->bridge) {
		unsigned cap, type = EXPRESS_FROM_PCI;

		if (pci_cap(b, CAP_EXPRESS, 0, 4, &cap) == OK)
			type = pci_read16(b, cap + 2) >> 4 & 15;
		if (type == EXPRESS_TO_PCI)
			id = (uint32_t)b->secondary << 8;
		else if (type == EXPRESS_FROM_PCI)
			id = (uint32_t)b->bus << 8 | b->devfn;
	}
	return id;
}

/* A function whose messages are on has no line: off, while it has none. */
static void
lines_again(const struct pci_msix *m)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->message[i].irq != 0)
			return;
	pci_write16(m->func, m->cap + MSIX_CONTROL, 0);
}

enum err
pci_msix(
    struct device *d, struct device *owner, const struct pci_message *m)
{
	struct pci_func *f = pci_of(d);
	struct msi_request r = {
		.requester = requester_of(f),
		.index = m->index,
		.cpu = m->cpu,
	};
	struct message *g;
	enum err e = f->msix == NULL ? msix_on(d, owner) : OK;

	if (e != OK)
		return e;
	r.count = f->msix->count;
	if (m->index >= r.count)
		return ERR_NOSPC;
	g = kzalloc(sizeof(*g));
	if (g == NULL)
		return ERR_NOMEM;
	e = msi_alloc(&r);
	if (e != OK) {
		kfree(g, sizeof(*g));
		lines_again(f->msix);
		return e;
	}
	pci_write16(f, f->msix->cap + MSIX_CONTROL, CONTROL_ON);
	*g = (struct message){ f->msix, m->index };
	f->msix->message[m->index].irq = (uint16_t)r.irq;
	f->msix->message[m->index].cpu = (uint16_t)m->cpu;
	e = dev_on_release(owner, message_off, g);
	if (e != OK) {
		message_off(g);
		return e;
	}
	e = dev_irq_number(owner, r.irq, m->fn, m->arg);
	if (e == OK)
		write_entry(f->msix, m->index, &r.message);
	return e;
}

enum err
pci_msix_move(struct device *d, unsigned index, unsigned cpu)
{
	struct pci_msix *m = pci_of(d)->msix;
	struct msi_message msg;
	enum err e;

	if (m == NULL || index >= m->count || m->message[index].irq == 0)
		return ERR_NOENT;
	e = msi_move(m->message[index].irq, cpu, &msg);
	if (e != OK)
		return e;
	m->message[index].cpu = (uint16_t)cpu;
	write_entry(m, index, &msg);
	return OK;
}

void
pci_irqs_settle(void)
{
	for (struct pci_func *f = pci_next(NULL); f; f = pci_next(f))
		for (unsigned i = 0; f->msix && i < f->msix->count; i++) {
			unsigned cpu = f->msix->message[i].cpu;

			/* A CPU that did not start leaves it where it is. */
			if (f->msix->message[i].irq != 0 && cpu != 0 &&
			    pci_msix_move(f->device, i, cpu) != OK)
				klog(LOG_DEBUG, "%s: message %u stays",
				    f->device->name, i);
		}
}

/* SPDX-License-Identifier: MIT */
/*
 * Message-signalled interrupts: a write of a word to an address. With MSI-X a
 * table in one of the function's BARs has the two for each message; with plain
 * MSI, taken where there is no MSI-X, one pair is in configuration space. Of
 * the words that MSI can make from its one, the first alone is used: the rest
 * would have to be neighbours, all on one CPU.
 *
 * The table is the function's to place, so where it says that it lies is
 * checked against its BARs. Messages are given out when they are asked for,
 * and masked until they are wired.
 *
 * Source: PCI Local Bus 3.0, 6.8; PCI Express to PCI bridge 1.0, 2.3.
 */
#include "pci_impl.h"

#include <kernel/log.h>

/* Both kinds have a control word there. */
#define CONTROL 2u

#define MSIX_TABLE   4u
#define MSIX_ON      0x8000u
#define MSIX_MASK    0x4000u
#define ENTRY_BYTES  16u
#define ENTRY_DATA   8u
#define ENTRY_VECTOR 12u
#define MASKED       1u

#define MSI_ADDRESS 4u
#define MSI_HIGH    8u
#define MSI_DATA    8u
#define MSI_DATA_WIDE 12u
#define MSI_ON      1u
#define MSI_WIDE    0x80u

/* Kinds of bridges, by their Express capability; or without any. */
#define EXPRESS_TO_PCI   7u
#define EXPRESS_FROM_PCI 8u

struct pci_messages {
	struct pci_func *func; /* [I] */
	volatile char *table; /* [I] NULL: plain MSI */
	unsigned cap, count; /* [I] */
	struct {
		uint16_t irq; /* [s] 0: not in use */
		uint16_t cpu; /* [s] that it is meant for */
	} message[]; /* [s] */
};

/* A message in use: what there is to give back. */
struct message {
	struct pci_messages *of;
	unsigned index;
};

/* The capability, and where the table lies. */
struct place {
	bool table;
	unsigned cap, count, bar;
	uint32_t offset;
};

static enum err
find_plain(const struct pci_func *f, struct place *p)
{
	enum err e = pci_cap(f, CAP_MSI, 0, MSI_DATA + 2, &p->cap);

	if (e == OK && (pci_read16(f, p->cap + CONTROL) & MSI_WIDE) != 0)
		e = pci_cap(f, CAP_MSI, 0, MSI_DATA_WIDE + 2, &p->cap);
	p->count = 1;
	return e;
}

static enum err
find(const struct pci_func *f, struct place *p)
{
	enum err e = pci_cap(f, CAP_MSIX, 0, 12, &p->cap);
	uint32_t where;

	p->table = e == OK;
	if (e != OK)
		return e == ERR_NOENT ? find_plain(f, p) : e;
	p->count = (pci_read16(f, p->cap + CONTROL) & 0x7ffu) + 1;
	where = pci_read32(f, p->cap + MSIX_TABLE);
	p->bar = where & 7;
	p->offset = where & ~7u;
	if (p->bar > 5 || f->bar[p->bar].io || !pci_range_ok(p->offset,
	    (uint64_t)p->count * ENTRY_BYTES, f->bar[p->bar].size))
		return ERR_INVAL;
	return OK;
}

unsigned
pci_message_count(struct device *d)
{
	struct place p;
	enum err e;

	if (!msi_is_there())
		return 0;
	e = find(pci_of(d), &p);
	if (e == ERR_INVAL)
		klog(LOG_WARN, "%s: MSIs that cannot be", d->name);
	return e == OK ? p.count : 0;
}

static size_t
bytes_of(unsigned count)
{
	return sizeof(struct pci_messages) +
	    count * sizeof(((struct pci_messages *)NULL)->message[0]);
}

static void
messages_off(void *messages)
{
	struct pci_messages *m = messages;

	pci_write16(m->func, m->cap + CONTROL, 0);
	m->func->messages = NULL;
	kfree(m, bytes_of(m->count));
}

static void
table_on(struct pci_messages *m)
{
	pci_write16(m->func, m->cap + CONTROL, MSIX_ON | MSIX_MASK);
	for (unsigned i = 0; i < m->count; i++)
		mmio_write32(m->table, i * ENTRY_BYTES + ENTRY_VECTOR, MASKED);
	pci_write16(m->func, m->cap + CONTROL, MSIX_ON);
}

/* Maps the table, if there is one, and turns messages on, all masked. */
static enum err
messages_on(struct device *d, struct device *owner)
{
	struct pci_func *f = pci_of(d);
	volatile char *at = NULL;
	struct pci_messages *m;
	struct place p;
	enum err e = find(f, &p);

	if (e != OK)
		return e;
	if (p.table && (at = dev_map(d, p.bar)) == NULL)
		return ERR_NOMEM;
	m = kzalloc(bytes_of(p.count));
	if (m == NULL)
		return ERR_NOMEM;
	m->func = f;
	m->table = p.table ? at + p.offset : NULL;
	m->cap = p.cap;
	m->count = p.count;
	e = dev_on_release(owner, messages_off, m);
	if (e != OK) {
		kfree(m, bytes_of(p.count));
		return e;
	}
	f->messages = m;
	if (p.table)
		table_on(m);
	return OK;
}

static void
message_mask(struct pci_messages *m, unsigned index)
{
	if (m->table == NULL)
		pci_write16(m->func, m->cap + CONTROL, 0);
	else
		mmio_write32(m->table, index * ENTRY_BYTES + ENTRY_VECTOR,
		    MASKED);
}

/* A message that moves while it is on changes its address or nothing, on all
 * chips there are: no moment has words that do not belong together. */
static enum err
write_plain(struct pci_messages *m, const struct msi_message *msg)
{
	const struct pci_func *f = m->func;
	bool wide = (pci_read16(f, m->cap + CONTROL) & MSI_WIDE) != 0;

	if (msg->data > UINT16_MAX || (!wide && msg->address > UINT32_MAX))
		return ERR_NOTSUP;
	pci_write16(f, m->cap + (wide ? MSI_DATA_WIDE : MSI_DATA),
	    (uint16_t)msg->data);
	if (wide)
		pci_write32(f, m->cap + MSI_HIGH,
		    (uint32_t)(msg->address >> 32));
	pci_write32(f, m->cap + MSI_ADDRESS, (uint32_t)msg->address);
	pci_write16(f, m->cap + CONTROL, MSI_ON);
	return OK;
}

/* Writes and unmasks. */
static enum err
message_write(
    struct pci_messages *m, unsigned index, const struct msi_message *msg)
{
	volatile char *entry = m->table + index * ENTRY_BYTES;

	if (m->table == NULL)
		return write_plain(m, msg);
	/* Masked while the words do not belong together. */
	message_mask(m, index);
	mmio_write32(entry, 0, (uint32_t)msg->address);
	mmio_write32(entry, 4, (uint32_t)(msg->address >> 32));
	mmio_write32(entry, ENTRY_DATA, msg->data);
	mmio_write32(entry, ENTRY_VECTOR, 0);
	return OK;
}

static void
message_off(void *message)
{
	struct message *g = message;

	message_mask(g->of, g->index);
	msi_free(g->of->message[g->index].irq);
	g->of->message[g->index].irq = 0;
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

/* A function whose table is on has no line: off, while it has no message. */
static void
lines_again(const struct pci_messages *m)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->message[i].irq != 0)
			return;
	pci_write16(m->func, m->cap + CONTROL, 0);
}

enum err
pci_message(
    struct device *d, struct device *owner, const struct pci_message *m)
{
	struct pci_func *f = pci_of(d);
	struct msi_request r = {
		.requester = requester_of(f),
		.index = m->index,
		.cpu = m->cpu,
	};
	struct message *g;
	enum err e = f->messages == NULL ? messages_on(d, owner) : OK;

	if (e != OK)
		return e;
	r.count = f->messages->count;
	if (m->index >= r.count)
		return ERR_NOSPC;
	g = kzalloc(sizeof(*g));
	if (g == NULL)
		return ERR_NOMEM;
	e = msi_alloc(&r);
	if (e != OK) {
		kfree(g, sizeof(*g));
		lines_again(f->messages);
		return e;
	}
	if (f->messages->table != NULL)
		pci_write16(f, f->messages->cap + CONTROL, MSIX_ON);
	*g = (struct message){ f->messages, m->index };
	f->messages->message[m->index].irq = (uint16_t)r.irq;
	f->messages->message[m->index].cpu = (uint16_t)m->cpu;
	e = dev_on_release(owner, message_off, g);
	if (e != OK) {
		message_off(g);
		return e;
	}
	e = dev_irq_number(owner, r.irq, m->fn, m->arg);
	return e == OK ? message_write(f->messages, m->index, &r.message) : e;
}

enum err
pci_message_move(struct device *d, unsigned index, unsigned cpu)
{
	struct pci_messages *m = pci_of(d)->messages;
	struct msi_message msg;
	enum err e;

	if (m == NULL || index >= m->count || m->message[index].irq == 0)
		return ERR_NOENT;
	e = msi_move(m->message[index].irq, cpu, &msg);
	if (e != OK)
		return e;
	m->message[index].cpu = (uint16_t)cpu;
	return message_write(m, index, &msg);
}

void
pci_irqs_settle(void)
{
	for (struct pci_func *f = pci_next(NULL); f; f = pci_next(f))
		for (unsigned i = 0; f->messages && i < f->messages->count;
		    i++) {
			unsigned cpu = f->messages->message[i].cpu;

			/* A CPU that did not start leaves it where it is. */
			if (f->messages->message[i].irq != 0 && cpu != 0 &&
			    pci_message_move(f->device, i, cpu) != OK)
				klog(LOG_DEBUG, "%s: message %u stays",
				    f->device->name, i);
		}
}

/*
 * PCI and PCI Express (drivers/bus/pci*.c).
 *
 * A host bridge is one record, whichever table told of it; functions are
 * found below it, given addresses and interrupt lines, and become devices of
 * the bus "pci" whose ranges 0 to 5 are their BARs. A driver matches vendor
 * and device, and calls pci_enable() first.
 *
 * Interrupts: dev_irq(d, 0) is the line; pci_message() gives messages, one a
 * queue, each on the CPU that is asked for.
 *
 * Source: PCI Local Bus 3.0; PCI-to-PCI Bridge 1.2; PCI Express 3.0.
 */
#pragma once

#include <kernel/device.h>

struct pci_host;
struct pci_func;

enum pci_kind { PCI_IO, PCI_MEM, PCI_PREF, PCI_KINDS };

/* How the CPU sees a range of bus addresses. */
struct pci_window {
	uint64_t bus, size; /* size 0: none */
	paddr_t cpu;
	bool port; /* cpu is a number of an I/O port */
};

#define PCI_SLOTS 32u
#define PCI_PINS  4u

struct pci_host {
	const char *name;
	paddr_t ecam; /* of bus 0, also if first is another; 0: ports */
	uint16_t segment;
	uint8_t first, last; /* buses */
	struct pci_window window[PCI_KINDS];
	/* Global interrupt of each pin on the root bus; 0: the firmware left
	 * it in the function's line register, or nowhere. */
	uint16_t intx[PCI_SLOTS][PCI_PINS];
	bool kept; /* the firmware gave addresses, which stay */
	/* Fills windows and intx, which costs more than finding nothing:
	 * called when something was found. */
	enum err (*details)(struct pci_host *h, struct device *d);
	unsigned next_bus; /* [s] of start-up */
	void *map[128]; /* [s] of two buses each, as needed */
};

struct pci_func {
	struct pci_host *host; /* [I] all of it, once found */
	struct device *device; /* NULL: out of memory for one */
	struct pci_func *bridge; /* that its bus is behind; NULL: the root's */
	struct list link;
	uint8_t bus, devfn, type; /* type: of the header */
	uint32_t class; /* class << 8 | interface */
	struct {
		uint64_t at, size; /* bus address, bytes; size 0: none */
		bool io, wide, prefetch;
	} bar[6];
	uint8_t secondary, subordinate; /* of a bridge */
	/* Its windows. */
	struct { uint64_t at, size, align; } behind[PCI_KINDS];
	struct pci_messages *messages; /* of its driver */
};

/* Finds and configures what is below. h lives for ever. The error is that of
 * details, or ERR_NOMEM. */
enum err pci_host_add(struct pci_host *h, struct device *d);

uint8_t pci_read8(const struct pci_func *f, unsigned off);
uint16_t pci_read16(const struct pci_func *f, unsigned off);
uint32_t pci_read32(const struct pci_func *f, unsigned off);
void pci_write16(const struct pci_func *f, unsigned off, uint16_t v);
void pci_write32(const struct pci_func *f, unsigned off, uint32_t v);

struct pci_func *pci_of(struct device *d);
/* Memory, ports and bus mastering on; off again when the driver leaves. */
enum err pci_enable(struct device *d);
/* The next capability of that id after offset from (0: the first); bytes:
 * what must be there of it. ERR_NOENT, ERR_INVAL a list that cannot be. */
enum err pci_cap(const struct pci_func *f, uint8_t id, unsigned from,
    size_t bytes, unsigned *out);
/* All functions in the order they were found: after NULL the first. They
 * stay. */
struct pci_func *pci_next(const struct pci_func *after);

/* ---- messages (pci_message.c) ------------------------------------------- */

/* How many d can have, by MSI-X, else one by MSI; 0: none, or the machine
 * cannot. */
unsigned pci_message_count(struct device *d);
struct pci_message {
	unsigned index, cpu;
	irq_fn *fn; /* irqs off, on cpu */
	void *arg;
};
/* Wires a message of d's for as long as owner (d, or a device on it) has its
 * driver. The line is quiet from the first one on. ERR_NOTSUP, ERR_NOSPC,
 * ERR_NOMEM. */
enum err pci_message(
    struct device *d, struct device *owner, const struct pci_message *m);
enum err pci_message_move(struct device *d, unsigned index, unsigned cpu);
/* Once all CPUs run: moves the messages to those they were meant for. */
void pci_irqs_settle(void);

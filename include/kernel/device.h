/*
 * Devices, buses, drivers (drivers/bus).
 *
 * Firmware tables become a tree of struct device; a driver matches by id and
 * is probed with zeroed state. What it asks for through dev_* belongs to the
 * device and is given back by itself when probe fails or after remove.
 */
#pragma once

#include <kernel/mm.h>
#include <kernel/obj.h>

struct device;

#define DEV_RES_MAX 8
struct dev_match {
	const char *bus; /* "fdt", "virtio", "pci" */
	const char *id;  /* compatible string; or NULL with a number */
	uint32_t vendor, device; /* 0: any */
};
struct driver {
	const char *name;
	const struct dev_match *match; /* ends with bus NULL */
	size_t state_size;
	enum err (*probe)(struct device *d);
	void (*remove)(struct device *d);
	void (*quiesce)(struct device *d);
	/* Of probing: irq chips 0, what belongs to them 1, buses 2, buses on
	 * buses 3, the rest 5. */
	unsigned order;
};
#define DRIVER(rec) \
	static const struct driver *const rec##_entry \
	    __attribute__((section(".carmine.driver"), used)) = &(rec)

typedef void irq_fn(void *arg); /* irqs off */

struct device {
	struct obj obj; /* OBJ_DEVICE */
	char name[32];
	const char *bus;
	const char *compatible[8];
	uint32_t vendor, id; /* where the bus has numbers */
	void *on_bus; /* the bus's own record of it */
	struct device *parent;
	struct list sibling;
	const struct driver *driver;
	void *state;
	struct {
		paddr_t base;
		uint64_t size; /* 0: there is none */
		void *map;
		bool port; /* base is an I/O port */
	} mmio[DEV_RES_MAX];
	unsigned mmio_count;
	uint16_t port, port_count; /* I/O ports, where there are such */
	unsigned irqs[DEV_RES_MAX]; /* global irq numbers */
	unsigned irq_count;
	int fdt_node; /* offset, -1: none */
	struct list resources;
};

void device_init(void); /* builds the tree, probes by order */
/* For buses, from their probe: a device below parent, which drivers of a
 * later order may match. NULL: out of memory. */
struct device *device_create(
    struct device *parent, const char *bus, const char *name);
volatile void *dev_map(struct device *d, unsigned index); /* NULL: no */
/* A short look at registers, valid until the next one, while probing: what
 * is not there need not be mapped. */
volatile void *dev_peek(struct device *d, unsigned index);
/* Zeroed, page aligned, at *bus for the device. NULL: out of memory. */
void *dev_dma_alloc(struct device *d, size_t len, uint64_t *bus);
enum err dev_irq(struct device *d, unsigned index, irq_fn *fn, void *arg);
enum err dev_irq_number(struct device *d, unsigned irq, irq_fn *fn, void *arg);
/* Calls fn(arg) when the driver leaves d, before what d got earlier is given
 * back. */
enum err dev_on_release(struct device *d, void (*fn)(void *arg), void *arg);
/* A property of the device's FDT node; NULL: absent. */
const void *dev_property(struct device *d, const char *name, unsigned *len);

static inline uint32_t
mmio_read32(const volatile void *regs, size_t off)
{
	return *(const volatile uint32_t *)((const volatile char *)regs + off);
}

static inline void
mmio_write32(volatile void *regs, size_t off, uint32_t v)
{
	*(volatile uint32_t *)((volatile char *)regs + off) = v;
}

static inline uint8_t
mmio_read8(const volatile void *regs, size_t off)
{
	return *((const volatile uint8_t *)regs + off);
}

static inline void
mmio_write8(volatile void *regs, size_t off, uint8_t v)
{
	*((volatile uint8_t *)regs + off) = v;
}

static inline uint16_t
mmio_read16(const volatile void *regs, size_t off)
{
	return *(const volatile uint16_t *)((const volatile char *)regs + off);
}

static inline void
mmio_write16(volatile void *regs, size_t off, uint16_t v)
{
	*(volatile uint16_t *)((volatile char *)regs + off) = v;
}

/* An architecture without I/O ports: nothing is there. */
#ifndef arch_port_read8
#define arch_port_read8(port)      ((void)(port), (uint8_t)0xff)
#define arch_port_read16(port)     ((void)(port), (uint16_t)0xffff)
#define arch_port_read32(port)     ((void)(port), UINT32_MAX)
#define arch_port_write8(port, v)  ((void)(port), (void)(v))
#define arch_port_write16(port, v) ((void)(port), (void)(v))
#define arch_port_write32(port, v) ((void)(port), (void)(v))
#endif

/* Registers in memory or behind I/O ports. */
struct dev_bytes {
	volatile uint8_t *regs; /* NULL: ports */
	uint16_t port;
};

/* Those of d: its first range, else its ports. ERR_NODEV: neither. */
enum err dev_bytes(struct device *d, struct dev_bytes *out);
/* Range index of d, whichever it is. ERR_NODEV: there is none. */
enum err dev_range(struct device *d, unsigned index, struct dev_bytes *out);

#define DEV_ACCESS(bits) \
	static inline uint##bits##_t dev_get##bits( \
	    const struct dev_bytes *b, size_t off) \
	{ \
		return b->regs != NULL ? mmio_read##bits(b->regs, off) : \
		    arch_port_read##bits((uint16_t)(b->port + off)); \
	} \
	static inline void dev_put##bits( \
	    const struct dev_bytes *b, size_t off, uint##bits##_t v) \
	{ \
		if (b->regs != NULL) \
			mmio_write##bits(b->regs, off, v); \
		else \
			arch_port_write##bits((uint16_t)(b->port + off), v); \
	}
DEV_ACCESS(8)
DEV_ACCESS(16)
DEV_ACCESS(32)

/* ---- interrupts (drivers/bus/irq.c) ----------------------------------- */

#define IRQ_MAX 1280
#define IRQ_MSI 1024 /* from here on: messages of chips with own numbers */
struct irqchip_ops {
	void (*enable)(void *chip, unsigned irq, bool on);
	void (*set_cpu)(void *chip, unsigned irq, unsigned cpu);
	/* Handles what is pending on this CPU: calls irq_dispatch for each. */
	void (*handle)(void *chip);
	void (*init_cpu)(void *chip); /* secondary CPUs */
	/* irq is an edge, not a level. May be NULL: messages do not come as
	 * interrupts of this chip. */
	void (*set_edge)(void *chip, unsigned irq);
	/* trap_ipi() on each CPU of the mask; of chips whose port has no other
	 * way. */
	void (*ipi)(void *chip, uint64_t mask);
};
void irqchip_register(const struct irqchip_ops *ops, void *chip);
void irqchip_init_cpu(void);
void irqchip_handle(void); /* arch calls it from the external interrupt */
void irqchip_ipi(uint64_t mask); /* for arch_ipi() */
void irq_dispatch(unsigned irq);
/* Lines are shared: every handler of one runs. ERR_NODEV, ERR_NOMEM. */
enum err irq_request(unsigned irq, irq_fn *fn, void *arg, const char *name);
void irq_set_cpu(unsigned irq, unsigned cpu);
void irq_set_edge(unsigned irq);
void irq_free(unsigned irq, irq_fn *fn, void *arg);
unsigned long irq_count(unsigned irq, unsigned cpu); /* 0: nobody has it */
const char *irq_name(unsigned irq); /* NULL: nobody has it */

/* ---- message-signalled interrupts (drivers/bus/msi.c) ------------------ */

struct msi_request;
struct msi_message {
	uint64_t address;
	uint32_t data;
};
/* What turns a device's write into an interrupt. Calls come one at a time. */
struct msi_ops {
	/* A free interrupt number, and what raises it on cpu. who: the PCI
	 * requester, index: which of its messages. ERR_NOSPC: none is left. */
	enum err (*alloc)(void *chip, struct msi_request *r);
	void (*free)(void *chip, unsigned irq);
	/* Moves it; *out is what the device has to write from now on. */
	enum err (*move)(void *chip, unsigned irq, unsigned cpu,
	    struct msi_message *out);
};
struct msi_request {
	uint32_t requester; /* PCI bus << 8 | device << 3 | function */
	unsigned index, count; /* this message, and how many at most */
	unsigned cpu;
	unsigned irq; /* out */
	struct msi_message message; /* out */
};
void msi_register(const struct msi_ops *ops, void *chip);
bool msi_is_there(void);
enum err msi_alloc(struct msi_request *r); /* ERR_NOTSUP: no such machine */
void msi_free(unsigned irq);
enum err msi_move(unsigned irq, unsigned cpu, struct msi_message *out);

/* For chips: the numbers that they give out; under msi.lock. */
#define MSI_NUMBERS_MAX 256u
struct msi_numbers {
	unsigned first, count; /* count <= MSI_NUMBERS_MAX */
	uint64_t used[MSI_NUMBERS_MAX / 64];
};
enum err msi_number_take(struct msi_numbers *n, unsigned *out); /* ERR_NOSPC */
void msi_number_give(struct msi_numbers *n, unsigned number);

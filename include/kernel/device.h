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
	uint32_t vendor, device;
};
struct driver {
	const char *name;
	const struct dev_match *match; /* ends with bus NULL */
	size_t state_size;
	enum err (*probe)(struct device *d);
	void (*remove)(struct device *d);
	void (*quiesce)(struct device *d);
	unsigned order; /* of probing: irq chips 0, timers 1, buses 2, rest 5 */
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
	struct device *parent;
	struct list children, sibling;
	const struct driver *driver;
	void *state;
	struct { paddr_t base; uint64_t size; void *map; } mmio[DEV_RES_MAX];
	unsigned mmio_count;
	uint16_t port, port_count; /* I/O ports, where there are such */
	unsigned irqs[DEV_RES_MAX]; /* global irq numbers */
	unsigned irq_count;
	int fdt_node; /* offset, -1: none */
	struct list resources;
};

void device_init(void); /* builds the tree, probes by order */
volatile void *dev_map(struct device *d, unsigned index); /* NULL: no */
void *dev_dma_alloc(struct device *d, size_t len, uint64_t *bus);
enum err dev_irq(struct device *d, unsigned index, irq_fn *fn, void *arg);
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

/* An architecture without I/O ports: nothing is there. */
#ifndef arch_port_read8
#define arch_port_read8(port)     ((void)(port), (uint8_t)0xff)
#define arch_port_write8(port, v) ((void)(port), (void)(v))
#endif

/* Byte registers in memory or behind I/O ports. */
struct dev_bytes {
	volatile uint8_t *regs; /* NULL: ports */
	uint16_t port;
};

/* Those of d: its first range, else its ports. ERR_NODEV: neither. */
enum err dev_bytes(struct device *d, struct dev_bytes *out);

static inline uint8_t
dev_get8(const struct dev_bytes *b, size_t off)
{
	return b->regs != NULL ? mmio_read8(b->regs, off) :
	    arch_port_read8((uint16_t)(b->port + off));
}

static inline void
dev_put8(const struct dev_bytes *b, size_t off, uint8_t v)
{
	if (b->regs != NULL)
		mmio_write8(b->regs, off, v);
	else
		arch_port_write8((uint16_t)(b->port + off), v);
}

/* ---- interrupts (drivers/bus/irq.c) ----------------------------------- */

#define IRQ_MAX 1024
struct irqchip_ops {
	void (*enable)(void *chip, unsigned irq, bool on);
	void (*set_cpu)(void *chip, unsigned irq, unsigned cpu);
	/* Handles what is pending on this CPU: calls irq_dispatch for each. */
	void (*handle)(void *chip);
	void (*init_cpu)(void *chip); /* secondary CPUs */
	/* trap_ipi() on each CPU of the mask; of chips whose port has no other
	 * way. */
	void (*ipi)(void *chip, uint64_t mask);
};
void irqchip_register(const struct irqchip_ops *ops, void *chip);
void irqchip_init_cpu(void);
void irqchip_handle(void); /* arch calls it from the external interrupt */
void irqchip_ipi(uint64_t mask); /* for arch_ipi() */
void irq_dispatch(unsigned irq);
enum err irq_request(unsigned irq, irq_fn *fn, void *arg, const char *name);
void irq_free(unsigned irq, irq_fn *fn, void *arg);
unsigned long irq_count(unsigned irq);
const char *irq_name(unsigned irq); /* NULL: nobody has it */

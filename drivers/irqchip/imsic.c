/* SPDX-License-Identifier: MIT */
/*
 * Incoming MSI controllers: each hart has a file of message numbers for
 * S-mode; a write of a number to the file's page makes it pending there.
 *
 * Numbers up to IMSIC_WIRED_MAX are those of wired sources, which the APLIC
 * turns into messages; the rest are given to devices. A number is used for
 * one thing on all harts, so that what a hart has enabled need not change:
 * all are, once, when it starts.
 *
 * Source: RISC-V Advanced Interrupt Architecture 1.0, chapter 3; riscv,imsics
 * binding.
 * Context: handle and init_cpu run with irqs off; enable and set_cpu under
 * irqs.lock, messages under msi.lock.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>

#include <arch_csr.h>

#include <libfdt.h>

#include "hart_contexts.h"
#include "imsic.h"

#define EIDELIVERY  0x70u
#define EITHRESHOLD 0x72u
#define EIE(n)      (0xc0u + (n) / 64 * 2) /* 64 numbers a register */
#define FILE_BYTES  4096u
#define HANDLE_MAX  64 /* one that fires without end must not keep us */
#define IDS_MAX     (IRQ_MAX - IRQ_MSI - 1)

static struct {
	uint32_t phandle; /* [I] 0: there are none */
	paddr_t file[CPU_MAX]; /* [I] */
	unsigned index[CPU_MAX]; /* [I] of the files */
	unsigned ids; /* [I] the highest number */
	struct msi_numbers numbers; /* msi.lock */
	const struct imsic_wired *wired; /* [I] after probing */
	void *wired_chip;
} imsic;

/* ---- wired sources ------------------------------------------------------- */

static void
imsic_enable(void *chip UNUSED, unsigned irq, bool on)
{
	if (irq <= IMSIC_WIRED_MAX && imsic.wired != NULL)
		imsic.wired->enable(imsic.wired_chip, irq, on);
}

static void
imsic_set_cpu(void *chip UNUSED, unsigned irq, unsigned cpu)
{
	if (irq <= IMSIC_WIRED_MAX && imsic.wired != NULL)
		imsic.wired->set_cpu(imsic.wired_chip, irq, cpu);
}

bool
imsic_is_parent(struct device *d, unsigned file[CPU_MAX])
{
	unsigned len;
	const fdt32_t *p = dev_property(d, "msi-parent", &len);

	if (p == NULL || len < 4 || imsic.phandle == 0 ||
	    fdt32_to_cpu(*p) != imsic.phandle)
		return false;
	for (unsigned i = 0; i < CPU_MAX; i++)
		file[i] = imsic.index[i];
	return true;
}

void
imsic_set_wired(const struct imsic_wired *ops, void *chip)
{
	imsic.wired_chip = chip;
	imsic.wired = ops;
}

/* ---- the files ----------------------------------------------------------- */

static void
imsic_handle(void *chip UNUSED)
{
	for (unsigned i = 0; i < HANDLE_MAX; i++) {
		unsigned id = imsic_take();

		if (id == 0)
			return;
		if (id > IMSIC_WIRED_MAX) {
			irq_dispatch(IRQ_MSI + id);
			continue;
		}
		irq_dispatch(id);
		if (imsic.wired != NULL)
			imsic.wired->again(imsic.wired_chip, id);
	}
}

static void
imsic_init_cpu(void *chip UNUSED)
{
	unsigned long flags = arch_irq_save();

	imsic_put(EITHRESHOLD, 0);
	for (unsigned n = 0; n <= imsic.ids; n += 64)
		imsic_put(EIE(n), UINT64_MAX);
	imsic_put(EIDELIVERY, 1);
	arch_irq_restore(flags);
}

static const struct irqchip_ops imsic_ops = {
	.enable = imsic_enable,
	.set_cpu = imsic_set_cpu,
	.handle = imsic_handle,
	.init_cpu = imsic_init_cpu,
};

/* ---- messages of devices ------------------------------------------------- */

static struct msi_message
message(unsigned irq, unsigned cpu)
{
	return (struct msi_message){ imsic.file[cpu], irq - IRQ_MSI };
}

static enum err
imsic_alloc(void *chip UNUSED, struct msi_request *r)
{
	enum err e = msi_number_take(&imsic.numbers, &r->irq);

	if (e == OK)
		r->message = message(r->irq, r->cpu);
	return e;
}

static void
imsic_free(void *chip UNUSED, unsigned irq)
{
	msi_number_give(&imsic.numbers, irq);
}

static enum err
imsic_move(
    void *chip UNUSED, unsigned irq, unsigned cpu, struct msi_message *out)
{
	*out = message(irq, cpu);
	return OK;
}

static const struct msi_ops imsic_msi_ops = {
	.alloc = imsic_alloc,
	.free = imsic_free,
	.move = imsic_move,
};

/* ---- probing ------------------------------------------------------------- */

/* A number of one cell; or what it is when it is left out. */
static uint32_t
number(struct device *d, const char *name, uint32_t usual)
{
	unsigned len;
	const fdt32_t *p = dev_property(d, name, &len);

	return p != NULL && len == 4 ? fdt32_to_cpu(*p) : usual;
}

/* The pages of the files, one after the other through all ranges, each with
 * those of its guests behind it. False: one lies in none. */
static bool
find_files(struct device *d)
{
	uint32_t guests = number(d, "riscv,guest-index-bits", 0);
	uint64_t step = guests < 8 ? (uint64_t)FILE_BYTES << guests : 0;

	for (unsigned cpu = 0; cpu < boot_info.cpu_count; cpu++) {
		uint64_t at = imsic.index[cpu] * step;
		unsigned i = 0;

		while (i < d->mmio_count && at >= d->mmio[i].size)
			at -= d->mmio[i++].size;
		if (i == d->mmio_count || step == 0)
			return false;
		imsic.file[cpu] = d->mmio[i].base + at;
	}
	return true;
}

static enum err
imsic_probe(struct device *d)
{
	if (hart_contexts_read(d, imsic.index) < boot_info.cpu_count)
		return ERR_NOENT; /* the firmware's */
	imsic.ids = MIN(number(d, "riscv,num-ids", 0), IDS_MAX);
	if (imsic.ids <= IMSIC_WIRED_MAX || !find_files(d))
		return ERR_INVAL;
	imsic.phandle = fdt_get_phandle(boot_info.fdt, d->fdt_node);
	imsic.numbers.first = IRQ_MSI + IMSIC_WIRED_MAX + 1;
	imsic.numbers.count = imsic.ids - IMSIC_WIRED_MAX;
	irqchip_register(&imsic_ops, NULL);
	msi_register(&imsic_msi_ops, NULL);
	return OK;
}

static const struct dev_match imsic_match[] = {
	{ .bus = "fdt", .id = "riscv,imsics" },
	{ .bus = NULL },
};

static const struct driver imsics = {
	.name = "imsic",
	.match = imsic_match,
	.state_size = 1, /* they are one controller, kept above */
	.probe = imsic_probe,
	.order = 0,
};
DRIVER(imsics);

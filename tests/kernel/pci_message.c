/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of a PCI function that has plain MSI and a line: QEMU's "edu",
 * which raises what its driver, here, writes into it. On a machine without
 * that device the test says so and looks at nothing.
 *
 * Source: QEMU docs/specs/edu.txt.
 */
#include <kernel/ktest.h>
#include <kernel/log.h>
#include <kernel/pci.h>

#include "threads.h"

#define EDU_STATUS 0x24u
#define EDU_RAISE  0x60u
#define EDU_ACK    0x64u

static struct edu {
	struct device *device; /* NULL: the machine has none */
	volatile char *regs;
	bool by_message;
	atomic_uint count, cpu, causes;
} edu;

static void
edu_irq(void *arg UNUSED)
{
	uint32_t causes = mmio_read32(edu.regs, EDU_STATUS);

	if (causes == 0)
		return;
	mmio_write32(edu.regs, EDU_ACK, causes);
	atomic_store(&edu.causes, causes);
	atomic_store(&edu.cpu, cpu_id());
	atomic_fetch_add(&edu.count, 1);
}

static enum err
edu_probe(struct device *d)
{
	const struct pci_message m = { .fn = edu_irq };
	enum err e = pci_enable(d);

	if (e != OK)
		return e;
	edu.regs = dev_map(d, 0);
	if (edu.regs == NULL)
		return ERR_NOMEM;
	edu.by_message = pci_message_count(d) != 0;
	e = edu.by_message ? pci_message(d, d, &m) :
	    dev_irq(d, 0, edu_irq, NULL);
	if (e == OK)
		edu.device = d;
	return e;
}

static const struct driver edu_driver = {
	.name = "edu",
	.match = (const struct dev_match[]){
		{ .bus = "pci", .vendor = 0x1234, .device = 0x11e8 },
		{ .bus = NULL },
	},
	.state_size = 1,
	.probe = edu_probe,
	.order = 5,
};
DRIVER(edu_driver);

/* One cause raised is one interrupt with that cause. */
static void
expect_irq(uint32_t cause)
{
	unsigned before = atomic_load(&edu.count);

	mmio_write32(edu.regs, EDU_RAISE, cause);
	for (unsigned i = 0; i < 1000 && atomic_load(&edu.count) == before; i++)
		sleep_ms(1);
	EXPECT(atomic_load(&edu.count) == before + 1);
	EXPECT(atomic_load(&edu.causes) == cause);
}

static void
expect_messages(void)
{
	const struct pci_message second = { .index = 1, .fn = edu_irq };

	EXPECT(pci_message_count(edu.device) == 1);
	EXPECT(pci_message(edu.device, edu.device, &second) == ERR_NOSPC);
	EXPECT(pci_message_move(edu.device, 1, 0) == ERR_NOENT);
	EXPECT(pci_message_move(edu.device, 0, cpu_count) == ERR_INVAL);
	for (unsigned cpu = cpu_count; cpu-- > 0;) {
		EXPECT_OK(pci_message_move(edu.device, 0, cpu));
		expect_irq(2u << cpu);
		EXPECT(atomic_load(&edu.cpu) == cpu);
	}
}

KTEST(a_function_with_plain_msi_interrupts)
{
	if (edu.device == NULL) {
		klog(LOG_INFO, "no edu device: its interrupts are not tried");
		return;
	}
	klog(LOG_INFO, "edu: by %s", edu.by_message ? "message" : "line");
	expect_irq(1);
	expect_irq(4);
	if (edu.by_message)
		expect_messages();
}

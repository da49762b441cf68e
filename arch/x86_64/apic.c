/*
 * The local APIC of each CPU: interrupts between CPUs, the timer, start-up of
 * other CPUs. It is used through its registers in memory (xAPIC); who a CPU
 * is stands in boot_info.cpu_hwid.
 *
 * Source: Intel SDM volume 3, chapter 10.
 */
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/log.h>

#include "x86.h"

#define APIC_EOI       0x0b0u
#define APIC_SVR       0x0f0u
#define APIC_TPR       0x080u
#define APIC_ESR       0x280u
#define APIC_ICR_LOW   0x300u
#define APIC_ICR_HIGH  0x310u
#define APIC_LVT_TIMER 0x320u
#define APIC_LVT_LINT0 0x350u
#define APIC_LVT_LINT1 0x360u
#define APIC_LVT_ERROR 0x370u
#define APIC_COUNT     0x380u
#define APIC_LEFT      0x390u
#define APIC_DIVIDE    0x3e0u

#define SVR_ON         0x100u
#define LVT_MASKED     0x10000u
#define LVT_NMI        0x400u
#define DIVIDE_16      3u
#define ICR_PENDING    0x1000u
#define ICR_INIT       0x4500u /* level, assert */
#define ICR_STARTUP    0x4600u
#define SEND_LIMIT     (10 * NS_PER_MS)
#define BASE_ENABLED   0x800u
#define BASE_X2APIC    0x400u

#define PIC1 0x20u
#define PIC2 0xa0u

static volatile void *regs; /* [I] */

/* The old controller: moved away from the exceptions, then masked. */
static void
pic_off(void)
{
	arch_port_write8(PIC1, 0x11);
	arch_port_write8(PIC2, 0x11);
	arch_port_write8(PIC1 + 1, VECTOR_PIC);
	arch_port_write8(PIC2 + 1, VECTOR_PIC + 8);
	arch_port_write8(PIC1 + 1, 4);
	arch_port_write8(PIC2 + 1, 2);
	arch_port_write8(PIC1 + 1, 1);
	arch_port_write8(PIC2 + 1, 1);
	arch_port_write8(PIC1 + 1, 0xff);
	arch_port_write8(PIC2 + 1, 0xff);
}

static paddr_t
apic_base(void)
{
	uint64_t msr = msr_read(MSR_APIC_BASE);

	if (!(msr & BASE_ENABLED))
		panic("the local APIC is off");
	if (msr & BASE_X2APIC)
		panic("the local APIC is in x2APIC mode");
	return msr & PTE_ADDR;
}

/* The registers are reached through the boot map until there is a mapping of
 * their own. */
void
apic_timer_begin(void)
{
	if (regs == NULL)
		regs = phys_to_virt(apic_base());
	mmio_write32(regs, APIC_SVR, SVR_ON | VECTOR_SPURIOUS);
	mmio_write32(regs, APIC_DIVIDE, DIVIDE_16);
	mmio_write32(regs, APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	mmio_write32(regs, APIC_COUNT, UINT32_MAX);
}

uint32_t
apic_timer_left(void)
{
	return mmio_read32(regs, APIC_LEFT);
}

void
apic_init_cpu(void)
{
	static bool mapped;

	if (!mapped) {
		pic_off();
		regs = kmap_phys(apic_base(), PAGE_SIZE,
		    PROT_READ | PROT_WRITE | PROT_DEVICE);
		if (regs == NULL)
			panic("no memory to map the local APIC");
		mapped = true;
	}
	mmio_write32(regs, APIC_SVR, SVR_ON | VECTOR_SPURIOUS);
	mmio_write32(regs, APIC_TPR, 0);
	mmio_write32(regs, APIC_LVT_LINT0, LVT_MASKED);
	mmio_write32(regs, APIC_LVT_LINT1, LVT_NMI);
	mmio_write32(regs, APIC_LVT_ERROR, VECTOR_ERROR);
	mmio_write32(regs, APIC_DIVIDE, DIVIDE_16);
	mmio_write32(regs, APIC_LVT_TIMER, VECTOR_TIMER);
	mmio_write32(regs, APIC_COUNT, 0);
	mmio_write32(regs, APIC_EOI, 0);
}

void
apic_eoi(void)
{
	mmio_write32(regs, APIC_EOI, 0);
}

void
apic_error(void)
{
	uint32_t status;

	mmio_write32(regs, APIC_ESR, 0);
	status = mmio_read32(regs, APIC_ESR);
	klog(LOG_WARN, "local APIC of cpu %u: error %x", cpu_id(), status);
}

void
apic_timer(uint32_t count)
{
	mmio_write32(regs, APIC_COUNT, count);
}

/* irqs off: the two halves belong together. */
static void
send(uint64_t hwid, uint32_t what)
{
	ns_t limit = arch_time() + SEND_LIMIT;

	mmio_write32(regs, APIC_ICR_HIGH, (uint32_t)hwid << 24);
	mmio_write32(regs, APIC_ICR_LOW, what);
	while ((mmio_read32(regs, APIC_ICR_LOW) & ICR_PENDING) != 0 &&
	    arch_time() < limit)
		arch_pause();
}

void
apic_ipi(uint64_t hwid, unsigned vector)
{
	unsigned long flags = arch_irq_save();

	send(hwid, vector);
	arch_irq_restore(flags);
}

static void
delay(ns_t ns)
{
	ns_t end = arch_time() + ns;

	while (arch_time() < end)
		arch_pause();
}

/* A CPU of the Pentium 4's time takes 10 ms to reset; one with XSAVE is younger
 * and takes the next message at once. */
void
apic_start(uint64_t hwid, paddr_t page)
{
	unsigned long flags = arch_irq_save();

	send(hwid, ICR_INIT);
	delay(x86.xsave ? 10 * NS_PER_US : 10 * NS_PER_MS);
	for (unsigned i = 0; i < 2; i++) {
		send(hwid, ICR_STARTUP | (uint32_t)(page >> PAGE_SHIFT));
		delay(200 * NS_PER_US);
	}
	arch_irq_restore(flags);
}

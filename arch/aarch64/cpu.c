/*
 * CPUs: start and power by PSCI, caches, what the machine is made of.
 * Source: PSCI 1.1 (DEN0022D); PL011 TRM 3.3; Arm ARM D7.5.
 */
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/panic.h>

#include <lib/fmt.h>
#include <lib/string.h>

#include "../common/fdt_boot.h"
#include "arm64.h"

void secondary_start(void);
/* What an emulator or debugger does for its guest; where there is none, the
 * instruction is undefined and trap_kernel() steps over it. The argument is
 * read by its virtual address. Source: Arm semihosting 2.0. */
void semihosting_call(uint64_t operation, const void *argument);
#define SEMIHOSTING_WRITEC 0x03u
#define SEMIHOSTING_EXIT   0x18u
#define APPLICATION_ENDED  0x20026u

/* ---- PSCI --------------------------------------------------------------- */

#define PSCI_CPU_ON       0xc4000003ul
#define PSCI_SYSTEM_OFF   0x84000008ul
#define PSCI_SYSTEM_RESET 0x84000009ul
#define PSCI_ALREADY_ON   (-4)

static enum { PSCI_NONE, PSCI_HVC, PSCI_SMC } psci;

static void
psci_find(const void *fdt)
{
	const char *method = fdt_boot_text(fdt, "arm,psci-0.2", "method");

	if (method == NULL)
		method = fdt_boot_text(fdt, "arm,psci-1.0", "method");
	if (method != NULL && strcmp(method, "hvc") == 0)
		psci = PSCI_HVC;
	else if (method != NULL && strcmp(method, "smc") == 0)
		psci = PSCI_SMC;
	else
		klog(LOG_WARN, "fdt: no PSCI 0.2: one CPU, no power-off");
}

static long
psci_call(uintptr_t function, uintptr_t a0, uintptr_t a1, uintptr_t a2)
{
	register uintptr_t x0 __asm__("x0") = function;
	register uintptr_t x1 __asm__("x1") = a0;
	register uintptr_t x2 __asm__("x2") = a1;
	register uintptr_t x3 __asm__("x3") = a2;

	if (psci == PSCI_HVC)
		__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2),
		    "+r"(x3) : : "x4", "x5", "x6", "x7", "x8", "x9", "x10",
		    "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	else if (psci == PSCI_SMC)
		__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2),
		    "+r"(x3) : : "x4", "x5", "x6", "x7", "x8", "x9", "x10",
		    "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	else
		return -1;
	return (long)x0;
}

static struct cpu_start cpu_starts[CPU_MAX];

enum err
arch_cpu_start(unsigned cpu, struct thread_head *head, vaddr_t stack_top)
{
	struct cpu_start *s = &cpu_starts[cpu];
	long r;

	s->root = arch_kernel_space.root;
	s->head = (uint64_t)head;
	s->stack = stack_top;
	cache_clean(s, sizeof(*s));
	r = psci_call(PSCI_CPU_ON, boot_info.cpu_hwid[cpu],
	    space_image_phys((const void *)secondary_start),
	    space_image_phys(s));
	/* "Already on" is no failure: the caller waits for the CPU. */
	if (r == 0 || r == PSCI_ALREADY_ON)
		return OK;
	klog(LOG_WARN, "cpu %u: PSCI error %ld", cpu, r);
	return ERR_IO;
}

/* PSCI has no status to hand over; a host has. */
void
arch_poweroff(unsigned status)
{
	const uint64_t why[2] = { APPLICATION_ENDED, status };

	if (status != 0)
		semihosting_call(SEMIHOSTING_EXIT, why);
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	arch_halt();
}

void
arch_reset(void)
{
	psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	arch_halt();
}

/* ---- the early console -------------------------------------------------- */

#define UART_DATA   0x00u
#define UART_FLAGS  0x18u
#define UART_FULL   0x20u /* the transmit FIFO */
#define SEND_LIMIT  100000u

static volatile void *uart;

/* Without a UART in the tree, or a tree, a panic goes to the host. */
void
arch_putc(char c)
{
	if (uart == NULL) {
		if (panic_running())
			semihosting_call(SEMIHOSTING_WRITEC, &c);
		return;
	}
	for (unsigned i = 0; i < SEND_LIMIT; i++)
		if (!(mmio_read32(uart, UART_FLAGS) & UART_FULL))
			break;
	mmio_write32(uart, UART_DATA, (uint8_t)c);
}

/* ---- start -------------------------------------------------------------- */

#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

/* arg0: MPIDR_EL1, arg1: physical address of the FDT. */
void
arch_init_early(uintptr_t arg0, uintptr_t arg1)
{
	const void *fdt = phys_to_virt(arg1);
	uint64_t hz = sysreg_read(cntfrq_el0), mult;
	paddr_t regs;

	fdt_boot_check(fdt);
	regs = fdt_boot_reg(fdt, "arm,pl011");
	if (regs != 0)
		uart = space_map_console(regs);
	fdt_boot_read(fdt, arg0 & MPIDR_AFFINITY);
	psci_find(fdt);
	if (hz == 0)
		panic("the counter's frequency is not set (CNTFRQ_EL0)");
	/* The largest multiplier of 32 bits. */
	for (arch_time_shift = 32;; arch_time_shift--) {
		mult = (NS_PER_SEC << arch_time_shift) / hz;
		if (mult <= UINT32_MAX)
			break;
	}
	arch_time_mult = (uint32_t)mult;
	space_map_kernel();
}

/* Event counters are not for programs; without any there is no register. */
static void
hide_event_counters(void)
{
	unsigned version = sysreg_read(id_aa64dfr0_el1) >> 8 & 0xf;

	if (version != 0 && version != 0xf)
		sysreg_write(pmuserenr_el0, 0);
}

void
arch_init_cpu(void)
{
	space_leave_idmap();
	sysreg_write(cpacr_el1, CPACR_KERNEL);
	sysreg_write(mdscr_el1, 0);
	sysreg_write(tpidrro_el0, 0);
	sysreg_write(cntkctl_el1, 3); /* both counters, no timers */
	hide_event_counters();
	arch_timer_set(NS_NEVER);
	sysreg_write(cntv_ctl_el0, 1);
	isb();
	id_init();
}

/* ---- this CPU ----------------------------------------------------------- */

void
arch_ipi(uint64_t cpus_mask)
{
	irqchip_ipi(cpus_mask);
}

void
arch_wait(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

void
arch_halt(void)
{
	arch_irq_disable();
	for (;;)
		arch_wait();
}

size_t
arch_cpu_info(unsigned cpu, char *buf, size_t len)
{
	uint64_t midr = id_midr(cpu);
	char features[256];

	id_features(features, sizeof(features));
	return (size_t)snprintf(buf, len,
	    "processor\t: %u\nFeatures\t:%s\nCPU implementer\t: 0x%02x\n"
	    "CPU architecture: 8\nCPU variant\t: 0x%x\nCPU part\t: 0x%03x\n"
	    "CPU revision\t: %u\n\n", cpu, features,
	    (unsigned)(midr >> 24) & 0xff, (unsigned)(midr >> 20) & 0xf,
	    (unsigned)(midr >> 4) & 0xfff, (unsigned)midr & 0xf);
}

/* ---- caches ------------------------------------------------------------- */

/* CTR_EL0 has the smallest lines' words as powers of two. */
static size_t
line_bytes(unsigned shift)
{
	return (size_t)4 << (sysreg_read(ctr_el0) >> shift & 0xf);
}

#define EACH_LINE(op, p, len, line) \
	for (uintptr_t at_ = ALIGN_DOWN((uintptr_t)(p), (line)); \
	    at_ < (uintptr_t)(p) + (len); at_ += (line)) \
		__asm__ volatile(op ", %0" : : "r"(at_) : "memory")

void
cache_clean(const void *p, size_t len)
{
	EACH_LINE("dc cvac", p, len, line_bytes(16));
	dsb(sy);
}

#define CTR_IDC (UINT64_C(1) << 28) /* no need to clean data */
#define CTR_DIC (UINT64_C(1) << 29) /* no need to drop instructions */

/* Instruction caches may be indexed by virtual addresses, and ours are not the
 * program's: all of them are dropped. */
void
arch_sync_icache(const void *addr, size_t len)
{
	uint64_t ctr = sysreg_read(ctr_el0);

	if (!(ctr & CTR_IDC))
		EACH_LINE("dc cvau", addr, len, line_bytes(16));
	dsb(ish);
	if (!(ctr & CTR_DIC))
		__asm__ volatile("ic ialluis" : : : "memory");
	dsb(ish);
	isb();
}

/*
 * Start, power, other CPUs, the early console, what the machine is made of.
 */
#include <kernel/log.h>

#include "../common/early_map.h"
#include "../common/fdt_boot.h"
#include "example.h"

struct thread_head *example_current;
volatile bool example_irqs_on;

/* Here: what start.S found in registers. Read the firmware's tables (an FDT
 * through arch/common/fdt_boot.c, ACPI's through lib/acpi.c), say what is
 * wrong with them and go on, find a console, map the kernel. */
void
arch_init_early(uintptr_t arg0, uintptr_t arg1)
{
	fdt_boot_check(phys_to_virt(arg1));
	fdt_boot_read(phys_to_virt(arg1), arg0);
	space_map_kernel();
}

/* Here: on each CPU, the trap vector, the FPU off, the timer off, the
 * interrupt controller's part of this CPU. */
void
arch_init_cpu(void)
{
	arch_timer_set(NS_NEVER);
}

/* Here: the firmware's call, or an interrupt with a start address. */
enum err
arch_cpu_start(unsigned cpu, struct thread_head *head UNUSED,
    vaddr_t stack_top UNUSED)
{
	klog(LOG_WARN, "cpu %u: this port knows no way to start it", cpu);
	return ERR_NOSYS;
}

void
arch_poweroff(unsigned status UNUSED)
{
	arch_halt();
}

void
arch_reset(void)
{
	arch_halt();
}

/* Here: wait for an interrupt; one that pends already ends it. */
void
arch_wait(void)
{
	arch_pause();
}

void
arch_halt(void)
{
	arch_irq_disable();
	for (;;)
		arch_wait();
}

void
arch_ipi(uint64_t mask)
{
	irqchip_ipi(mask);
}

size_t
arch_cpu_info(unsigned cpu, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len, "processor\t: %u\n\n", cpu);
}

uint64_t
arch_hwcap(unsigned which UNUSED)
{
	return 0;
}

/* Here: one character to a serial port, with a limit to the waiting. */
void
arch_putc(char c UNUSED)
{
}

/* Here: an instruction that gives entropy, if there is one. */
bool
arch_random_seed(uint64_t out[4] UNUSED)
{
	return false;
}

/* Here: clean what was written, drop what was fetched, on every CPU. */
void
arch_sync_icache(const void *addr UNUSED, size_t len UNUSED)
{
}

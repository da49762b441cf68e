/*
 * Harts and the SBI. Source: RISC-V SBI 2.0, chapters 4-10.
 */
#include <kernel/log.h>
#include <kernel/mm.h>

#include <lib/bits.h>
#include <lib/fmt.h>
#include <lib/string.h>

#include "../common/fdt_boot.h"
#include "csr.h"

/* The sifive_test finisher of QEMU's virt machine; 0: none. */
static paddr_t finisher;
static volatile uint32_t *finisher_regs;
#define FINISHER_FAIL 0x3333u

struct sbi_ret
sbi_call(unsigned ext, unsigned fn, uintptr_t a0, uintptr_t a1, uintptr_t a2)
{
	register uintptr_t r0 __asm__("a0") = a0;
	register uintptr_t r1 __asm__("a1") = a1;
	register uintptr_t r2 __asm__("a2") = a2;
	register uintptr_t r6 __asm__("a6") = fn;
	register uintptr_t r7 __asm__("a7") = ext;

	__asm__ volatile("ecall" : "+r"(r0), "+r"(r1)
	    : "r"(r2), "r"(r6), "r"(r7) : "memory");
	return (struct sbi_ret){ (long)r0, (long)r1 };
}

void
arch_putc(char c)
{
	sbi_call(SBI_EXT_PUTCHAR, 0, (uint8_t)c, 0, 0);
}

void
arch_init_early(uintptr_t arg0, uintptr_t arg1)
{
	const void *fdt = phys_to_virt(arg1);
	uint64_t hz = 0;
	char isa[sizeof(riscv_isa.text)];

	fdt_boot_check(fdt);
	fdt_boot_read(fdt, arg0);
	isa[0] = '\0';
	fdt_boot_cpu(fdt, &hz, isa, sizeof(isa));
	isa_read(isa);
	riscv_isa.timebase = hz;
	finisher = fdt_boot_reg(fdt, "sifive,test0");
	arch_time_shift = 24;
	if (hz == 0)
		panic("fdt: no timebase-frequency");
	arch_time_mult = (uint32_t)((NS_PER_SEC << arch_time_shift) / hz);
	space_map_kernel();
	space_probe_asids();
}

void
arch_init_cpu(void)
{
	csr_write(scounteren, 7);
	csr_write(sie, SIE_SSIE | SIE_STIE | SIE_SEIE);
	isa_probe();
	arch_timer_set(NS_NEVER);
	csr_write(sstatus, SSTATUS_KERNEL);
	if (finisher != 0 && finisher_regs == NULL)
		finisher_regs = kmap_phys(finisher, PAGE_SIZE,
		    PROT_READ | PROT_WRITE | PROT_DEVICE);
}

#define HART_START_LIMIT (NS_PER_SEC / 2)

struct cpu_start cpu_starts[CPU_MAX];

enum err
arch_cpu_start(unsigned cpu, struct thread_head *head, vaddr_t stack_top)
{
	struct cpu_start *s = &cpu_starts[cpu];
	ns_t limit = arch_time() + HART_START_LIMIT;
	struct sbi_ret r;

	s->satp = arch_kernel_space.satp;
	s->head = (uint64_t)head;
	s->stack = stack_top;
	s->hwid = boot_info.cpu_hwid[cpu];
	atomic_thread_fence(memory_order_seq_cst);
	s->ready = 1;
	atomic_thread_fence(memory_order_seq_cst);
	/* The firmware may still be parking that hart: ask again for a while.
	 * "Already started" is no failure: the caller waits for the hart. */
	do {
		r = sbi_call(SBI_EXT_HSM, 0, boot_info.cpu_hwid[cpu],
		    space_image_phys((const void *)secondary_start),
		    space_image_phys(s));
	} while (r.error != 0 && r.error != SBI_ERR_ALREADY &&
	    arch_time() < limit);
	if (r.error == SBI_ERR_ALREADY)
		return OK;
	if (r.error != 0)
		klog(LOG_WARN, "hart %lu: SBI error %ld",
		    (unsigned long)boot_info.cpu_hwid[cpu], r.error);
	return r.error == 0 ? OK : ERR_IO;
}

void
arch_ipi(uint64_t cpus_mask)
{
	while (cpus_mask != 0) {
		unsigned cpu = ctz64(cpus_mask);

		cpus_mask &= cpus_mask - 1;
		sbi_call(SBI_EXT_IPI, 0, 1, boot_info.cpu_hwid[cpu], 0);
	}
}

void
arch_wait(void)
{
	__asm__ volatile("wfi" : : : "memory");
}

void
arch_halt(void)
{
	csr_write(sie, 0);
	for (;;)
		arch_wait();
}

void
arch_poweroff(unsigned status)
{
	if (status != 0 && finisher_regs != NULL)
		*finisher_regs = status << 16 | FINISHER_FAIL;
	sbi_call(SBI_EXT_SRST, 0, 0, status != 0, 0);
	arch_halt();
}

void
arch_reset(void)
{
	sbi_call(SBI_EXT_SRST, 0, 1, 0, 0);
	arch_halt();
}

size_t
arch_cpu_info(unsigned cpu, char *buf, size_t len)
{
	return (size_t)snprintf(buf, len,
	    "processor\t: %u\nhart\t\t: %lu\nisa\t\t: %s\nmmu\t\t: sv%u\n\n",
	    cpu, (unsigned long)boot_info.cpu_hwid[cpu], riscv_isa.text,
	    arch_pt_levels == 4 ? 48 : 39);
}

uint64_t
arch_hwcap(unsigned which)
{
	return which == 0 ? riscv_isa.hwcap : 0;
}

void
arch_sync_icache(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
	__asm__ volatile("fence.i" : : : "memory");
	/* Function 0: fence.i on every hart (mask base -1) that is started. */
	if ((cpu_online_mask() & (cpu_online_mask() - 1)) != 0)
		sbi_call(SBI_EXT_RFENCE, 0, 0, UINTPTR_MAX, 0);
}

bool
arch_random_seed(uint64_t out[4])
{
	(void)out;
	return false;
}

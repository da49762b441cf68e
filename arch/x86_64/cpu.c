/*
 * Start: what the loader and ACPI hand over, what the CPU can do, and the
 * other CPUs.
 *
 * Source: Xen public/arch-x86/hvm/start_info.h; Intel SDM volume 2, CPUID;
 * volume 3, 8.4.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/mm.h>
#include <kernel/panic.h>

#include <lib/acpi.h>
#include <lib/bits.h>
#include <lib/fmt.h>
#include <lib/string.h>

#include "x86.h"

struct x86_features x86;
struct cpu_start cpu_starts[CPU_MAX];

static struct acpi_facts acpi;

extern char kernel_start[], kernel_end[];

/* ---- the early console ------------------------------------------------- */

#define COM1      0x3f8u
#define COM_LSR   (COM1 + 5)
#define LSR_EMPTY 0x20u

void
arch_putc(char c)
{
	for (unsigned i = 0; i < 100000; i++)
		if (arch_port_read8(COM_LSR) & LSR_EMPTY)
			break;
	arch_port_write8(COM1, (uint8_t)c);
}

/* ---- PVH --------------------------------------------------------------- */

#define PVH_MAGIC  0x336ec578u
#define PVH_RAM    1u
#define LOW_MEMORY UINT64_C(0xa0000)

struct hvm_start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, cmdline, rsdp;
	uint64_t map; /* version 1 on */
	uint32_t map_count, reserved;
};
struct hvm_module {
	uint64_t start, size, cmdline, reserved;
};
struct hvm_range {
	uint64_t start, size;
	uint32_t type, reserved;
};

/* Where other CPUs start: a page of RAM below 1 MiB. */
static paddr_t start_page;

static void
add_range(struct boot_range *list, unsigned *count, paddr_t start,
    uint64_t size)
{
	if (size == 0 || start + size < start)
		return;
	if (*count == BOOT_RANGES_MAX) {
		klog(LOG_WARN, "memory map: %lx bytes at %lx are left out",
		    (unsigned long)size, (unsigned long)start);
		return;
	}
	list[(*count)++] = (struct boot_range){ start, size };
}

static void
reserve(paddr_t start, uint64_t size)
{
	add_range(boot_info.reserved, &boot_info.reserved_count, start, size);
}

/* What the boot map shows of physical memory; NULL: beyond 4 GiB. */
static const void *
early_at(void *arg UNUSED, uint64_t phys, size_t len)
{
	return phys != 0 && phys < GIB(4) && len <= GIB(4) - phys ?
	    phys_to_virt(phys) : NULL;
}

static void
read_map(const struct hvm_start_info *info)
{
	const struct hvm_range *r = NULL;
	struct boot_info *b = &boot_info;

	if (info->version >= 1)
		r = early_at(NULL, info->map, info->map_count * sizeof(*r));
	for (unsigned i = 0; r != NULL && i < info->map_count; i++) {
		paddr_t end = r[i].start + r[i].size;

		if (r[i].type != PVH_RAM)
			continue;
		add_range(b->ram, &b->ram_count, r[i].start, r[i].size);
		/* The highest page that real mode can start at. */
		end = ALIGN_DOWN(MIN(end, LOW_MEMORY), PAGE_SIZE);
		if (r[i].start < LOW_MEMORY && start_page == 0 &&
		    end >= r[i].start + 2 * PAGE_SIZE)
			start_page = end - PAGE_SIZE;
	}
	if (b->ram_count == 0)
		panic("pvh: no memory map");
	/* Page 0 is nobody's: its address looks like none. */
	reserve(0, PAGE_SIZE);
	reserve(start_page, PAGE_SIZE);
}

static void
read_start_info(paddr_t at)
{
	const struct hvm_start_info *info = early_at(NULL, at, sizeof(*info));
	const struct hvm_module *m;
	const char *text;

	if (info == NULL || info->magic != PVH_MAGIC)
		panic("pvh: no start info at %lx", (unsigned long)at);
	boot_info.kernel = (struct boot_range){ KERNEL_PHYS,
		(uint64_t)(kernel_end - kernel_start) };
	reserve(boot_info.kernel.start, boot_info.kernel.size);
	read_map(info);
	text = early_at(NULL, info->cmdline, sizeof(boot_info.cmdline));
	if (text != NULL)
		strlcpy(boot_info.cmdline, text, sizeof(boot_info.cmdline));
	m = early_at(NULL, info->modules, sizeof(*m));
	if (info->module_count > 0 && m != NULL && m->size > 0) {
		boot_info.initrd = (struct boot_range){ m->start, m->size };
		reserve(m->start, m->size);
	}
}

/* ---- ACPI -------------------------------------------------------------- */

#define BIOS_START 0xe0000u
#define BIOS_END   0x100000u
#define IOAPIC_USUAL 0xfec00000u

static void
read_cpus(void)
{
	uint32_t self = cpuid(1, 0).ebx >> 24;

	boot_info.cpu_hwid[0] = self;
	boot_info.cpu_count = 1;
	for (unsigned i = 0; i < acpi.cpu_count; i++)
		if (acpi.cpu[i] != self && acpi.cpu[i] < 255 &&
		    boot_info.cpu_count < CPU_MAX)
			boot_info.cpu_hwid[boot_info.cpu_count++] =
			    acpi.cpu[i];
}

static void
read_acpi(paddr_t info_at)
{
	const struct acpi_memory m = { .at = early_at };
	const struct hvm_start_info *info = phys_to_virt(info_at);
	uint64_t root = info->rsdp;

	if (root == 0)
		root = acpi_find_root(&m, BIOS_START, BIOS_END);
	if (root == 0 || !acpi_read(&m, root, &acpi)) {
		klog(LOG_WARN, "acpi: no sound tables; one CPU, no power-off");
		acpi.ioapic[0].address = IOAPIC_USUAL;
		acpi.ioapic_count = 1;
	}
	if (acpi.bad[0] != '\0')
		klog(LOG_WARN, "acpi: table %s is not sound", acpi.bad);
	read_cpus();
}

/* ---- what the CPU can do ----------------------------------------------- */

#define BIT(n) (1u << (n))

static void
read_features(void)
{
	struct cpuid one = cpuid(1, 0), seven = { 0 }, ext = { 0 };

	if (cpuid(0, 0).eax >= 7)
		seven = cpuid(7, 0);
	if (cpuid(0x80000000, 0).eax >= 0x80000001)
		ext = cpuid(0x80000001, 0);
	x86.hwcap = one.edx;
	x86.xsave = (one.ecx & BIT(26)) != 0;
	x86.rdrand = (one.ecx & BIT(30)) != 0;
	x86.fsgsbase = (seven.ebx & BIT(0)) != 0;
	x86.smep = (seven.ebx & BIT(7)) != 0;
	x86.rdseed = (seven.ebx & BIT(18)) != 0;
	x86.smap = (seven.ebx & BIT(20)) != 0;
	x86.umip = (seven.ecx & BIT(2)) != 0;
	x86.nx = (ext.edx & BIT(20)) != 0;
	x86.gib_pages = (ext.edx & BIT(26)) != 0;
}

/* Traps of user mode close SMAP's door again (trap.S); the text is still
 * writable. */
static void
patch_clac(void)
{
	extern uint8_t *const clac_start[], *const clac_end[];
	static const uint8_t clac[3] = { 0x0f, 0x01, 0xca };

	for (uint8_t *const *p = clac_start; x86.smap && p < clac_end; p++)
		memcpy(phys_to_virt((paddr_t)(uintptr_t)*p - KERNEL_BASE),
		    clac, sizeof(clac));
}

static void
control_init(void)
{
	uint64_t cr4 = cr_read(cr4) | CR4_PGE;

	cr4 |= x86.smep ? CR4_SMEP : 0;
	cr4 |= x86.smap ? CR4_SMAP : 0;
	cr4 |= x86.umip ? CR4_UMIP : 0;
	cr4 |= x86.fsgsbase ? CR4_FSGSBASE : 0;
	cr_write(cr4, cr4);
	cr_write(cr0, cr_read(cr0) | CR0_WP | CR0_AM);
}

void
arch_init_early(uintptr_t arg0, uintptr_t arg1 UNUSED)
{
	boot_info.acpi = &acpi;
	read_features();
	patch_clac();
	read_start_info(arg0);
	read_acpi(arg0);
	time_calibrate();
	space_map_kernel();
}

void
arch_init_cpu(void)
{
	unsigned number = cpu_id();

	desc_init_cpu(&x86_cpus[number], number);
	control_init();
	fpu_init_cpu();
	apic_init_cpu();
	if (number == 0)
		power_probe();
}

/* ---- other CPUs -------------------------------------------------------- */

/* The end of start.S's ap_start. */
struct ap_data {
	uint32_t far32, far32_cs, far64, far64_cs;
	struct PACKED {
		uint16_t limit;
		uint32_t base;
		uint16_t pad;
	} gdtr;
	uint32_t root, efer;
};

static void
start_code_copy(void)
{
	extern const char ap_start[], ap_end[], ap_data[];
	uint8_t *page = phys_to_virt(start_page);
	struct ap_data *d = (struct ap_data *)(void *)
	    (page + (ap_data - ap_start));

	memcpy(page, ap_start, (size_t)(ap_end - ap_start));
	d->far32 += (uint32_t)start_page;
	d->far64 += (uint32_t)start_page;
	d->gdtr.base += (uint32_t)start_page;
	d->root = (uint32_t)space_start_root();
	d->efer = EFER_LME | (x86.nx ? EFER_NXE : 0);
}

enum err
arch_cpu_start(unsigned cpu, struct thread_head *head, vaddr_t stack_top)
{
	struct cpu_start *s = &cpu_starts[cpu];
	static bool copied;

	if (start_page == 0)
		return ERR_NOTSUP;
	if (desc_stacks(&x86_cpus[cpu]) != OK)
		return ERR_NOMEM;
	if (!copied)
		start_code_copy();
	copied = true;
	s->head = (uint64_t)head;
	s->stack = stack_top;
	s->cpu = (uint64_t)&x86_cpus[cpu];
	s->hwid = boot_info.cpu_hwid[cpu];
	atomic_thread_fence(memory_order_seq_cst);
	*(volatile uint64_t *)&s->ready = 1;
	apic_start(s->hwid, start_page);
	return OK;
}

void
arch_ipi(uint64_t cpus_mask)
{
	while (cpus_mask != 0) {
		unsigned cpu = ctz64(cpus_mask);

		cpus_mask &= cpus_mask - 1;
		apic_ipi(boot_info.cpu_hwid[cpu],
		    panic_running() ? IPI_NMI : VECTOR_IPI);
	}
}

/* The interrupt is taken here: with interrupts off a CPU would not wake. */
void
arch_wait(void)
{
	struct x86_cpu *c = x86_this();

	c->waiting = 1;
	__asm__ volatile("sti; hlt; cli" : : : "memory");
	c->waiting = 0;
}

void
arch_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

/* ---- what programs ask about ------------------------------------------- */

static const struct {
	uint8_t leaf; /* 0: 1.edx, 1: 1.ecx, 2: 7.ebx, 3: extended edx */
	uint8_t bit;
	char name[12];
} flags[] = {
	{ 0, 0, "fpu" }, { 0, 3, "pse" }, { 0, 4, "tsc" }, { 0, 5, "msr" },
	{ 0, 6, "pae" }, { 0, 8, "cx8" }, { 0, 9, "apic" }, { 0, 13, "pge" },
	{ 0, 15, "cmov" }, { 0, 16, "pat" }, { 0, 19, "clflush" },
	{ 0, 23, "mmx" }, { 0, 24, "fxsr" }, { 0, 25, "sse" },
	{ 0, 26, "sse2" }, { 3, 11, "syscall" }, { 3, 20, "nx" },
	{ 3, 26, "pdpe1gb" }, { 3, 27, "rdtscp" }, { 3, 29, "lm" },
	{ 1, 0, "pni" }, { 1, 1, "pclmulqdq" }, { 1, 9, "ssse3" },
	{ 1, 12, "fma" }, { 1, 13, "cx16" }, { 1, 19, "sse4_1" },
	{ 1, 20, "sse4_2" }, { 1, 22, "movbe" }, { 1, 23, "popcnt" },
	{ 1, 25, "aes" }, { 1, 26, "xsave" }, { 1, 28, "avx" },
	{ 1, 29, "f16c" }, { 1, 30, "rdrand" }, { 1, 31, "hypervisor" },
	{ 2, 0, "fsgsbase" }, { 2, 3, "bmi1" }, { 2, 5, "avx2" },
	{ 2, 7, "smep" }, { 2, 8, "bmi2" }, { 2, 9, "erms" },
	{ 2, 18, "rdseed" }, { 2, 19, "adx" }, { 2, 20, "smap" },
};

static void
text_of(char *out, const uint32_t *words, unsigned count)
{
	memcpy(out, words, count * sizeof(words[0]));
	out[count * sizeof(words[0])] = '\0';
}

static size_t
flags_text(char *buf, size_t len)
{
	const uint32_t leaf[4] = { cpuid(1, 0).edx, cpuid(1, 0).ecx,
		cpuid(0, 0).eax >= 7 ? cpuid(7, 0).ebx : 0,
		cpuid(0x80000001, 0).edx };
	size_t n = 0;

	for (unsigned i = 0; i < ARRAY_LEN(flags) && n < len; i++)
		if (leaf[flags[i].leaf] >> flags[i].bit & 1)
			n += (size_t)snprintf(
			    buf + n, len - n, " %s", flags[i].name);
	return n;
}

size_t
arch_cpu_info(unsigned cpu, char *buf, size_t len)
{
	struct cpuid zero = cpuid(0, 0), one = cpuid(1, 0);
	uint32_t vendor[3] = { zero.ebx, zero.edx, zero.ecx };
	unsigned family = one.eax >> 8 & 15, model = one.eax >> 4 & 15;
	uint32_t brand[12] = { 0 };
	char text[13], name[49];
	size_t n;

	if (family == 6 || family == 15)
		model |= one.eax >> 12 & 0xf0;
	if (family == 15)
		family += one.eax >> 20 & 0xff;
	for (unsigned i = 0; i < 3 && cpuid(0x80000000, 0).eax >= 0x80000004;
	    i++) {
		struct cpuid part = cpuid(0x80000002 + i, 0);

		memcpy(&brand[i * 4], &part, sizeof(part));
	}
	text_of(text, vendor, 3);
	text_of(name, brand, 12);
	n = (size_t)snprintf(buf, len, "processor\t: %u\nvendor_id\t: %s\n"
	    "cpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\n"
	    "stepping\t: %u\ncpu MHz\t\t: %lu.%03lu\napicid\t\t: %lu\n"
	    "flags\t\t:", cpu, text, family, model, name, one.eax & 15,
	    (unsigned long)(x86.tsc_hz / 1000000),
	    (unsigned long)(x86.tsc_hz / 1000 % 1000),
	    (unsigned long)boot_info.cpu_hwid[cpu]);
	if (n < len)
		n += flags_text(buf + n, len - n);
	if (n < len)
		n += (size_t)snprintf(buf + n, len - n,
		    "\naddress sizes\t: 48 bits virtual\n\n");
	return n;
}

#define HWCAP2_FSGSBASE 2u

uint64_t
arch_hwcap(unsigned which)
{
	return which == 0 ? x86.hwcap : x86.fsgsbase ? HWCAP2_FSGSBASE : 0;
}

/* Fetches see what was stored. */
void
arch_sync_icache(const void *addr UNUSED, size_t len UNUSED)
{
}

static bool
random_word(uint64_t *out)
{
	bool good = false;

	for (unsigned i = 0; i < 100 && !good; i++) {
		if (x86.rdseed)
			__asm__ volatile("rdseed %0"
			    : "=r"(*out), "=@ccc"(good));
		else
			__asm__ volatile("rdrand %0"
			    : "=r"(*out), "=@ccc"(good));
	}
	return good;
}

bool
arch_random_seed(uint64_t out[4])
{
	if (!x86.rdrand && !x86.rdseed)
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (!random_word(&out[i]))
			return false;
	return true;
}

/*
 * Segment, interrupt and task-state descriptors.
 *
 * Segments only carry privilege in long mode. There is no 32-bit user code
 * segment: a program cannot leave 64-bit mode, so of the old ways into a
 * kernel (int 0x80, SYSENTER, call gates) none exists. Every gate but that of
 * int3 is the kernel's; what a program raises by int n faults as #GP.
 *
 * Source: Intel SDM volume 3, 3.4.5, 5.8.8, 6.14, 7.2.3, 7.7.
 */
#include <kernel/mm.h>

#include <lib/string.h>

#include "x86.h"

struct gate {
	uint16_t low, selector;
	uint8_t ist, type;
	uint16_t middle;
	uint32_t high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "a gate of long mode");

#define GATE_INTERRUPT 0x8e /* present, interrupts off */
#define GATE_USER      0x60 /* programs may raise it */
#define STUB_BYTES     16
#define VECTOR_BP      3

#define GDT_USER_DATA UINT64_C(0x00cff3000000ffff)
#define GDT_USER_CODE UINT64_C(0x00affb000000ffff)
#define GDT_TSS       UINT64_C(0x0000890000000000)
#define GDT_CPU       UINT64_C(0x0040f10000000000) /* data, read only */

struct x86_cpu x86_cpus[CPU_MAX];

extern char trap_stubs[], syscall_entry[];
extern struct thread_head boot_thread;

static struct gate idt[256] ALIGNED(16);
/* The boot CPU's; others get theirs when they are started. */
static uint8_t boot_stacks[IST_COUNT * IST_BYTES]
    ALIGNED(IST_COUNT * IST_BYTES);

struct PACKED table_pointer {
	uint16_t limit;
	uint64_t base;
};

static unsigned
gate_stack(unsigned vector)
{
	switch (vector) {
	case VECTOR_DB:
		return 1 + IST_DB;
	case VECTOR_NMI:
		return 1 + IST_NMI;
	case VECTOR_MC:
		return 1 + IST_MC;
	case VECTOR_DF:
		return 1 + IST_DF;
	default:
		return 0;
	}
}

static void
idt_fill(void)
{
	for (unsigned v = 0; v < 256; v++) {
		uint64_t at = (uint64_t)trap_stubs + v * STUB_BYTES;

		idt[v] = (struct gate){
			.low = (uint16_t)at,
			.selector = KERNEL_CS,
			.ist = (uint8_t)gate_stack(v),
			.type = v == VECTOR_BP ? GATE_INTERRUPT | GATE_USER :
			    GATE_INTERRUPT,
			.middle = (uint16_t)(at >> 16),
			.high = (uint32_t)(at >> 32),
		};
	}
}

static void
stacks_set(struct x86_cpu *c, uint8_t *stacks)
{
	for (unsigned i = 0; i < IST_COUNT; i++) {
		uint8_t *end = stacks + (i + 1) * IST_BYTES;

		*(struct x86_cpu **)(void *)(end - 8) = c;
		c->tss.ist[i] = (uint64_t)end - 16;
	}
}

enum err
desc_stacks(struct x86_cpu *c)
{
	unsigned order = 0;
	struct page *p;

	if (c->tss.ist[0] != 0)
		return OK; /* it was tried before */
	while ((PAGE_SIZE << order) < IST_COUNT * IST_BYTES)
		order++;
	p = page_alloc(order);
	if (p == NULL)
		return ERR_NOMEM;
	stacks_set(c, page_virt(p));
	return OK;
}

static void
gdt_fill(struct x86_cpu *c, unsigned number)
{
	uint64_t tss = (uint64_t)&c->tss;

	c->gdt[KERNEL_CS / 8] = GDT_KERNEL_CODE;
	c->gdt[KERNEL_DS / 8] = GDT_KERNEL_DATA;
	c->gdt[USER_DS / 8] = GDT_USER_DATA;
	c->gdt[USER_CS / 8] = GDT_USER_CODE;
	c->gdt[TSS_SEL / 8] = GDT_TSS | (sizeof(c->tss) - 1) |
	    (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
	c->gdt[TSS_SEL / 8 + 1] = tss >> 32;
	c->gdt[CPU_SEL / 8] = GDT_CPU | number;
	c->tss.io_map = sizeof(c->tss);
}

void
desc_init_cpu(struct x86_cpu *c, unsigned number)
{
	struct table_pointer gdtr = { sizeof(c->gdt) - 1, (uint64_t)c->gdt };
	struct table_pointer idtr = { sizeof(idt) - 1, (uint64_t)idt };

	if (number == 0) {
		idt_fill();
		stacks_set(c, boot_stacks);
	}
	gdt_fill(c, number);
	c->tss.rsp[0] = c->current->kstack_top;
	__asm__ volatile("lgdt %0\n\tlidt %1\n\tltr %w2"
	    : : "m"(gdtr), "m"(idtr), "r"(TSS_SEL) : "memory");
	msr_write(MSR_STAR, (uint64_t)USER_BASE << 48 |
	    (uint64_t)KERNEL_CS << 32);
	msr_write(MSR_LSTAR, (uint64_t)syscall_entry);
	msr_write(MSR_SFMASK, RFLAGS_IF | RFLAGS_TF | RFLAGS_DF |
	    RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC);
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
	msr_write(MSR_KERNEL_GS_BASE, 0);
}

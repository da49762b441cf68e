/* SPDX-License-Identifier: MIT */
/*
 * Messages to the local APICs of a PC. A write to the APICs' place is an
 * interrupt: the address says which CPU, the word which vector. Interrupt
 * number n is vector VECTOR_FIRST + n on every CPU, so that a message can move
 * without a new number; those that no I/O APIC uses are given out.
 *
 * Source: Intel SDM volume 3, 10.11.
 */
#include <kernel/cpu.h>
#include <kernel/device.h>

#include "apic_msi.h"

#define ADDRESS      UINT64_C(0xfee00000)
#define CPU_SHIFT    12
#define VECTOR_FIRST 0x30u /* as in ioapic.c */
#define IRQ_FIRST    64u
#define IRQ_COUNT    128u

static struct msi_numbers numbers = { .first = IRQ_FIRST, .count = IRQ_COUNT };

static struct msi_message
message(unsigned irq, unsigned cpu)
{
	return (struct msi_message){
		ADDRESS | boot_info.cpu_hwid[cpu] << CPU_SHIFT,
		VECTOR_FIRST + irq };
}

static enum err
apic_msi_alloc(void *chip UNUSED, struct msi_request *r)
{
	enum err e = msi_number_take(&numbers, &r->irq);

	if (e == OK)
		r->message = message(r->irq, r->cpu);
	return e;
}

static void
apic_msi_free(void *chip UNUSED, unsigned irq)
{
	msi_number_give(&numbers, irq);
}

static enum err
apic_msi_move(
    void *chip UNUSED, unsigned irq, unsigned cpu, struct msi_message *out)
{
	*out = message(irq, cpu);
	return OK;
}

static const struct msi_ops apic_msi_ops = {
	.alloc = apic_msi_alloc,
	.free = apic_msi_free,
	.move = apic_msi_move,
};

void
apic_msi_init(void)
{
	msi_register(&apic_msi_ops, NULL);
}

/*
 * See hart_contexts.h. Source: interrupts-extended of the PLIC and APLIC
 * bindings; RISC-V privileged 1.12 for the cause numbers.
 */
#include "hart_contexts.h"

#include <libfdt.h>

#define PAIRS_MAX    (2u * CPU_MAX)
#define IRQ_S_EXTERNAL 9u

/* The hart whose local interrupt controller has this phandle. */
static bool
hart_of(uint32_t phandle, uint64_t *hart)
{
	const void *fdt = boot_info.fdt;
	int len, intc = fdt_node_offset_by_phandle(fdt, phandle);
	int cpu = intc < 0 ? -1 : fdt_parent_offset(fdt, intc);
	const fdt32_t *reg = cpu < 0 ? NULL :
	    fdt_getprop(fdt, cpu, "reg", &len);

	if (reg == NULL || len < 4)
		return false;
	*hart = fdt32_to_cpu(reg[len / 4 - 1]);
	return true;
}

unsigned
hart_contexts_read(struct device *d, unsigned context[CPU_MAX])
{
	unsigned len, found = 0;
	const fdt32_t *ext = dev_property(d, "interrupts-extended", &len);
	unsigned count = ext != NULL ? MIN(len / 8, PAIRS_MAX) : 0;

	for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
		context[cpu] = HART_NO_CONTEXT;
	for (unsigned i = 0; i < count; i++) {
		uint64_t hart;

		if (fdt32_to_cpu(ext[i * 2 + 1]) != IRQ_S_EXTERNAL ||
		    !hart_of(fdt32_to_cpu(ext[i * 2]), &hart))
			continue;
		for (unsigned cpu = 0; cpu < boot_info.cpu_count; cpu++) {
			if (boot_info.cpu_hwid[cpu] != hart)
				continue;
			context[cpu] = i;
			found++;
		}
	}
	return found;
}

/*
 * The interrupt of Arm's generic timer. The timer itself is the port's
 * (arch/aarch64/time.c); which interrupt its virtual one raises stands in the
 * device tree, and only the interrupt controller can turn it on.
 *
 * Source: arm,arch_timer binding.
 */
#include <kernel/device.h>

#define VIRTUAL_TIMER 2 /* of: secure, non-secure, virtual, hypervisor */

static void
timer_irq(void *arg UNUSED)
{
	trap_timer();
}

static enum err
timer_probe(struct device *d)
{
	return dev_irq(d, VIRTUAL_TIMER, timer_irq, NULL);
}

static const struct dev_match timer_match[] = {
	{ .bus = "fdt", .id = "arm,armv8-timer" },
	{ .bus = NULL },
};

static const struct driver arm_timer = {
	.name = "arm-timer",
	.match = timer_match,
	.probe = timer_probe,
	.order = 1,
};
DRIVER(arm_timer);

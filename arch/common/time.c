/*
 * The scale of the counter: ns = ticks * arch_time_mult >> arch_time_shift.
 * The port sets it in arch_init_early(); until then it is time 0.
 */
#include <kernel/arch.h>

extern uint32_t arch_time_mult, arch_time_shift;
HOT_DATA uint32_t arch_time_mult, arch_time_shift;

void
arch_time_scale(uint32_t *mult, uint32_t *shift)
{
	*mult = arch_time_mult;
	*shift = arch_time_shift;
}

/*
 * The counter, the timer, the wall clock.
 */
#include "example.h"

volatile ns_t example_clock;

/* Here: a one-shot comparison with the counter. A time that has passed fires
 * at once; NS_NEVER turns it off. */
void
arch_timer_set(ns_t when UNUSED)
{
}

/* Here: a clock that goes on without power, or 0. */
uint64_t
arch_wall_seconds(void)
{
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Between the IMSICs and an APLIC that delivers by message to them. */
#pragma once

#include <kernel/device.h>

/* Wired sources have the message of their own number, up to this one. */
#define IMSIC_WIRED_MAX 127u

struct imsic_wired {
	void (*enable)(void *chip, unsigned irq, bool on);
	void (*set_cpu)(void *chip, unsigned irq, unsigned cpu);
	/* Its handlers ran: a level that still stands is one more message. */
	void (*again)(void *chip, unsigned irq);
};

/* Whether d's messages go to the IMSICs that we drive; the number of each
 * CPU's file. */
bool imsic_is_parent(struct device *d, unsigned file[CPU_MAX]);
void imsic_set_wired(const struct imsic_wired *ops, void *chip);

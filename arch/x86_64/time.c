/*
 * The time stamp counter, the local APIC's timer, and the wall clock.
 *
 * Both counters are measured against a clock whose rate is known: the HPET,
 * else ACPI's PM timer, else the PIT's channel 2. The counters are read
 * together with it several times and the closest pair counts, so that a
 * hypervisor that takes the CPU away for a moment does no harm.
 *
 * Source: Intel SDM volume 3, 10.5.4, 18.17; HPET 1.0a, 2.3; ACPI 6.4,
 * 4.8.3.3; Intel 8254 data sheet; Motorola MC146818A.
 */
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/mm.h>

#include <lib/acpi.h>

#include "x86.h"

#define WINDOW_NS   (10 * NS_PER_MS)
#define TRIES       5u
#define PM_HZ       UINT64_C(3579545)
#define PIT_HZ      UINT64_C(1193182)
#define FS_PER_SEC  UINT64_C(1000000000000000)
#define SPIN_LIMIT  UINT64_C(100000000) /* reads without any progress */

/* A clock of known rate that counts up and wraps at mask + 1. */
struct yardstick {
	const char *name;
	uint64_t hz, mask;
	uint64_t (*read)(void);
};

static volatile uint8_t *hpet;
static uint16_t pm_port;

static uint64_t
hpet_read(void)
{
	return mmio_read32(hpet, 0xf0);
}

static uint64_t
pm_read(void)
{
	return arch_port_read32(pm_port);
}

/* Channel 2 counts down from 65535, latched. */
static uint64_t
pit_read(void)
{
	uint8_t low;

	arch_port_write8(0x43, 0x80);
	low = arch_port_read8(0x42);
	return 0xffffu - (low | (unsigned)arch_port_read8(0x42) << 8);
}

static void
pit_start(void)
{
	arch_port_write8(0x61, (arch_port_read8(0x61) & ~2u) | 1u);
	arch_port_write8(0x43, 0xb0); /* channel 2, both bytes, mode 0 */
	arch_port_write8(0x42, 0xff);
	arch_port_write8(0x42, 0xff);
}

static bool
moves(const struct yardstick *y)
{
	uint64_t begin = y->read() & y->mask;

	for (unsigned i = 0; i < 100000; i++)
		if ((y->read() & y->mask) != begin)
			return true;
	return false;
}

static bool
hpet_find(paddr_t at, struct yardstick *y)
{
	uint32_t period;

	if (at >= GIB(4))
		return false;
	hpet = phys_to_virt(at);
	period = mmio_read32(hpet, 4); /* femtoseconds */
	*y = (struct yardstick){ "HPET", 0, UINT32_MAX, hpet_read };
	if (period < 100000 || period > 100000000)
		return false;
	y->hz = FS_PER_SEC / period;
	mmio_write32(hpet, 0x10, mmio_read32(hpet, 0x10) | 1u);
	return moves(y);
}

static bool
yardstick_find(struct yardstick *y)
{
	const struct acpi_facts *f = boot_info.acpi;

	if (f->hpet != 0) {
		if (hpet_find(f->hpet, y))
			return true;
		klog(LOG_WARN, "acpi: the HPET at %lx does not count",
		    (unsigned long)f->hpet);
	}
	if (f->timer_port != 0) {
		pm_port = (uint16_t)f->timer_port;
		*y = (struct yardstick){ "PM timer", PM_HZ, 0xffffff, pm_read };
		if (moves(y))
			return true;
	}
	pit_start();
	*y = (struct yardstick){ "PIT", PIT_HZ, 0xffff, pit_read };
	return moves(y);
}

struct sample {
	uint64_t clock, tsc;
	uint32_t apic;
};

/* All three at one moment, as nearly as it can be had. */
static struct sample
sample(const struct yardstick *y)
{
	struct sample best = { 0 };
	uint64_t spread = UINT64_MAX;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t before = tsc_read();
		uint64_t clock = y->read() & y->mask;
		uint32_t apic = apic_timer_left();
		uint64_t after = tsc_read();

		if (after - before >= spread)
			continue;
		spread = after - before;
		best = (struct sample){ clock, before + spread / 2, apic };
	}
	return best;
}

void
time_calibrate(void)
{
	struct yardstick y;
	struct sample a, b;
	uint64_t ticks, want;

	apic_timer_begin();
	if (!yardstick_find(&y))
		panic("no clock to measure the time stamp counter by");
	want = y.hz * WINDOW_NS / NS_PER_SEC;
	a = sample(&y);
	for (uint64_t i = 0; i < SPIN_LIMIT; i++)
		if (((y.read() - a.clock) & y.mask) >= want)
			break;
	b = sample(&y);
	ticks = (b.clock - a.clock) & y.mask;
	if (ticks < want || b.tsc <= a.tsc)
		panic("%s stands still", y.name);
	x86.tsc_hz = (b.tsc - a.tsc) * y.hz / ticks;
	x86.apic_hz = (uint64_t)(a.apic - b.apic) * y.hz / ticks;
	/* mult must fit 32 bits, and a slower counter keeps its precision. */
	arch_time_shift = 24;
	arch_time_mult = (uint32_t)((NS_PER_SEC << arch_time_shift) /
	    x86.tsc_hz);
	klog(LOG_DEBUG, "time stamp counter %lu kHz, APIC timer %lu kHz, by %s",
	    (unsigned long)x86.tsc_hz / 1000,
	    (unsigned long)x86.apic_hz / 1000, y.name);
}

void
arch_timer_set(ns_t when)
{
	ns_t now, span;
	uint64_t count;

	if (when >= UINT64_MAX / 2) {
		apic_timer(0);
		return;
	}
	now = arch_time();
	span = when > now ? when - now : 0;
	/* Longer waits are done in parts: the handler sets it again. */
	span = MIN(span, NS_PER_SEC);
	count = span * x86.apic_hz / NS_PER_SEC + 1;
	apic_timer((uint32_t)MIN(count, (uint64_t)UINT32_MAX));
}

/* ---- wall clock -------------------------------------------------------- */

#define CMOS_BUSY   0x80u
#define CMOS_BINARY 0x04u
#define CMOS_24H    0x02u
#define CMOS_PM     0x80u
#define CMOS_LIMIT  (5 * NS_PER_MS)

static uint8_t
cmos(uint8_t reg)
{
	arch_port_write8(0x70, reg);
	return arch_port_read8(0x71);
}

static unsigned
from_bcd(uint8_t v)
{
	return (v >> 4) * 10u + (v & 15u);
}

struct date {
	unsigned sec, min, hour, day, month, year, century;
};

static void
cmos_read(struct date *d, uint8_t century_reg)
{
	uint8_t format = cmos(0x0b), hour = cmos(4);
	unsigned (*plain)(uint8_t) = from_bcd;
	unsigned h;

	*d = (struct date){ plain(cmos(0)), plain(cmos(2)), 0,
		plain(cmos(7)), plain(cmos(8)), plain(cmos(9)), 20 };
	h = plain(hour & ~CMOS_PM & 0xffu);
	if (format & CMOS_BINARY) {
		*d = (struct date){ cmos(0), cmos(2), 0, cmos(7), cmos(8),
			cmos(9), 20 };
		h = hour & ~CMOS_PM & 0xffu;
	}
	if (!(format & CMOS_24H))
		h = h % 12 + (hour & CMOS_PM ? 12 : 0);
	d->hour = h;
	if (century_reg != 0)
		d->century = format & CMOS_BINARY ? cmos(century_reg) :
		    from_bcd(cmos(century_reg));
}

/* Days since 1970-01-01 in the Gregorian calendar. */
static uint64_t
days_of(unsigned year, unsigned month, unsigned day)
{
	/* March is the first month: the leap day is the year's last. */
	unsigned y = month <= 2 ? year - 1 : year;
	unsigned m = (month + 9) % 12;

	return 365ul * y + y / 4 - y / 100 + y / 400 +
	    (m * 306 + 5) / 10 + day - 1 - 719468;
}

uint64_t
arch_wall_seconds(void)
{
	ns_t limit = arch_time() + CMOS_LIMIT;
	uint8_t reg = boot_info.acpi->century;
	struct date a, b;

	/* Twice the same, outside of an update. */
	do {
		while ((cmos(0x0a) & CMOS_BUSY) && arch_time() < limit)
			arch_pause();
		cmos_read(&a, reg);
		cmos_read(&b, reg);
	} while (a.sec != b.sec && arch_time() < limit);
	if (b.month < 1 || b.month > 12 || b.day < 1 || b.day > 31 ||
	    b.hour > 23 || b.min > 59 || b.sec > 60 || b.year > 99 ||
	    b.century < 19 || b.century > 99)
		return 0;
	return ((days_of(b.century * 100 + b.year, b.month, b.day) * 24 +
	    b.hour) * 60 + b.min) * 60 + b.sec;
}

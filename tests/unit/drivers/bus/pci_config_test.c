// uses: drivers/bus/pci_config.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <drivers/bus/pci_config.h>

TEST(bars_of_each_kind_are_sized)
{
	struct pci_bar b;

	EXPECT(pci_bar_decode(0xfffff000, 0, false, &b) == OK);
	EXPECT(b.size == 4096 && !b.io && !b.wide && !b.prefetch);
	EXPECT(pci_bar_decode(0xffffc00c, UINT32_MAX, false, &b) == OK);
	EXPECT(b.size == 0x4000 && b.wide && b.prefetch);
	EXPECT(pci_bar_decode(0xc, 0xfffffffe, false, &b) == OK);
	EXPECT(b.size == UINT64_C(1) << 33);
	EXPECT(pci_bar_decode(0xffffffe1, 0, false, &b) == OK);
	EXPECT(b.size == 32 && b.io);
	EXPECT(pci_bar_decode(0xffe1, 0, true, &b) == OK && b.size == 32);
	EXPECT(pci_bar_decode(0, 0, true, &b) == OK && b.size == 0);
}

TEST(bars_that_cannot_be_are_refused_and_leave_the_result)
{
	struct pci_bar b = { .size = 7 };

	EXPECT(pci_bar_decode(0xfffff004, 0, true, &b) == ERR_INVAL);
	EXPECT(pci_bar_decode(0xfffff002, 0, false, &b) == ERR_INVAL);
	EXPECT(pci_bar_decode(0xfffff006, 0, false, &b) == ERR_INVAL);
	EXPECT(pci_bar_decode(0xf0fff000, 0, false, &b) == ERR_INVAL);
	EXPECT(pci_bar_decode(0x8, 0, false, &b) == ERR_INVAL);
	EXPECT(pci_bar_decode(0x1, 0, false, &b) == ERR_INVAL);
	EXPECT(b.size == 7);
}

TEST(capability_lists_are_walked_within_limits)
{
	uint8_t c[PCI_CONFIG_BYTES] = { 0 };
	size_t at = 1;

	EXPECT(pci_cap_find(c, 9, 4, &at) == ERR_NOENT);
	c[0x06] = 0x10;
	c[0x34] = 0x40;
	c[0x40] = 5;
	c[0x41] = 0xfc;
	c[0xfc] = 9;
	EXPECT(pci_cap_find(c, 9, 4, &at) == OK && at == 0xfc);
	at = 1;
	EXPECT(pci_cap_find(c, 9, 5, &at) == ERR_INVAL);
	EXPECT(pci_cap_find(c, 8, 4, &at) == ERR_NOENT);
	c[0xfd] = 0x40; /* a loop */
	EXPECT(pci_cap_find(c, 8, 4, &at) == ERR_INVAL);
	c[0xfd] = 0x3c; /* into the header */
	EXPECT(pci_cap_find(c, 8, 4, &at) == ERR_INVAL);
	EXPECT(at == 1);
}

TEST(ranges_do_not_wrap)
{
	EXPECT(pci_range_ok(0, 16, 16) && pci_range_ok(16, 0, 16));
	EXPECT(!pci_range_ok(1, 16, 16) && !pci_range_ok(17, 0, 16));
	EXPECT(!pci_range_ok(UINT64_MAX, 2, 16));
}

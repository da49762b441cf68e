// uses: drivers/bus/pci_place.c
/* SPDX-License-Identifier: MIT */
#include <tests/unit/unit.h>

#include <drivers/bus/pci_place.h>

#define CLAIM(n) { .size = (n), .align = (n) }

TEST(ranges_are_packed_the_largest_first)
{
	struct pci_claim c[] = { CLAIM(0x1000), CLAIM(0x10000), CLAIM(0x100),
		CLAIM(0x1000) };

	EXPECT(pci_place(c, 4, 0x40000000, 0x50000000) == OK);
	EXPECT_EQ(c[1].at, 0x40000000);
	EXPECT_EQ(c[0].at, 0x40010000);
	EXPECT_EQ(c[3].at, 0x40011000);
	EXPECT_EQ(c[2].at, 0x40012000);
}

TEST(what_has_a_place_is_kept_clear_of)
{
	struct pci_claim c[] = {
		{ .at = 0x1000, .size = 0x1000, .align = 0x1000,
		    .fixed = true },
		{ .at = 0x800, .size = 0x100, .align = 0x100, .fixed = true },
		CLAIM(0x1000), CLAIM(0x800),
	};

	EXPECT(pci_place(c, 4, 0x100, 0x4000) == OK);
	EXPECT_EQ(c[2].at, 0x2000);
	EXPECT_EQ(c[3].at, 0x3000);
	EXPECT_EQ(c[0].at, 0x1000);
}

TEST(what_does_not_fit_is_left_and_the_rest_is_placed)
{
	struct pci_claim c[] = { CLAIM(0x100000), CLAIM(0x1000),
		CLAIM(UINT64_C(1) << 63), CLAIM(0x1000) };

	EXPECT(pci_place(c, 4, 0x1000, 0x3000) == ERR_NOSPC);
	EXPECT(!c[0].placed && !c[2].placed && c[1].placed && c[3].placed);
	EXPECT(c[1].at == 0x1000 && c[3].at == 0x2000);
	EXPECT(pci_place(c, 1, UINT64_MAX - 0x10, UINT64_MAX) == ERR_NOSPC);
	EXPECT(pci_place(c, 0, 0, 0) == OK);
}

TEST(the_need_of_a_bridge_is_what_placing_takes)
{
	struct pci_claim c[] = { CLAIM(0x1000), CLAIM(0x4000), CLAIM(0x10) };
	uint64_t align = 0x1000, need = pci_place_need(c, 3, &align);

	EXPECT_EQ(need, 0x5010);
	EXPECT_EQ(align, 0x4000);
	EXPECT(pci_place(c, 3, 0x8000, 0x8000 + need) == OK);
	c[0].size = UINT64_MAX;
	EXPECT(pci_place_need(c, 3, &align) == UINT64_MAX);
}

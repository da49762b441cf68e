/* SPDX-License-Identifier: MIT */
#include <drivers/bus/pci_config.h>

#define STATUS 0x06
#define STATUS_CAPS 0x10
#define CAP_POINTER 0x34
/* Each entry takes at least four bytes, so a longer list has a loop. */
#define CAPS_MAX ((PCI_CONFIG_BYTES - PCI_CAP_FIRST) / 4)

bool
pci_range_ok(uint64_t offset, uint64_t size, uint64_t total)
{
	return offset <= total && size <= total - offset;
}

/* The size that a mask of writable address bits stands for. */
static enum err
size_of(uint64_t mask, uint64_t *size)
{
	uint64_t n = ~mask + 1;

	if ((n & (n - 1)) != 0)
		return ERR_INVAL; /* a hole in the mask */
	*size = n;
	return OK;
}

enum err
pci_bar_decode(uint32_t low, uint32_t high, bool last, struct pci_bar *out)
{
	struct pci_bar bar = { .io = (low & 1) != 0 };
	uint64_t mask;
	enum err e;

	if (low == 0) {
		*out = bar;
		return OK;
	}
	if (bar.io) {
		mask = low & ~UINT32_C(3);
		/* The upper half may be wired to zero: 16 bits decode. */
		if (mask >> 16 == 0)
			mask |= UINT32_C(0xffff0000);
	} else {
		unsigned type = low >> 1 & 3;

		if (type == 1 || type == 3)
			return ERR_INVAL;
		bar.wide = type == 2;
		bar.prefetch = (low & 8) != 0;
		if (bar.wide && last)
			return ERR_INVAL;
		mask = low & ~UINT32_C(15);
	}
	mask |= (uint64_t)(bar.wide ? high : UINT32_MAX) << 32;
	if ((low & (bar.io ? ~UINT32_C(3) : ~UINT32_C(15))) == 0 &&
	    (!bar.wide || high == 0))
		return ERR_INVAL; /* type bits and no address bit */
	e = size_of(mask, &bar.size);
	if (e != OK)
		return e;
	*out = bar;
	return OK;
}

enum err
pci_cap_find(const uint8_t config[PCI_CONFIG_BYTES], uint8_t id,
    size_t bytes, size_t *offset)
{
	size_t at;

	if ((config[STATUS] & STATUS_CAPS) == 0)
		return ERR_NOENT;
	at = config[CAP_POINTER] & ~3u;
	for (unsigned n = 0; n < CAPS_MAX && at != 0; n++) {
		if (at < PCI_CAP_FIRST)
			return ERR_INVAL;
		if (config[at] == id) {
			if (!pci_range_ok(at, bytes, PCI_CONFIG_BYTES))
				return ERR_INVAL;
			*offset = at;
			return OK;
		}
		at = config[at + 1] & ~3u;
	}
	return at == 0 ? ERR_NOENT : ERR_INVAL;
}

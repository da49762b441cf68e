/* aarch64: what a program should not be able to do, or does seldom. */
#include "../fuzz.h"

size_t
fuzz_instruction(struct fuzz *f, uint8_t *to)
{
	/* Fixed bits, and those that are random. */
	static const struct { uint32_t fixed, random; } kinds[] = {
		{ 0xd5000000, 0x003fffff }, /* system registers, caches, TLB */
		{ 0xd5000000, 0x003fffff },
		{ 0xd4000000, 0x00ffffff }, /* svc, hvc, smc, brk, hlt, dcps */
		{ 0xd4000001, 0x00e00002 },
		{ 0xd6000000, 0x01ffffff }, /* br, ret, eret and their kin */
		{ 0xd69f03e0, 0 },
		{ 0xd503201f, 0x00000fe0 }, /* hints, wfi, wfe */
		{ 0x08000000, 0xf7ffffff }, /* exclusives, pairs, atomics */
		{ 0x38000000, 0xc7ffffff }, /* loads and stores */
		{ 0x0e000000, 0xf1ffffff }, /* vectors, floating point */
		{ 0x04000000, 0xe1ffffff }, /* SVE */
		{ 0x14000000, 0xeb00001f }, /* branches, not far */
		{ 0x00000000, 0x0000ffff }, /* udf */
	};
	unsigned i = fuzz_below(f, sizeof(kinds) / sizeof(kinds[0]));
	uint32_t word = kinds[i].fixed |
	    ((uint32_t)(fuzz_random(f) >> 20) & kinds[i].random);

	for (i = 0; i < 4; i++)
		to[i] = (uint8_t)(word >> 8 * i);
	return 4;
}

/* All of it lies in the context. */
void *
fuzz_frame_rest(
    struct fuzz *f __attribute__((unused)), void *context, size_t *bytes)
{
	*bytes = 0;
	return context;
}

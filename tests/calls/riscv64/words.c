/* riscv64: what a program should not be able to do, or does seldom. */
#include "../fuzz.h"

size_t
fuzz_instruction(struct fuzz *f, uint8_t *to)
{
	static const uint32_t whole[] = { 0x00000073 /* ecall */,
		0x00100073 /* ebreak */, 0x10200073 /* sret */,
		0x30200073 /* mret */, 0x10500073 /* wfi */,
		0x12000073 /* sfence.vma */, 0x0000100f /* fence.i */,
		0x7b200073 /* dret */, 0x00109002 /* c.ebreak */, 0 };
	/* System, atomics, loads and stores (also vectors'), floating point,
	 * vectors, jumps, cache blocks. */
	static const uint32_t kinds[] = { 0x73, 0x73, 0x73, 0x2f, 0x03, 0x23,
		0x07, 0x27, 0x53, 0x43, 0x57, 0x57, 0x63, 0x6f, 0x67, 0x0f };
	uint32_t word = (uint32_t)fuzz_random(f) << 7 |
	    kinds[fuzz_below(f, sizeof(kinds) / sizeof(kinds[0]))];

	if (fuzz_below(f, 4) == 0)
		word = whole[fuzz_below(f, sizeof(whole) / sizeof(whole[0]))];
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(word >> 8 * i);
	return 4;
}

/* Beyond the context lie the vector registers, which decide nothing. */
void *
fuzz_frame_rest(
    struct fuzz *f __attribute__((unused)), void *context, size_t *bytes)
{
	*bytes = 0;
	return context;
}

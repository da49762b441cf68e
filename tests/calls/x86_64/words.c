/* x86_64: what a program should not be able to do, or does seldom. */
#include "../fuzz.h"

#define LONGEST 3u

/* Opcodes; random bytes follow: operands, if it has any. */
static const struct {
	uint8_t length, bytes[LONGEST];
} codes[] = {
	{ 1, { 0xf4 } }, { 1, { 0xfa } }, { 1, { 0xfb } }, /* hlt cli sti */
	{ 1, { 0xcf } }, { 2, { 0x48, 0xcf } }, /* iret */
	{ 2, { 0x0f, 0x07 } }, { 3, { 0x48, 0x0f, 0x07 } }, /* sysret */
	{ 2, { 0x0f, 0x34 } }, { 2, { 0x0f, 0x35 } }, /* sysenter, sysexit */
	{ 2, { 0x0f, 0x05 } }, { 1, { 0xcd } }, { 2, { 0xcd, 0x80 } },
	{ 1, { 0xcc } }, { 1, { 0xf1 } }, { 2, { 0x0f, 0x0b } },
	{ 2, { 0x0f, 0x00 } }, { 2, { 0x0f, 0x01 } }, { 2, { 0x0f, 0x01 } },
	{ 2, { 0x0f, 0x20 } }, { 2, { 0x0f, 0x21 } }, /* control, debug */
	{ 2, { 0x0f, 0x22 } }, { 2, { 0x0f, 0x23 } },
	{ 2, { 0x0f, 0x30 } }, { 2, { 0x0f, 0x32 } }, /* wrmsr rdmsr */
	{ 2, { 0x0f, 0x33 } }, { 2, { 0x0f, 0x31 } }, /* rdpmc rdtsc */
	{ 2, { 0x0f, 0x08 } }, { 2, { 0x0f, 0x09 } }, { 2, { 0x0f, 0x06 } },
	{ 1, { 0xe4 } }, { 1, { 0xe6 } }, { 1, { 0xec } }, { 1, { 0xee } },
	{ 1, { 0x6c } }, { 1, { 0x6e } }, /* ports */
	{ 1, { 0x9d } }, { 1, { 0x8e } }, { 2, { 0x0f, 0xa1 } }, /* segments */
	{ 2, { 0x0f, 0xa9 } }, { 1, { 0xff } }, { 1, { 0xcb } }, { 1, { 0xca } },
	{ 2, { 0x0f, 0xae } }, { 3, { 0x48, 0x0f, 0xae } }, /* FPU, fences */
	{ 3, { 0xf3, 0x0f, 0xae } }, { 2, { 0x0f, 0xc7 } }, /* bases, xsaves */
	{ 3, { 0xf3, 0x48, 0x0f } }, { 2, { 0x48, 0xf7 } }, { 1, { 0xd9 } },
	{ 1, { 0xdb } }, { 1, { 0x9b } }, { 2, { 0x0f, 0x77 } }, { 1, { 0xc5 } },
	{ 1, { 0xf0 } }, { 1, { 0xf2 } }, { 1, { 0x66 } }, { 1, { 0x64 } },
	{ 2, { 0x0f, 0x02 } }, { 2, { 0x0f, 0x03 } }, { 1, { 0xc8 } },
};

size_t
fuzz_instruction(struct fuzz *f, uint8_t *to)
{
	unsigned at = fuzz_below(f, sizeof(codes) / sizeof(codes[0]));
	uint64_t rest = fuzz_random(f);
	size_t n;

	for (n = 0; n < codes[at].length; n++)
		to[n] = codes[at].bytes[n];
	for (unsigned i = 0; i < 8; i++)
		to[n++] = (uint8_t)(rest >> 8 * i);
	return n;
}

#define FPU_AT   224u /* in the context: the state's address */
#define WORDS_AT 464u /* in the state: magic, whole size, features, size */
#define HEADER   512u
#define MAGIC    0x46505853u

/* The FPU's state, or its header alone, where each word decides whether the
 * unit takes the rest. */
void *
fuzz_frame_rest(struct fuzz *f, void *context, size_t *bytes)
{
	uint8_t *fpu = *(uint8_t **)((char *)context + FPU_AT);
	const uint32_t *words = (const uint32_t *)(fpu + WORDS_AT);

	*bytes = words[0] == MAGIC ? words[1] : HEADER;
	if (words[0] != MAGIC || fuzz_below(f, 2))
		return fpu;
	*bytes = 64;
	return fpu + HEADER;
}

/* SPDX-License-Identifier: MIT */
/* The ChaCha20 block function. Source: RFC 8439, sections 2.1 to 2.3. */
#include <lib/random.h>
#include <lib/string.h>

static ALWAYS_INLINE uint32_t
rotate_left(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static ALWAYS_INLINE void
quarter_round(uint32_t x[16], unsigned a, unsigned b, unsigned c, unsigned d)
{
	x[a] += x[b];
	x[d] = rotate_left(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate_left(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate_left(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate_left(x[b] ^ x[c], 7);
}

void
chacha20_block(const uint32_t state[16], uint8_t out[64])
{
	uint32_t x[16];

	memcpy(x, state, sizeof(x));
	for (unsigned i = 0; i < 10; i++) {
		quarter_round(x, 0, 4, 8, 12);
		quarter_round(x, 1, 5, 9, 13);
		quarter_round(x, 2, 6, 10, 14);
		quarter_round(x, 3, 7, 11, 15);
		quarter_round(x, 0, 5, 10, 15);
		quarter_round(x, 1, 6, 11, 12);
		quarter_round(x, 2, 7, 8, 13);
		quarter_round(x, 3, 4, 9, 14);
	}
	for (unsigned i = 0; i < 16; i++)
		x[i] += state[i];
	memcpy(out, x, sizeof(x)); /* words are little-endian, as here */
}

void
chacha20_init(uint32_t state[16], const uint8_t key[32], uint32_t counter,
    const uint8_t nonce[12])
{
	memcpy(state, "expand 32-byte k", 16);
	memcpy(state + 4, key, 32);
	state[12] = counter;
	memcpy(state + 13, nonce, 12);
}

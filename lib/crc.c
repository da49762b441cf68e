/* SPDX-License-Identifier: MIT */
/*
 * Table-driven CRCs, a byte a turn.
 *
 * The table of a reflected CRC is linear: the entry of a byte is the sum
 * (exclusive or) of the entries of its bits; the entry of bit 7 is the
 * polynomial, and each lower bit's is one step further. So the compiler
 * makes the tables from eight constants, which the asserts tie to the
 * polynomial.
 */
#include <lib/crc.h>

#define STEP(poly, c) (((c) >> 1) ^ ((poly) & (0u - ((c) & 1))))

#define BIT(n, b, entry) (((n) >> (b) & 1) != 0 ? (entry) : 0u)
#define E1(T, n)  T(n)
#define E4(T, n)  E1(T, n), E1(T, (n) + 1), E1(T, (n) + 2), E1(T, (n) + 3)
#define E16(T, n) E4(T, n), E4(T, (n) + 4), E4(T, (n) + 8), E4(T, (n) + 12)
#define E64(T, n) \
	E16(T, n), E16(T, (n) + 16), E16(T, (n) + 32), E16(T, (n) + 48)
#define E256(T) E64(T, 0), E64(T, 64), E64(T, 128), E64(T, 192)

#define CRC32_ENTRY(n) \
	(BIT(n, 7, 0xedb88320u) ^ BIT(n, 6, 0x76dc4190u) ^ \
	    BIT(n, 5, 0x3b6e20c8u) ^ BIT(n, 4, 0x1db71064u) ^ \
	    BIT(n, 3, 0x0edb8832u) ^ BIT(n, 2, 0x076dc419u) ^ \
	    BIT(n, 1, 0xee0e612cu) ^ BIT(n, 0, 0x77073096u))

#define CRC32C_ENTRY(n) \
	(BIT(n, 7, 0x82f63b78u) ^ BIT(n, 6, 0x417b1dbcu) ^ \
	    BIT(n, 5, 0x20bd8edeu) ^ BIT(n, 4, 0x105ec76fu) ^ \
	    BIT(n, 3, 0x8ad958cfu) ^ BIT(n, 2, 0xc79a971fu) ^ \
	    BIT(n, 1, 0xe13b70f7u) ^ BIT(n, 0, 0xf26b8303u))

#define ASSERT_STEP(T, b) \
	_Static_assert(T(1 << (b)) == STEP(T(128), T(2 << (b))), #T)
#define ASSERT_STEPS(T) \
	ASSERT_STEP(T, 0); \
	ASSERT_STEP(T, 1); \
	ASSERT_STEP(T, 2); \
	ASSERT_STEP(T, 3); \
	ASSERT_STEP(T, 4); \
	ASSERT_STEP(T, 5); \
	ASSERT_STEP(T, 6)

ASSERT_STEPS(CRC32_ENTRY);
ASSERT_STEPS(CRC32C_ENTRY);

static const uint32_t crc32_table[256] = { E256(CRC32_ENTRY) };
static const uint32_t crc32c_table[256] = { E256(CRC32C_ENTRY) };

static uint32_t
crc_update(const uint32_t table[256], uint32_t crc, const uint8_t *p,
    size_t len)
{
	crc = ~crc;
	for (const uint8_t *end = p + len; p != end; p++)
		crc = crc >> 8 ^ table[(uint8_t)crc ^ *p];
	return ~crc;
}

uint32_t
crc32(uint32_t crc, const void *p, size_t len)
{
	return crc_update(crc32_table, crc, p, len);
}

uint32_t
crc32c(uint32_t crc, const void *p, size_t len)
{
	return crc_update(crc32c_table, crc, p, len);
}

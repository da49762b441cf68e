/*
 * The kernel's random generator.
 *
 * One key, replaced after every request by fresh output of itself (so that a
 * later look at memory tells nothing of what was given out before). Requests
 * of more than a block work on a private key drawn from the shared one, and
 * so hold the lock for two blocks at most, whatever their length. Small ones
 * share a block: its bytes wait in a pool and are erased as they are given.
 *
 * Entropy: the firmware's seed, the CPU's source if it has one, the time of
 * the start, and every word that drivers hand to random_stir().
 *
 * Lock: state.lock is a leaf; any context.
 * Source: RFC 8439 for the block function; key erasure as D. J. Bernstein,
 * "Fast-key-erasure random-number generators", 2017.
 */
#include <kernel/random.h>

#include <kernel/arch.h>
#include <kernel/sync.h>
#include <lib/random.h>
#include <lib/string.h>

static struct {
	struct spinlock lock;
	uint8_t key[32]; /* [l] */
	uint8_t pool[32]; /* [l] drawn, not given yet: the first left bytes */
	size_t left; /* [l] */
} state = { .lock = SPIN_INIT(RANK_PAGE + 1, "random") };

/* Draws a block; its first half becomes the key. REQUIRES lock. */
static void
draw_locked(uint8_t out[32])
{
	static const uint8_t nonce[12];
	uint32_t words[16];
	uint8_t block[64];

	chacha20_init(words, state.key, 0, nonce);
	chacha20_block(words, block);
	memcpy(state.key, block, 32);
	memcpy(out, block + 32, 32);
	memset(block, 0, sizeof(block));
}

/* At most sizeof(state.pool) bytes, each given once and then erased. */
static void
pool_take(uint8_t *to, size_t len)
{
	unsigned long flags = spin_lock_irq(&state.lock);

	if (state.left < len) {
		draw_locked(state.pool);
		state.left = sizeof(state.pool);
	}
	state.left -= len;
	memcpy(to, &state.pool[state.left], len);
	memset(&state.pool[state.left], 0, len);
	spin_unlock_irq(&state.lock, flags);
}

void
random_stir(uint64_t word)
{
	uint64_t now = arch_time();
	unsigned long flags = spin_lock_irq(&state.lock);
	uint8_t waste[32];

	for (unsigned i = 0; i < 8; i++) {
		state.key[i] ^= (uint8_t)(word >> (8 * i));
		state.key[8 + i] ^= (uint8_t)(now >> (8 * i));
	}
	state.left = 0;
	draw_locked(waste);
	spin_unlock_irq(&state.lock, flags);
}

void
random_init(void)
{
	uint64_t cpu[4] = { 0 };

	for (unsigned i = 0; i < 4; i++)
		random_stir(boot_info.seed[i]);
	if (!arch_random_seed(cpu))
		return;
	for (unsigned i = 0; i < 4; i++)
		random_stir(cpu[i]);
}

void
random_bytes(void *buf, size_t len)
{
	static const uint8_t nonce[12];
	uint8_t key[32], block[64];
	uint8_t *to = buf;
	uint32_t words[16];

	if (len <= sizeof(state.pool)) {
		pool_take(to, len);
		return;
	}
	pool_take(key, sizeof(key));
	for (uint32_t n = 1; len > 0; n++) {
		size_t part = MIN(len, sizeof(block));

		chacha20_init(words, key, n, nonce);
		chacha20_block(words, block);
		memcpy(to, block, part);
		to += part;
		len -= part;
	}
	memset(block, 0, sizeof(block));
	memset(key, 0, sizeof(key));
}

uint64_t
random_u64(void)
{
	uint64_t v;

	random_bytes(&v, sizeof(v));
	return v;
}

/*
 * A virtqueue whose device is hostile. The input is a script: the driver adds
 * chains, publishes, takes answers; the device writes what it likes where it
 * can write: anywhere in the shared memory and the tables.
 *
 * What has to hold: no chain comes back twice, none that was not added, no
 * length beyond the chain's room, no slot is lost.
 */
#include <stdlib.h>
#include <string.h>

#include "../../drivers/virtio/ring.c"

#define SIZE 16u
#define SEGMENTS 4u
#define CHAINS 256u

static _Alignas(4096) unsigned char memory[2 * 4096];
static unsigned char tables[SIZE * SEGMENTS * RING_DESC_BYTES];
static struct ring_slot slots[SIZE];
/* What a chain may be answered with, plus one; 0: not in flight. */
static uint64_t chains[CHAINS];

static void
fail(void)
{
	abort();
}

static void
add(struct ring *r, uint8_t shape, uint8_t name)
{
	struct ring_buf bufs[6];
	unsigned out = shape & 3, in = shape >> 2 & 3;
	uint64_t room = 0;

	if (chains[name] != 0)
		return;
	for (unsigned i = 0; i < out + in; i++) {
		bufs[i].bus = 4096u * i;
		bufs[i].len = (shape >> 4) * 64u + i;
		room += i >= out ? bufs[i].len : 0;
	}
	if (ring_add(r, bufs, out, in, &chains[name]) == OK)
		chains[name] = room + 1;
}

static void
take(struct ring *r)
{
	void *cookie;
	uint32_t len;
	uint64_t *chain;
	unsigned before = r->free_count;
	enum err e = ring_take(r, &cookie, &len);

	if (e != OK) {
		if ((e == ERR_IO) != (r->broken != NULL))
			fail();
		return;
	}
	chain = cookie;
	if (chain < chains || chain >= chains + CHAINS || *chain == 0 ||
	    len >= *chain || r->free_count <= before ||
	    r->free_count > SIZE)
		fail();
	*chain = 0;
}

/* The device: an honest-looking answer, or bytes anywhere. */
static void
device(uint8_t op, uint8_t a, uint8_t b)
{
	uint16_t *used = (void *)(memory + ring_used_offset(SIZE));

	if (op & 0x40) {
		size_t at = (size_t)(op << 8 | a) % sizeof(memory);

		memory[at] = b;
		tables[at % sizeof(tables)] = b;
		return;
	}
	used[2 + used[1] % SIZE * 4] = a & 0x1f;
	used[3 + used[1] % SIZE * 4] = a & 0x80 ? b : 0;
	used[4 + used[1] % SIZE * 4] = b;
	used[1]++;
}

/* A reset: every chain comes back once. */
static void
finish(struct ring *r)
{
	uint64_t *chain;

	while ((chain = ring_lost(r)) != NULL) {
		if (*chain == 0)
			fail();
		*chain = 0;
	}
	for (unsigned i = 0; i < CHAINS; i++)
		if (chains[i] != 0)
			fail();
	if (r->free_count != SIZE || r->in_flight != 0)
		fail();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ring r;
	struct ring_setup s = {
		.memory = memory, .slots = slots, .size = SIZE,
		.tables_bus = 4096, .segments = SEGMENTS,
	};

	if (len < 1)
		return 0;
	s.tables = data[0] & 1 ? tables : NULL;
	s.event_idx = data[0] & 2;
	s.legacy = data[0] & 4;
	memset(memory, 0, sizeof(memory));
	memset(chains, 0, sizeof(chains));
	if (ring_init(&r, &s) != OK)
		fail();
	for (size_t i = 1; i + 3 <= len; i += 3) {
		switch (data[i] % 6) {
		case 0:
			add(&r, data[i + 1], data[i + 2]);
			break;
		case 1:
			(void)ring_publish(&r);
			break;
		case 2:
			take(&r);
			break;
		case 3:
			if (data[i + 1] & 1)
				(void)ring_listen(&r);
			else
				ring_silence(&r);
			break;
		default:
			device(data[i], data[i + 1], data[i + 2]);
		}
	}
	finish(&r);
	return 0;
}

/*
 * A plugin of QEMU that counts the instructions between two moments: from
 * when the function at `start` is entered until it returns, `rounds` times.
 * For tools/profile.py, which says what the addresses mean.
 *
 * Output, one line a translated block that ran: address, instructions in it,
 * executions.
 *
 * The declarations are what this uses of QEMU's plugin interface, version 1,
 * whose header distributions do not package.
 * Source: QEMU 7.2, docs/devel/tcg-plugins.rst.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int qemu_plugin_version = 1;

void qemu_plugin_register_vcpu_tb_trans_cb(
    plugin_id id, void (*cb)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
    void (*cb)(unsigned cpu, void *arg), int flags, void *arg);
void qemu_plugin_register_atexit_cb(
    plugin_id id, void (*cb)(plugin_id, void *), void *arg);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(
    const struct qemu_plugin_tb *tb, size_t i);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
EXPORTED int qemu_plugin_install(
    plugin_id id, const void *info, int argc, char **argv);

/* Blocks of one address and length share a record. */
struct block {
	struct block *next;
	uint64_t vaddr, end, runs;
	unsigned insns;
};

#define BUCKETS 65536u

static struct block *buckets[BUCKETS];
static uint64_t start, end, stop; /* [start, end): the function */
static const struct block *last_user; /* what ran before start */
static bool counting, complete;
static unsigned rounds, round_count; /* so far; of a line */
static const char *out_path = "profile.out";

static struct block *
block_find(uint64_t vaddr, uint64_t end, unsigned insns)
{
	struct block **b = &buckets[vaddr / 2 % BUCKETS];

	for (; *b != NULL; b = &(*b)->next)
		if ((*b)->vaddr == vaddr && (*b)->end == end)
			return *b;
	*b = calloc(1, sizeof(**b));
	if (*b == NULL)
		abort();
	(*b)->vaddr = vaddr;
	(*b)->end = end;
	(*b)->insns = insns;
	return *b;
}

static bool
in_function(const struct block *b)
{
	return b->vaddr >= start && b->vaddr < end;
}

static void
forget(void)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct block *b = buckets[i]; b != NULL; b = b->next)
			b->runs = 0;
}

/* The call in front of the first block of the function ends where the
 * function returns to. Another place there: what came before was a warm-up, or
 * another program that has code at this address; so may have what runs after the
 * last round. */
static void
block_runs(unsigned cpu, void *arg)
{
	struct block *b = arg;

	(void)cpu;
	if (complete)
		return;
	if (b->vaddr == start && last_user != NULL && !in_function(last_user)) {
		counting = true;
		if (stop != last_user->end) {
			forget();
			rounds = 0;
		}
		stop = last_user->end;
		rounds++;
	} else if (b->vaddr == stop) {
		counting = false;
		complete = rounds == round_count;
	}
	if (counting)
		b->runs++;
	if ((int64_t)b->vaddr > 0)
		last_user = b;
}

static void
block_made(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	uint64_t at = qemu_plugin_tb_vaddr(tb), end = at;

	(void)id;
	for (size_t i = 0; i < n; i++)
		end += qemu_plugin_insn_size(qemu_plugin_tb_get_insn(tb, i));
	qemu_plugin_register_vcpu_tb_exec_cb(
	    tb, block_runs, 0, block_find(at, end, (unsigned)n));
}

static void
at_exit(plugin_id id, void *arg)
{
	FILE *f = fopen(out_path, "w");

	(void)id;
	(void)arg;
	if (f == NULL) {
		perror(out_path);
		return;
	}
	for (unsigned i = 0; i < BUCKETS; i++)
		for (const struct block *b = buckets[i]; b; b = b->next)
			if (b->runs != 0)
				fprintf(f, "%" PRIx64 " %u %" PRIu64 "\n",
				    b->vaddr, b->insns, b->runs);
	fclose(f);
}

int
qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "start=", 6) == 0)
			start = strtoull(argv[i] + 6, NULL, 16);
		else if (strncmp(argv[i], "end=", 4) == 0)
			end = strtoull(argv[i] + 4, NULL, 16);
		else if (strncmp(argv[i], "rounds=", 7) == 0)
			round_count = (unsigned)strtoul(argv[i] + 7, NULL, 10);
		else if (strncmp(argv[i], "out=", 4) == 0)
			out_path = strdup(argv[i] + 4);
		else
			return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_made);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}

/*
 * A plugin of QEMU that counts what CPUs do to each other: between the moments
 * when the instructions at `begin` and at `end` run (on any CPU), for code of
 * the kernel, that is, at negative addresses:
 *
 *  - instructions run by each CPU, and how often code runs that begins with
 *    the architecture's hint of a spin loop;
 *  - stores to each line of memory of 64 bytes, by place and CPU.
 *
 * A line that two CPUs store to travels between them; a lock's word is one.
 * Counting who writes where does not depend on how the CPUs' work was
 * interleaved, which waiting times under emulation do. For tools/scaling.py.
 *
 * Output for each period: "run", instructions by CPU, "spin" and executions
 * of spin hints, then for lines with more than one writer "line place" and
 * stores by CPU, where line 0 stands for the spin hints; then "end".
 *
 * The declarations are what this uses of QEMU's plugin interface, version 1,
 * whose header distributions do not package.
 * Source: QEMU 7.2, docs/devel/tcg-plugins.rst.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { NO_REGISTERS = 0, MEM_WRITES = 2 };

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int qemu_plugin_version = 1;

void qemu_plugin_register_vcpu_tb_trans_cb(
    plugin_id id, void (*cb)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
    void (*cb)(unsigned cpu, void *arg), int flags, void *arg);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
    void (*cb)(unsigned cpu, uint32_t info, uint64_t vaddr, void *arg),
    int flags, int rw, void *arg);
bool qemu_plugin_mem_is_store(uint32_t info);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(
    const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
EXPORTED int qemu_plugin_install(
    plugin_id id, const void *info, int argc, char **argv);

#define CPUS  8u
#define SLOTS (1u << 21)
#define LINE  64u
#define LEAST 8u /* stores by others than the first writer, to be told */
#define SPINS 0u /* the line of spin hints: the kernel's are negative */

/* Open addressing; a slot is won by writing its place. */
struct slot {
	_Atomic uint64_t place; /* 0: free */
	uint64_t line;
	atomic_bool ready;
	uint32_t stores[CPUS]; /* each by its CPU alone */
};

static struct slot *slots;
static struct {
	_Alignas(128) uint64_t insns, spins;
} cpus[CPUS];
static uint64_t mark_begin, mark_end;
static uint32_t spin_hint;
static atomic_bool counting;
static atomic_uint lost;
static FILE *out;

static struct slot *
slot_find(uint64_t place, uint64_t line)
{
	uint64_t h = (place ^ line << 17) * UINT64_C(0x9e3779b97f4a7c15);
	size_t i = h >> 43;

	for (unsigned tries = 0; tries < 64; tries++, i++) {
		struct slot *s = &slots[i % SLOTS];
		uint64_t was = 0;

		if (atomic_load(&s->place) == 0 &&
		    atomic_compare_exchange_strong(&s->place, &was, place)) {
			s->line = line;
			atomic_store(&s->ready, true);
			return s;
		}
		while (!atomic_load(&s->ready))
			;
		if (s->line == line && atomic_load(&s->place) == place)
			return s;
	}
	atomic_fetch_add(&lost, 1);
	return NULL;
}

static void
stored(unsigned cpu, uint32_t info, uint64_t vaddr, void *arg)
{
	struct slot *s;

	/* QEMU 7.2 calls for loads, too, whatever was asked for. */
	if (!qemu_plugin_mem_is_store(info) ||
	    !atomic_load_explicit(&counting, memory_order_relaxed) ||
	    (int64_t)vaddr > 0 || cpu >= CPUS)
		return;
	s = slot_find((uint64_t)(uintptr_t)arg, vaddr / LINE);
	if (s != NULL)
		s->stores[cpu]++;
}

static int
by_line(const void *a, const void *b)
{
	const struct slot *x = *(const struct slot *const *)a;
	const struct slot *y = *(const struct slot *const *)b;

	return x->line < y->line ? -1 : x->line > y->line;
}

/* The places that store to one line, if more than one CPU did. */
static void
tell_line(struct slot *const *s, size_t n)
{
	uint64_t sum[CPUS] = { 0 }, all = 0, most = 0;

	for (size_t i = 0; i < n; i++)
		for (unsigned c = 0; c < CPUS; c++)
			sum[c] += s[i]->stores[c];
	for (unsigned c = 0; c < CPUS; c++) {
		all += sum[c];
		most = sum[c] > most ? sum[c] : most;
	}
	if (all - most < LEAST && s[0]->line != SPINS)
		return;
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%" PRIx64 " %" PRIx64, s[i]->line * LINE,
		    atomic_load(&s[i]->place));
		for (unsigned c = 0; c < CPUS; c++)
			fprintf(out, " %u", s[i]->stores[c]);
		fputc('\n', out);
	}
}

static void
tell(void)
{
	struct slot **used = calloc(SLOTS, sizeof(*used));
	size_t n = 0;

	if (used == NULL)
		abort();
	for (size_t i = 0; i < SLOTS; i++)
		if (atomic_load(&slots[i].ready))
			used[n++] = &slots[i];
	qsort(used, n, sizeof(*used), by_line);
	fprintf(out, "run");
	for (unsigned c = 0; c < CPUS; c++)
		fprintf(out, " %" PRIu64, cpus[c].insns);
	fprintf(out, "\nspin");
	for (unsigned c = 0; c < CPUS; c++)
		fprintf(out, " %" PRIu64, cpus[c].spins);
	fprintf(out, "\n");
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && used[j]->line == used[i]->line; j++)
			;
		tell_line(&used[i], j - i);
	}
	fprintf(out, "end\n");
	fflush(out);
	if (atomic_load(&lost) != 0)
		fprintf(stderr, "share_count: the table is full\n");
	free(used);
}

static void
forget(void)
{
	memset(slots, 0, SLOTS * sizeof(*slots));
	memset(cpus, 0, sizeof(cpus));
}

static void
marked(unsigned cpu, void *arg)
{
	(void)cpu;
	if (arg != NULL) {
		forget();
		atomic_store(&counting, true);
	} else if (atomic_exchange(&counting, false)) {
		tell();
	}
}

static void
kernel_runs(unsigned cpu, void *arg)
{
	if (atomic_load_explicit(&counting, memory_order_relaxed) &&
	    cpu < CPUS)
		cpus[cpu].insns += (uintptr_t)arg;
}

static void
spins(unsigned cpu, void *arg)
{
	struct slot *s;

	if (!atomic_load_explicit(&counting, memory_order_relaxed) ||
	    cpu >= CPUS)
		return;
	cpus[cpu].spins++;
	s = slot_find((uint64_t)(uintptr_t)arg, SPINS);
	if (s != NULL)
		s->stores[cpu]++;
}

static void
block_made(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	uint64_t at = qemu_plugin_tb_vaddr(tb);

	(void)id;
	if (at == mark_begin || at == mark_end)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, marked, NO_REGISTERS,
		    at == mark_begin ? slots : NULL);
	if ((int64_t)at > 0)
		return;
	qemu_plugin_register_vcpu_tb_exec_cb(
	    tb, kernel_runs, NO_REGISTERS, (void *)(uintptr_t)n);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t code = 0;
		size_t size = qemu_plugin_insn_size(insn);

		memcpy(&code, qemu_plugin_insn_data(insn), size < 4 ? size : 4);
		if (code == spin_hint)
			qemu_plugin_register_vcpu_tb_exec_cb(tb, spins,
			    NO_REGISTERS, (void *)(uintptr_t)
			    qemu_plugin_insn_vaddr(insn));
		qemu_plugin_register_vcpu_mem_cb(insn, stored, NO_REGISTERS,
		    MEM_WRITES,
		    (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
	}
}

int
qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	const char *path = "share.out";

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "begin=", 6) == 0)
			mark_begin = strtoull(argv[i] + 6, NULL, 16);
		else if (strncmp(argv[i], "end=", 4) == 0)
			mark_end = strtoull(argv[i] + 4, NULL, 16);
		else if (strncmp(argv[i], "spin=", 5) == 0)
			spin_hint = (uint32_t)strtoul(argv[i] + 5, NULL, 16);
		else if (strncmp(argv[i], "out=", 4) == 0)
			path = argv[i] + 4;
		else
			return 1;
	}
	slots = calloc(SLOTS, sizeof(*slots));
	out = fopen(path, "w");
	if (slots == NULL || out == NULL) {
		perror(path);
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_made);
	return 0;
}

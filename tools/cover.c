/*
 * A QEMU plugin: which instructions of the kernel were translated, that is,
 * were about to run. tools/coverage.py makes lines of them.
 *
 *	-plugin cover.so,out=FILE
 *
 * FILE is a map of one byte for two bytes of code from the kernel's first
 * address on; it is shared memory, since tests kill their machines.
 *
 * The declarations are what this uses of QEMU's plugin interface, version 1,
 * whose header distributions do not package.
 * Source: QEMU 7.2, docs/devel/tcg-plugins.rst.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int qemu_plugin_version = 1;

void qemu_plugin_register_vcpu_tb_trans_cb(
    plugin_id id, void (*cb)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(
    const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
EXPORTED int qemu_plugin_install(
    plugin_id id, const void *info, int argc, char **argv);

#define BASE UINT64_C(0xffffffff80000000)
#define SPAN (16u << 20)

static uint8_t *map;

static void
translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		uint64_t at = qemu_plugin_insn_vaddr(
		    qemu_plugin_tb_get_insn(tb, i)) - BASE;

		if (at < SPAN)
			map[at / 2] = 1;
	}
}

int
qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	int fd;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4) != 0)
		return -1;
	fd = open(argv[0] + 4, O_RDWR | O_CREAT, 0644);
	if (fd < 0 || ftruncate(fd, SPAN / 2) != 0)
		return -1;
	map = mmap(NULL, SPAN / 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}

"""aarch64 beyond the usual machine: interrupt controllers, the level that the
loader leaves us at, CPUs with and without PAN, 8 of them."""
import subprocess

import pytest
from conftest import ARCH

pytestmark = pytest.mark.skipif(ARCH != "aarch64", reason="Arm's machines")


@pytest.mark.parametrize("machine,cpu", [
    ("gic-version=2", "cortex-a53"),
    ("gic-version=3", "cortex-a72"),
    ("gic-version=2,virtualization=on", "cortex-a57"),
    ("gic-version=3,virtualization=on", "neoverse-n1"),
    ("gic-version=3", "max,pauth-impdef=on"),
    ("gic-version=3,virtualization=on", "max,pauth-impdef=on"),
])
def test_a_machine(boot, machine, cpu):
    c = boot(smp=2, more=["-machine", machine, "-cpu", cpu])
    c.prompt()
    assert "2 of 2 CPUs run" in c.all
    assert c.line("hello | cat") == "Hello from Carmine\n"
    text = c.line("/abi/linux/bin/python3 -c 'print(sum(range(1000)) * .5)'")
    assert text == "249750.0\n"
    c.send("poweroff\r")
    assert c.wait_end() == 0


def test_eight_cpus(run_line):
    status, text = run_line(
        "/abi/linux/bin/bash -c 'for i in {1..16}; do "
        "(md5sum /usr/bin/bash) & done; wait' | "
        "/abi/linux/bin/sort -u | wc -l; nproc", smp=8, limit=200)
    assert (status, text.split()) == (0, ["1", "8"])


def test_no_host_calls_for_programs(run_line, tmp_path):
    """The emulator's calls for its own host stay closed."""
    (tmp_path / "x").mkdir()
    src = tmp_path / "host.c"
    src.write_text("int main(void) { __asm__(\"hlt #0xf000\"); return 0; }")
    subprocess.run(["aarch64-linux-gnu-gcc", "-static", "-o",
                    str(tmp_path / "x/host"), str(src)], check=True)
    status, _ = run_line("/extra/host", extra=tmp_path / "x")
    assert status == 128 + 4


# One instruction of each capability: it has to run where the word says so.
# Those with state that the kernel does not switch must not run elsewhere.
CAPABILITIES = r"""
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/auxv.h>

static sigjmp_buf back;
static void caught(int n) { siglongjmp(back, n); }

#define TRY(name, word, bit, hidden, insn) do { \
	int has = (getauxval(word) >> (bit) & 1) != 0, runs = 0; \
	if (sigsetjmp(back, 1) == 0) { \
		__asm__ volatile("mov x0, %0\n\t.inst " #insn \
		    : : "r"(block) : "x0", "x1", "v0", "memory", "cc"); \
		runs = 1; \
	} \
	printf("%s %s\n", name, has > runs ? "promised, but does not run" : \
	    hidden && runs > has ? "runs, but is hidden" : "fine"); \
} while (0)

#define READ(name) ({ \
	uint64_t v_; \
	__asm__ volatile("mrs %0, " #name : "=r"(v_)); \
	v_; \
})

int main(void)
{
	static uint64_t block[8] __attribute__((aligned(64)));
	unsigned long one = getauxval(AT_HWCAP), two = getauxval(AT_HWCAP2);

	signal(SIGILL, caught);
	TRY("sve", AT_HWCAP, 22, 1, 0x04bf5020);	/* rdvl x0, #1 */
	TRY("sve, a store", AT_HWCAP, 22, 1, 0xe5804000); /* str p0, [x0] */
	TRY("sme", AT_HWCAP2, 23, 1, 0x04bf5820);	/* rdsvl x0, #1 */
	TRY("aes", AT_HWCAP, 3, 0, 0x4e284800);		/* aese */
	TRY("sha2", AT_HWCAP, 6, 0, 0x5e282800);	/* sha256su0 */
	TRY("crc32", AT_HWCAP, 7, 0, 0x1ac04000);	/* crc32b */
	TRY("atomics", AT_HWCAP, 8, 0, 0xf8210001);	/* ldadd x1, x1, [x0] */
	TRY("fphp", AT_HWCAP, 9, 0, 0x1ee02800);	/* fadd h0 */
	TRY("asimdrdm", AT_HWCAP, 12, 0, 0x6e808400);	/* sqrdmlah */
	TRY("jscvt", AT_HWCAP, 13, 0, 0x1e7e0000);	/* fjcvtzs */
	TRY("lrcpc", AT_HWCAP, 15, 0, 0xf8bfc001);	/* ldapr x1, [x0] */
	TRY("dcpop", AT_HWCAP, 16, 0, 0xd50b7c20);	/* dc cvap, x0 */
	TRY("asimddp", AT_HWCAP, 20, 0, 0x4e809400);	/* sdot */
	TRY("ilrcpc", AT_HWCAP, 26, 0, 0xd9400001);	/* ldapur x1, [x0] */
	TRY("flagm", AT_HWCAP, 27, 0, 0xd500401f);	/* cfinv */
	TRY("sb", AT_HWCAP, 29, 0, 0xd50330ff);
	TRY("frint", AT_HWCAP2, 8, 0, 0x1e684000);	/* frint32z d0 */
	TRY("i8mm", AT_HWCAP2, 13, 0, 0x4e80a400);	/* smmla */
	TRY("bf16", AT_HWCAP2, 14, 0, 0x6e40fc00);	/* bfdot */
	TRY("rng", AT_HWCAP2, 16, 0, 0xd53b2401);	/* mrs x1, rndr */

	/* The registers say what the words say. */
	printf("cpuid %d\n", (one >> 11 & 1) != 0);
	printf("midr %d\n", READ(midr_el1) != 0);
	printf("sve %d\n", (READ(id_aa64pfr0_el1) >> 32 & 15) ==
	    (one >> 22 & 1));
	printf("sme %d\n", (READ(s3_0_c0_c4_1) >> 24 & 15) == 0);
	printf("zfr0 %d\n", READ(s3_0_c0_c4_4) == 0 || (one >> 22 & 1));
	printf("pauth %d\n", (READ(id_aa64isar1_el1) >> 4 & 0xff) == 0 &&
	    (one >> 30 & 3) == 0);
	printf("mte %d\n", (READ(s3_0_c0_c4_1) >> 8 & 15) == 0 &&
	    (two >> 18 & 1) == 0);
	printf("atomics %d\n", ((READ(id_aa64isar0_el1) >> 20 & 15) >= 2) ==
	    (one >> 8 & 1));

	/* Caches, from user mode. */
	block[0] = 1;
	__asm__ volatile("dc cvau, %0\n\tdc cvac, %0\n\tdc civac, %0\n\t"
	    "dsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" : : "r"(block));
	printf("ctr %d\n", READ(ctr_el0) >> 31 & 1);
	if ((READ(dczid_el0) & 16) == 0 && (READ(dczid_el0) & 15) <= 4)
		__asm__ volatile("dc zva, %0" : : "r"(block) : "memory");
	else
		block[0] = 0;
	printf("zva %d\n", block[0] == 0);
	return 0;
}
"""


@pytest.mark.parametrize("cpu", [
    "cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "neoverse-n1",
    "a64fx", "max,pauth-impdef=on", "max,pauth-impdef=on,sve=off"])
def test_what_the_words_promise_runs(boot, tmp_path, cpu):
    (tmp_path / "x").mkdir()
    (tmp_path / "caps.c").write_text(CAPABILITIES)
    subprocess.run(["aarch64-linux-gnu-gcc", "-static", "-O1", "-o",
                    str(tmp_path / "x/caps"), str(tmp_path / "caps.c")],
                   check=True)
    c = boot(more=["-cpu", cpu], mem="128M", extra=tmp_path / "x")
    c.prompt()
    lines = c.line("/extra/caps").splitlines()
    assert len(lines) == 30
    assert [s for s in lines if not s.endswith((" fine", " 1"))] == []

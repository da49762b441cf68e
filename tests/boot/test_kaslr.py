"""The kernel's place among its addresses, of ports that choose it at boot."""
import re
import subprocess
import sys

import pytest

from conftest import ARCH, KERNEL, TOP, Console

pytestmark = pytest.mark.skipif(ARCH != "riscv64", reason="riscv64 has it")

OFFSET = re.compile(r"^kernel offset ([0-9a-f]{16})$", re.M)


def report(append, smp=1):
    """The console of a machine that crashes before its first program."""
    c = Console(append="crash=null " + append, smp=smp)
    try:
        c.wait_end(60)
        return c.all
    finally:
        c.close()


def offset(text):
    m = OFFSET.search(text)
    return int(m.group(1), 16) if m else 0


def test_each_boot_has_its_own_place():
    seen = {offset(report("")) for _ in range(3)}
    assert len(seen) == 3 or (len(seen) == 2 and 0 not in seen), seen
    assert all(o % (2 << 20) == 0 for o in seen)
    # Above the direct map, and not above where it was linked.
    assert all(0xfffffff000000000 <= (0xffffffff80200000 + o) % 2 ** 64 <=
               0xffffffff80200000 for o in seen), seen


def test_all_cpus_run_there_and_names_are_right():
    text = report("", smp=4)
    assert "4 of 4 CPUs run" in text
    assert re.search(r"^panic: no page to read at 0 in crash_null\+", text,
                     re.M), text
    assert re.search(r"^  [0-9a-f]{16} start_late\+0x", text, re.M), text


@pytest.mark.parametrize("append", ["nokaslr", ""])
def test_symbolize_finds_lines(append):
    text = report(append)
    assert (offset(text) == 0) == (append == "nokaslr")
    out = subprocess.run(
        [sys.executable, str(TOP / "tools/symbolize.py"),
         str(KERNEL.with_suffix(".elf"))], input=text, capture_output=True,
        text=True, check=True).stdout
    assert re.search(r"start_late\+0x\w+  \S*kernel/init/main\.c:\d+", out), out

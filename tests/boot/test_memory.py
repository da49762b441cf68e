"""Machines with little and with much memory."""
import pytest

from conftest import ARCH, BUILD


@pytest.mark.parametrize("mem", ["64M", "6G"])
def test_it_boots_and_counts(boot, mem):
    c = boot(mem=mem)
    c.prompt()
    kib = int(c.line("free").split("Mem:")[1].split()[0])
    want = {"64M": 64 << 10, "6G": 6 << 20}[mem]
    assert want * 0.9 < kib <= want
    assert c.line("hello | cat") == "Hello from Carmine\n"


@pytest.mark.skipif(BUILD != "release", reason="checks take memory")
def test_busybox_runs_in_little(boot):
    """The small image: no more than 6 MiB are used, page cache and all."""
    c = boot(mem={"riscv64": "9M"}.get(ARCH, "8M"))
    c.prompt()
    text = c.line("/abi/linux/bin/busybox sh -c '/abi/linux/bin/busybox free'")
    used, _, _, cache = text.split("Mem:")[1].split()[1:5]
    assert int(used) + int(cache) <= 6144, text

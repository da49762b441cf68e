"""Machines with little and with much memory."""
import pytest

from conftest import ARCH


@pytest.mark.parametrize("mem", ["64M", "6G"])
def test_it_boots_and_counts(boot, mem):
    c = boot(mem=mem)
    c.prompt()
    kib = int(c.line("free").split("Mem:")[1].split()[0])
    want = {"64M": 64 << 10, "6G": 6 << 20}[mem]
    assert want * 0.9 < kib <= want
    assert c.line("hello | cat") == "Hello from Carmine\n"


def test_busybox_runs_in_little(boot):
    """The small image: no more than 8 MiB are used."""
    c = boot(mem={"aarch64": "16M"}.get(ARCH, "12M"))
    c.prompt()
    text = c.line("/abi/linux/bin/busybox sh -c '/abi/linux/bin/busybox free'")
    assert int(text.split("Mem:")[1].split()[1]) <= 8192, text

"""Virtio devices over each carrier that the machine has, and what happens
with those that do not work."""
import re

import pytest

from conftest import ARCH

MODERN = ("-global", "virtio-mmio.force-legacy=false")
FDT = pytest.mark.skipif(ARCH == "x86_64", reason="no FDT")
CARRIERS = {
    "mmio": ("-device", "virtio-%s-device%s", *MODERN),
    "mmio-legacy": ("-device", "virtio-%s-device%s"),
}
if ARCH == "x86_64":
    CARRIERS = {}


@pytest.fixture(params=CARRIERS)
def device(request):
    """device("rng", ",option"): QEMU's arguments for it."""
    def make(kind, options=""):
        return tuple(a % (kind, options) if "%s" in a else a
                     for a in CARRIERS[request.param])
    return make


def test_rng_is_read(boot, device):
    c = boot(smp=2, more=device("rng"))
    c.prompt()
    assert c.line("head -c 200 /dev/hwrng | wc -c").split() == ["200"]
    first = c.line("head -c 16 /dev/hwrng | od")
    assert first.startswith("0000000 ")
    assert c.line("head -c 16 /dev/hwrng | od") != first


def test_a_silent_rng_is_named_and_the_system_goes_on(boot, device):
    c = boot(more=device("rng", ",max-bytes=64,period=3600000"))
    c.prompt()
    assert "I/O error" in c.line("head -c 8 /dev/hwrng", 60)
    assert re.search(r"virtio\d+: does not answer", c.all)
    assert c.line("echo $((6 * 7))").strip() == "42"


@FDT
def test_a_machine_without_devices_says_nothing_of_them(boot):
    c = boot(append="debug")
    c.prompt()
    assert not re.search(r"\] .*virtio", c.all)
    assert "hwrng" in c.line("ls /dev/hwrng 2>&1")


def test_a_place_on_the_command_line_that_is_none(boot):
    c = boot(append="virtio_mmio.device=nonsense")
    c.prompt()
    assert "want SIZE@ADDRESS:IRQ" in c.all

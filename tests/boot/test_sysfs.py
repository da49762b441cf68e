"""/sys/bus/pci: what programs that list devices read there."""
import re

import pytest

from conftest import ARCH

ENTROPY = "1af4"  # vendor of virtio; the device is 1005 or 1044


@pytest.fixture
def pci(boot):
    c = boot(mem="128M", more=("-device", "virtio-rng-pci"))
    c.prompt()
    return c


def folder_of(c, vendor):
    for name in c.line("ls /sys/bus/pci/devices | cat").split():
        at = "/sys/bus/pci/devices/%s/" % name
        if c.line("cat %svendor" % at).strip() == "0x" + vendor:
            return at
    pytest.fail("no function of that vendor")


def test_a_function_is_described(pci):
    at = folder_of(pci, ENTROPY)
    assert re.search(r"/0000:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/$", at)
    assert pci.line("cat %sdevice" % at).strip() in ("0x1005", "0x1044")
    assert pci.line("cat %sclass" % at).strip() == "0x00ff00"
    assert pci.line("cat %srevision" % at).strip() in ("0x00", "0x01")
    assert pci.line("cat %ssubsystem_vendor" % at).strip() == "0x1af4"
    lines = pci.line("cat %sresource" % at).splitlines()
    assert len(lines) == 13
    ranges = [[int(n, 16) for n in line.split()] for line in lines]
    assert any(end > start and flags & 0x200 for start, end, flags in ranges)
    for start, end, flags in ranges:
        assert (start == 0) == (flags == 0) and (end - start + 1) & (
            end - start) == 0 or start == 0
    event = pci.line("cat %suevent" % at)
    assert "DRIVER=virtio-pci\n" in event and "PCI_ID=1AF4:10" in event


def test_configuration_space_is_read(pci):
    at = folder_of(pci, ENTROPY)
    pci.line("cd " + at)  # a longer line would wrap
    assert int(pci.line("cat config | wc -c")) in (256, 4096)
    od = "/abi/linux/bin/busybox od -A n -t x1 -N 4 -j %d config"
    assert pci.line(od % 0).split()[-4:-2] == ["f4", "1a"]
    assert pci.line(od % 8).split()[-3:] == ["00", "ff", "00"]


def test_the_header_alone_is_everybodys(pci):
    at = folder_of(pci, ENTROPY)
    pci.line("cd " + at)
    text = pci.line("/abi/linux/bin/busybox su nobody -s /bin/sh "
                    "-c 'wc -c <config'")
    assert text.split()[-1] == "64"


def test_no_bus_no_functions(boot):
    if ARCH != "x86_64":
        pytest.skip("the other machines always have a bus")
    c = boot(mem="128M", machine=["qemu-system-x86_64", "-machine",
                                  "microvm,accel=tcg", "-cpu", "max",
                                  "-device", "isa-debug-exit"])
    c.prompt()
    assert c.line("ls /sys/bus/pci/devices").strip() == ""

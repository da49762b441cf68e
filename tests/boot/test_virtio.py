"""Virtio devices over each carrier that the machine has, and what happens
with those that do not work."""
import re

import pytest

from conftest import ARCH

MODERN = ("-global", "virtio-mmio.force-legacy=false")
FDT = pytest.mark.skipif(ARCH == "x86_64", reason="no FDT")
PCI = "virtio-%s-pci"
CARRIERS = {
    "mmio": ("-device", "virtio-%s-device%s", *MODERN),
    "mmio-legacy": ("-device", "virtio-%s-device%s"),
    "pci": ("-device", PCI + ",disable-legacy=on%s"),
    "pci-legacy": ("-device",
                   PCI + ",disable-modern=on,disable-legacy=off%s"),
    "pci-lines": ("-device", PCI + ",vectors=0%s"),
    "pci-behind": ("-device", "pcie-root-port,id=rp,chassis=1",
                   "-device", "pcie-pci-bridge,id=bridge,bus=rp",
                   "-device", PCI + ",bus=bridge,addr=5%s"),
}
MICROVM = ["qemu-system-x86_64", "-machine", "microvm,accel=tcg,acpi=off",
           "-cpu", "max", "-device", "isa-debug-exit"]


@pytest.fixture(params=CARRIERS)
def device(request):
    """device("rng", ",option"): what boot() wants for it."""
    def make(kind, options=""):
        more = tuple(a % (kind, options) if "%s" in a else a
                     for a in CARRIERS[request.param])
        if "mmio" in request.param and ARCH == "x86_64":
            return {"more": more, "machine": MICROVM}
        return {"more": more}
    return make


def test_rng_is_read(boot, device):
    c = boot(smp=2, **device("rng"))
    c.prompt()
    assert c.line("head -c 200 /dev/hwrng | wc -c").split() == ["200"]
    first = c.line("head -c 16 /dev/hwrng | od")
    assert first.startswith("0000000 ")
    assert c.line("head -c 16 /dev/hwrng | od") != first


def test_a_silent_rng_is_named_and_the_system_goes_on(boot, device):
    c = boot(**device("rng", ",max-bytes=64,period=3600000"))
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


def test_pc_without_configuration_space_in_memory(boot):
    if ARCH != "x86_64":
        pytest.skip("of PCs only")
    c = boot(machine=["qemu-system-x86_64", "-machine", "pc,accel=tcg",
                      "-cpu", "max", "-device", "isa-debug-exit"],
             more=CARRIERS["pci"][:1] + ("virtio-rng-pci",))
    c.prompt()
    assert c.line("head -c 200 /dev/hwrng | wc -c").split() == ["200"]


def hvc(options):
    """The same machine with its console on hvc0."""
    more = options["more"] + ("-device", "virtconsole,chardev=con")
    return {**options, "more": more, "append": "console=hvc0",
            "port": ("-serial", "null")}


def test_console_is_typed_at(boot, device):
    c = boot(smp=2, **hvc(device("serial")))
    c.expect(r"starting /system/bin/init")  # the kernel's own messages
    c.prompt()
    assert c.line("echo $((6 * 7))").strip() == "42"
    lines = c.line("seq 1 5000").split()
    assert lines == [str(n) for n in range(1, 5001)]
    # Typed ahead of the program, keys would meet the shell's own mode.
    c.send("echo rea''dy; cat\r")
    c.expect("\nready\n")
    c.send("one two\r")
    c.expect("one two\none two\n")
    c.send("\x03")
    c.prompt()
    assert c.line("echo x > /dev/hvc0").strip() == "x"


def test_console_stays_where_it_was_unless_asked(boot, device):
    options = device("serial")
    more = options["more"] + ("-chardev", "null,id=n", "-device",
                              "virtconsole,chardev=n")
    c = boot(**{**options, "more": more})
    c.prompt()
    assert c.line("echo lost > /dev/hvc0; echo $?").split() == ["0"]


# Machines whose devices interrupt by message, and the first such number.
ARM = "virt,accel=tcg,gic-version="
MESSAGES = {
    "riscv64": [(["qemu-system-riscv64", "-machine",
                  "virt,accel=tcg,aia=aplic-imsic", "-cpu",
                  "rv64,sstc=true"], 1024 + 128)],
    "x86_64": [(None, 64)],
    "aarch64": [(["qemu-system-aarch64", "-machine", ARM + version, "-cpu",
                  "neoverse-n1"], first)
                for version, first in (("2", 80), ("3,its=on", 1024))],
}


@pytest.mark.parametrize("machine,first", MESSAGES[ARCH])
def test_queues_interrupt_by_message(boot, machine, first):
    c = boot(smp=2, machine=machine, more=("-device", "virtio-rng-pci"))
    c.prompt()
    assert c.line("head -c 200 /dev/hwrng | wc -c").split() == ["200"]
    text = c.line("cat /proc/interrupts")
    assert text.split("\n")[0].split() == ["CPU0", "CPU1"]
    # Message 0 is for changes, 1 for the queue, which answered five times.
    counts = re.search(r"(?m)^ *%d: +(\d+) +(\d+)  virtio" % (first + 1), text)
    assert int(counts[1]) + int(counts[2]) >= 5


@pytest.mark.skipif(ARCH != "aarch64", reason="an ITS is Arm's")
def test_messages_through_an_its_on_many_cpus_and_buses(boot):
    """Each console has queues of its own, which are spread over the CPUs; one
    device lies behind bridges, so that its number is a large one."""
    c = boot(smp=4, machine=MESSAGES[ARCH][1][0], more=(
        "-device", "pcie-root-port,id=rp,chassis=1",
        "-device", "pcie-pci-bridge,id=bridge,bus=rp",
        "-device", "virtio-rng-pci,bus=bridge,addr=5",
        "-device", "virtio-rng-pci", "-device", "virtio-serial-pci"))
    c.prompt()
    assert c.line("cat /proc/interrupts; head -c 64 /dev/hwrng | wc -c"
                  ).split()[-1] == "64"
    assert not re.search(r"\] its: ", c.all)


@pytest.mark.skipif(ARCH != "aarch64", reason="an ITS is Arm's")
def test_without_an_its_there_are_lines(boot):
    c = boot(smp=2, machine=[*MESSAGES[ARCH][1][0][:2], ARM + "3,its=off",
                             "-cpu", "neoverse-n1"],
             more=("-device", "virtio-rng-pci"))
    c.prompt()
    assert c.line("head -c 200 /dev/hwrng | wc -c").split() == ["200"]

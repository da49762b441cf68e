"""Tables that lie, CPUs that do not come, images of other machines: the
kernel says which it was, and goes on where it can."""
import re
import struct
import subprocess

import pytest

import fdt_edit
from conftest import ARCH, B, Console, KERNEL
from qemu import MACHINES

FDT = pytest.mark.skipif(ARCH == "x86_64", reason="no FDT")
ACPI = pytest.mark.skipif(ARCH != "x86_64", reason="no ACPI")


@pytest.fixture
def lie(boot, tmp_path):
    """lie(edit): boots two CPUs with the machine's tree as edit leaves it."""
    def make(edit, **options):
        argv = [*MACHINES[ARCH], "-smp", "2", "-m", "512M"]
        tree = fdt_edit.dump(argv, tmp_path / "own.dtb")
        edit(tree)
        (tmp_path / "lies.dtb").write_bytes(fdt_edit.blob(tree))
        more = ("-dtb", str(tmp_path / "lies.dtb"), *options.pop("more", ()))
        c = boot(smp=2, more=more, **options)
        c.prompt(90)
        return c
    return make


def works(c):
    assert c.line("hello | cat") == "Hello from Carmine\n"


@FDT
def test_the_tree_as_it_was(lie):
    c = lie(lambda tree: None)
    assert "2 of 2 CPUs run" in c.all
    works(c)


@FDT
def test_a_cpu_that_is_not_there(lie):
    c = lie(lambda tree: tree.child("cpus").twin(
        "cpu@1", "cpu@9", reg=fdt_edit.cells(9)))
    assert re.search(r"\] .*cpu 2 \(hardware id 9\): ", c.all)
    assert "2 of 3 CPUs run" in c.all
    works(c)


@FDT
def test_a_cpu_named_twice(lie):
    def edit(tree):
        # Either may be the one that boots, which is known before.
        for old, new in (("cpu@0", "cpu@6"), ("cpu@1", "cpu@7")):
            tree.child("cpus").twin(old, new)

    c = lie(edit)
    assert re.search(r"fdt: cpu [01] is named twice", c.all)
    assert "2 of 2 CPUs run" in c.all
    works(c)


@FDT
def test_a_host_bridge_without_windows(lie):
    def edit(tree):
        tree.find("pci-host-ecam-generic")[0].props["ranges"] = b""

    c = lie(edit, more=("-device", "virtio-rng-pci"))
    assert re.search(r"\] .*pcie?@\w+: tables that cannot be", c.all)
    works(c)


@FDT
def test_lines_that_lead_nowhere(lie):
    def edit(tree):
        tree.find("pci-host-ecam-generic")[0].props["interrupt-map"] = \
            fdt_edit.cells(0, 0, 0, 1, 0xdead, 0, 0)

    c = lie(edit, more=("-device", "virtio-rng-pci"))
    assert re.search(r"\] .*interrupt-map cannot be", c.all)
    works(c)


@FDT
def test_registers_of_strange_widths(lie):
    """A bus whose cells have no number: its devices are left out."""
    def edit(tree):
        bus = fdt_edit.Node("bus@0")
        bus.props = {"compatible": b"simple-bus\0", "ranges": b"",
                     "#address-cells": fdt_edit.cells(77),
                     "#size-cells": fdt_edit.cells(0xffffffff)}
        device = fdt_edit.Node("uart@0")
        device.props = {"compatible": b"ns16550a\0arm,pl011\0",
                        "reg": fdt_edit.cells(*range(12))}
        bus.children.append(device)
        tree.children.append(bus)

    works(lie(edit))


@FDT
def test_an_interrupt_that_no_chip_has(lie):
    def edit(tree):
        for node in tree.find("virtio,mmio"):
            node.props["interrupts"] = fdt_edit.cells(
                *([0, 5000, 4] if ARCH == "aarch64" else [5000]))

    c = lie(edit, more=("-device", "virtio-rng-device"))
    assert re.search(r"\] .*virtio", c.all)
    works(c)


@pytest.mark.skipif(ARCH != "riscv64", reason="RISC-V's extensions")
def test_extensions_that_the_harts_lack(lie):
    """The tree is that of harts with vectors and Sstc."""
    c = lie(lambda tree: None, more=("-cpu", "rv64,v=false,sstc=false"))
    assert re.search(r"cpu 0: the FDT claims vectors, which .* lacks", c.all)
    assert re.search(r"cpu 0: the FDT claims Sstc, which the hart", c.all)
    assert "2 of 2 CPUs run" in c.all
    isa = c.line("grep isa /proc/cpuinfo")
    assert not re.search(r"rv64[a-z]*v|_zv|sstc", isa), isa
    # Long copies, sleeping, and what Linux programs are told.
    works(c)
    assert c.line("sleep 0.01; head -c 99999 /dev/zero | wc -c").split() == \
        ["99999"]
    text = c.line("/abi/linux/bin/env LD_SHOW_AUXV=1 /abi/linux/bin/true")
    hwcap = int(re.search(r"AT_HWCAP: +([0-9a-f]+)", text)[1], 16)
    assert not hwcap >> 21 & 1 and hwcap >> 3 & 1


@pytest.fixture
def ends():
    """A machine that does not come up: what it says, and its status."""
    made = []

    def run(**options):
        made.append(Console(**options))
        made[-1].expect(r"panic: (?!end)", 60)
        status = made[-1].wait_end(60)
        return "panic: " + made[-1].text, status
    yield run
    for c in made:
        c.close()


@FDT
def test_a_tree_without_memory(ends, tmp_path):
    if ARCH == "aarch64":
        pytest.skip("QEMU writes that node itself")
    tree = fdt_edit.dump([*MACHINES[ARCH], "-m", "512M"], tmp_path / "o.dtb")
    tree.child("memory").props["reg"] = fdt_edit.cells(0, 0, 0, 0)
    (tmp_path / "l.dtb").write_bytes(fdt_edit.blob(tree))
    text, _ = ends(more=("-dtb", str(tmp_path / "l.dtb")))
    assert text.startswith("panic: fdt: no memory node")


# A loader that hands over the tree at `tree`, or none.
LOADER = """
	.globl	_start
_start:	adr	x0, tree
	.if	HANDED == 0
	mov	x0, xzr
	.endif
	ldr	x1, =0x40200000
	br	x1
	.balign	8
tree:	.incbin	"%s"
"""


@pytest.mark.skipif(ARCH != "aarch64", reason="firmware has the console")
@pytest.mark.parametrize("handed,words", [
    (1, "the structure block is damaged"), (0, "FDT_ERR_BADMAGIC")])
def test_a_panic_about_the_tree_goes_to_the_host(ends, tmp_path, handed,
                                                 words):
    """The console stands in the tree; semihosting is left."""
    tree = fdt_edit.dump([*MACHINES[ARCH], "-m", "512M"], tmp_path / "o.dtb")
    blob = bytearray(fdt_edit.blob(tree))
    blob[len(blob) // 2:] = b"\xff" * (len(blob) - len(blob) // 2)
    (tmp_path / "bad.dtb").write_bytes(blob)
    (tmp_path / "l.S").write_text(LOADER % (tmp_path / "bad.dtb"))
    subprocess.run(
        ["aarch64-linux-gnu-gcc", "-nostdlib", "-static",
         "-Wa,--defsym,HANDED=%d" % handed, "-Wl,-N,-Ttext=0x44000000",
         "-Wl,--build-id=none", "-o", str(tmp_path / "l"),
         str(tmp_path / "l.S")], check=True)
    text, status = ends(kernel=tmp_path / "l", more=(
        "-device", "loader,file=%s,addr=0x40200000,force-raw=on" % KERNEL))
    assert text.startswith("panic: fdt: " + words)
    assert status == 99


@pytest.mark.skipif(ARCH != "aarch64", reason="firmware has the console")
def test_a_panic_of_a_machine_without_uart(ends, tmp_path):
    def hide(node):
        if b"arm,pl011" in node.props.get("compatible", b""):
            node.props["compatible"] = b"nobody,knows\0"
        for c in node.children:
            hide(c)

    tree = fdt_edit.dump([*MACHINES[ARCH], "-m", "512M"], tmp_path / "o.dtb")
    hide(tree)
    (tmp_path / "l.dtb").write_bytes(fdt_edit.blob(tree))
    text, status = ends(append="crash=null",
                        more=("-dtb", str(tmp_path / "l.dtb")))
    assert text.startswith("panic: no page to read at 0 in crash_null")
    assert status == 99


def test_an_image_of_another_machine(ends, monkeypatch):
    """The programs of another architecture: init cannot be run."""
    import conftest
    other = "aarch64" if ARCH == "riscv64" else "riscv64"
    if not (B / other / "initrd-min.cpio").exists():
        pytest.skip("no image of " + other)
    monkeypatch.setattr(conftest, "IMAGES", B / other)
    text, status = ends(mem="128M")
    assert text.startswith("panic: init /system/bin/init: not an exec")
    assert re.search(r"/system/bin/init is for another machine \(ELF \d+; "
                     + ARCH, text)
    assert status == 99


# ---- ACPI --------------------------------------------------------------------

def table(tmp_path, name, body):
    path = tmp_path / name
    path.write_bytes(body)
    return ("-acpitable", "sig=%s,data=%s" % (name, path))


MICROVM = [a.replace("q35", "microvm") + ",acpi=off" if "q35" in a else a
           for a in MACHINES["x86_64"]]


@ACPI
def test_without_tables(boot):
    c = boot(smp=2, machine=MICROVM)
    c.prompt()
    assert "acpi: no sound tables; one CPU, no power-off" in c.all
    works(c)


@ACPI
@pytest.mark.parametrize("address", [0xfed40000, 0, 0xffffffffffffff00])
def test_a_clock_that_is_not_there(boot, tmp_path, address):
    body = struct.pack("<IBBBBQBHB", 0, 0, 64, 0, 0, address, 0, 0, 0)
    c = boot(more=("-no-hpet", *table(tmp_path, "HPET", body)))
    c.prompt()
    assert address == 0 or \
        "acpi: the HPET at %x does not count" % address in c.all
    works(c)


@ACPI
@pytest.mark.parametrize("base,first,last", [
    (0, 0, 255), (0xffffffffffff0000, 0, 255), (0xe0000000, 9, 3)])
def test_configuration_space_that_cannot_be(boot, tmp_path, base, first,
                                            last):
    body = struct.pack("<QQHBBI", 0, base, 7, first, last, 0)
    c = boot(more=(*table(tmp_path, "MCFG", body),
                   "-device", "virtio-rng-pci"))
    c.prompt()
    assert "acpi: MCFG: configuration space of segment 7 at %x " % base in \
        c.all
    assert c.line("head -c 8 /dev/hwrng | wc -c").split() == ["8"]


@ACPI
def test_entries_that_are_cut_off(boot, tmp_path):
    """The second MADT is not believed; nor what is no table at all."""
    cpus = b"".join(struct.pack("<BBBBI", 0, 8, n, n, 1)
                    for n in range(40, 50))
    body = struct.pack("<II", 0xfee00000, 1) + cpus + b"\0\7"
    c = boot(smp=2, more=(*table(tmp_path, "APIC", body),
                          *table(tmp_path, "XXXX", b"\xff" * 9)))
    c.prompt()
    assert "2 of 2 CPUs run" in c.all
    works(c)

"""The machine that Carmine runs on: QEMU's command line, and the initial
file system put together for one run. Used by tools/run.py and tests/boot."""
import os
import re
import shutil
import tempfile

import mkimage

SMALL_MEMORY = 192 << 20  # below it, the small image is taken
TIGHT_MEMORY = 32 << 20   # below it, QEMU's own place for an image may not do
LEAST_MEMORY = 8 << 20    # below it, no loader has a place for all files


def size_of(text):
    m = re.fullmatch(r"(\d+)([KMG]?)", str(text).upper())
    if not m:
        raise ValueError("want a number with K, M or G")
    # As QEMU: a bare number counts MiB.
    return int(m.group(1)) << {"K": 10, "": 20, "M": 20, "G": 30}[m.group(2)]


def default_smp():
    return min(4, os.cpu_count() or 1)


def image_for(images, mem):
    kind = "min" if size_of(mem) < SMALL_MEMORY else "full"
    return os.path.join(images, "initrd-%s.cpio" % kind)


def initrd(image, cmd=None, extra=None):
    """Gives the path of an image with /etc/carmine/cmd and /extra, and
    whether the caller has to delete it."""
    items = []
    if cmd:
        items.append("text:%s=/etc/carmine/cmd" % cmd)
    if extra:
        items.append("tree:%s=/extra" % os.path.abspath(extra))
    if not items:
        return image, False
    fd, path = tempfile.mkstemp(prefix="carmine-", suffix=".cpio")
    os.close(fd)
    second = path + ".more"
    mkimage.write_archive(second, items)
    with open(path, "wb") as out:
        for part in (image, second):
            with open(part, "rb") as f:
                shutil.copyfileobj(f, out, 1 << 20)
    os.unlink(second)
    return path, True


MACHINES = {
    "riscv64": ["qemu-system-riscv64", "-machine", "virt,accel=tcg",
                "-cpu", "rv64,v=true,vext_spec=v1.0,sstc=true,svpbmt=true"],
    # Of the named models the newest that has a PAN bit and large atomics, and
    # no pointer authentication, which costs time here and is not offered.
    "aarch64": ["qemu-system-aarch64", "-machine",
                "virt,accel=tcg,gic-version=3",
                # The emulated performance counters, which nothing here uses,
                # cost 0.5 us of each exception, under any kernel.
                "-cpu", "neoverse-n1,pmu=off",
                # For the status of a panic; programs cannot reach it.
                "-semihosting-config", "enable=on,target=native"],
    # "max" is everything that TCG has (SMEP, SMAP, UMIP, XSAVE, RDRAND);
    # named models with the same come with a list of what TCG lacks.
    "x86_64": ["qemu-system-x86_64", "-machine", "q35,accel=tcg",
               "-cpu", "max", "-device", "isa-debug-exit"],
}


def tight_place(arch, mem, image):
    """Where the image fits into little memory, or None. QEMU puts it into the
    upper half and refuses what meets its device tree there, although there is
    room beside it."""
    base = {"riscv64": 0x80000000, "aarch64": 0x40000000}.get(arch)
    ram = size_of(mem)
    if base is None or ram >= TIGHT_MEMORY:
        return None
    tree = ram - (1 << 20) if arch == "riscv64" else ram // 2 + (2 << 20) - 1
    tree &= -(2 << 20)
    size = os.path.getsize(image)
    for start, end in ((4 << 20, tree), (tree + (1 << 20), ram)):
        if size <= end - start:
            return base + start
    return None


def image_arguments(arch, mem, image, append):
    place = tight_place(arch, mem, image)
    if place is None:
        return ["-initrd", image, "-append", append]
    option = "initrd=%#x,%d" % (place, os.path.getsize(image))
    return ["-device", "loader,file=%s,addr=%#x,force-raw=on" % (
                image.replace(",", ",,"), place),
            "-append", (append + " " + option).strip()]


def covered(kernel, append, more):
    """With CARMINE_COVER=DIR the machine notes in DIR what code it ran, for
    tools/coverage.py; the kernel has to be where it was linked."""
    where = os.environ.get("CARMINE_COVER")
    if not where:
        return append, more
    build = os.path.basename(os.path.dirname(os.path.abspath(kernel)))
    fd, path = tempfile.mkstemp(prefix=build + ".", suffix=".map", dir=where)
    os.close(fd)
    return (append + " nokaslr").strip(), more + [
        "-plugin", "%s/cover.so,out=%s" % (where, path)]


def command(arch, kernel, image, smp=1, mem="512M", append="", serial=(),
            more=(), machine=None, port=("-serial", "chardev:con")):
    """QEMU's command line. serial: the arguments that make chardev `con`,
    port: what of the machine is connected to it."""
    append, more = covered(kernel, append, list(more))
    return [*(machine or MACHINES[arch]), "-smp", str(smp), "-m", str(mem),
            "-nodefaults", "-display", "none", "-monitor", "none",
            "-no-reboot", *serial, *port,
            "-kernel", kernel, *image_arguments(arch, mem, image, append),
            *more]

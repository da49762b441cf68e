#!/usr/bin/python3
"""Checks that ports stay small and alike.

    ports.py        from the top of the tree; status 1 when something is wrong
    ports.py -v     and the lines of each

A port is arch/NAME with abi/*/arch/NAME. It has fewer than LIMIT lines, and
the files that every other port has; what it has besides stands in EXTRA with
the reason.
"""
import sys
from pathlib import Path

LIMIT = 4000
PORTS = ("riscv64", "aarch64", "x86_64", "example")

# Every port has these.
COMMON = {
    "arch": """README.md cpu.c fpu.c frame.c include/arch_inline.h link.ld
        offsets.c space.c start.S switch.S time.c trap.S trap.c""",
    "abi/linux/arch": "lx_arch.h lx_table.h sigframe.c",
    "abi/native/arch": "regs.c",
}
# These have every port but the empty one, which runs no program.
COMMON_RUNS = {
    "abi/linux/arch": "vdso/names.ld vdso/vdso_arch.h",
}
# What only some have. A port's own header is named after what it lists.
EXTRA = {
    "riscv64": {
        "arch/build.mk": "the kernel moves itself: the link keeps relocations",
        "arch/builtins.c": "what gcc 12 calls where there is no instruction",
        "arch/bulk.c": "copies through vector registers",
        "arch/csr.h": "its own header",
        "arch/fpu_regs.S": "only assembly names registers of the FPU here",
        "arch/include/arch_csr.h": "for the driver of IMSICs",
        "arch/isa.c": "extensions are promised by text, and tried",
        "arch/probe.S": "an instruction that may trap, and its trap vector",
        "arch/slide.c": "the other ports have a fixed address",
        "abi/linux/arch/vdso/sigreturn.S": "programs bring no restorer",
        "abi/linux/arch/vdso/vdso.c": "getcpu and flush_icache",
    },
    "aarch64": {
        "arch/arm64.h": "its own header",
        "arch/id.c": "programs read identification registers",
        "arch/include/arch_sysreg.h": "for arch_inline.h and drivers",
        "arch/string.S": "normal memory takes misaligned pairs of registers",
        "abi/linux/arch/vdso/sigreturn.S": "programs bring no restorer",
    },
    "x86_64": {
        "arch/apic.c": "interrupts between CPUs and timer: one device",
        "arch/desc.c": "descriptor tables",
        "arch/string.S": "string instructions are shorter than any C",
        "arch/power.c": "no firmware call ends the machine",
        "arch/x86.h": "its own header",
        "abi/linux/arch/prctl.c": "arch_prctl, and clone's own order",
        "abi/linux/arch/vdso/vdso.c": "getcpu and time",
    },
    "example": {
        "arch/example.h": "its own header",
    },
}


def files_of(port):
    """{"arch/cpu.c": path} for all folders of the port."""
    found = {}
    for top in COMMON:
        folder = Path(top, port)
        found.update(("%s/%s" % (top, p.relative_to(folder)), p)
                     for p in sorted(folder.rglob("*")) if p.is_file())
    return found


def wanted(port):
    tables = [COMMON] if port == "example" else [COMMON, COMMON_RUNS]
    return {"%s/%s" % (top, name) for table in tables
            for top, names in table.items() for name in names.split()}


def complaints(port, files):
    for name in sorted(wanted(port) - set(files)):
        yield "%s: no %s, which every port has" % (port, name)
    extra = set(files) - wanted(port)
    for name in sorted(extra - set(EXTRA[port])):
        yield ("%s: %s is in no other port: give it their file's name, or a "
               "reason in tools/ports.py" % (port, name))
    for name in sorted(set(EXTRA[port]) - extra):
        yield "%s: tools/ports.py excuses %s, which is gone" % (port, name)


def lines_of(files):
    return sum(p.read_text().count("\n") for p in files.values())


def main():
    wrong = []
    for port in PORTS:
        files = files_of(port)
        lines = lines_of(files)
        wrong += complaints(port, files)
        if lines >= LIMIT:
            wrong.append("%s: %d lines, limit %d" % (port, lines, LIMIT))
        if "-v" in sys.argv[1:]:
            print("%-8s %5d lines in %d files" % (port, lines, len(files)))
    for line in wrong:
        print("ports: " + line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

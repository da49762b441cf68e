#!/usr/bin/python3
"""Makes the kernel's table of its own symbols as an assembly file.

    ksyms.py empty                 a table without entries (first link)
    ksyms.py table NM KERNEL.elf   the functions of that image

The kernel reads it through include/kernel/ksyms.h. Addresses are sorted;
names that only the linker or compiler made (local labels, cold parts keep
their function's name) are left out.
"""
import re
import struct
import subprocess
import sys
from pathlib import Path

EM_RISCV, R_RISCV_64 = 243, 2
SHT_RELA, SHF_ALLOC = 4, 2

HEAD = """\t.section .rodata.ksyms,"a"
\t.globl ksyms_count, ksyms_end, ksyms_addr, ksyms_name_off, ksyms_names
\t.balign 8
ksyms_count:
\t.4byte {count}
\t.balign 8
ksyms_end:
\t.8byte {end}
ksyms_addr:
{addrs}
ksyms_name_off:
{offs}
ksyms_names:
{names}
\t.byte 0
\t.globl krelocs_count, krelocs
\t.balign 4
krelocs_count:
\t.4byte {moved}
krelocs:
{relocs}
\t.section .note.GNU-stack,"",%progbits
"""


def functions(nm, elf):
    """Yields (address, name) of text symbols, ascending, one per address."""
    out = subprocess.run([nm, "-n", elf], check=True, capture_output=True,
                         text=True).stdout
    best = {}
    for line in out.splitlines():
        part = line.split()
        if len(part) != 3 or part[1] not in "tTwW":
            continue
        addr, kind, name = int(part[0], 16), part[1], part[2]
        if name.startswith((".", "$")):
            continue
        name = name.split(".")[0]
        # A global name beats a local one, then the shorter one.
        rank = (kind.islower(), len(name), name)
        if addr not in best or rank < best[addr]:
            best[addr] = rank
    return [(a, best[a][2]) for a in sorted(best)]


def address(nm, elf, name):
    out = subprocess.run([nm, elf], check=True, capture_output=True,
                         text=True).stdout
    return re.search(r"(?m)^([0-9a-f]+) . %s$" % name, out).group(1)


def relocations(elf, start):
    """Where data of the image holds addresses, as bytes from start: what a
    link with --emit-relocs keeps of R_RISCV_64."""
    data = Path(elf).read_bytes()
    machine, = struct.unpack_from("<H", data, 18)
    at, = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, at + i * size)
                for i in range(count)]
    found = set()
    for s in sections:
        if s[1] != SHT_RELA or machine != EM_RISCV or \
                not sections[s[7]][2] & SHF_ALLOC:
            continue
        for where, info, _ in struct.iter_unpack(
                "<QQq", data[s[4]:s[4] + s[5]]):
            if info & 0xffffffff == R_RISCV_64:
                found.add(where - start)
    return sorted(found)


def table(symbols, end="0", relocs=()):
    offs, names, at, seen = [], [], 0, {}
    for _, name in symbols:
        if name not in seen:
            seen[name] = at
            names.append('\t.asciz "%s"' % name)
            at += len(name) + 1
        offs.append("\t.4byte %d" % seen[name])
    return HEAD.format(
        count=len(symbols), end="0x" + end,
        addrs="\n".join("\t.8byte 0x%x" % a for a, _ in symbols),
        moved=len(relocs),
        relocs="\n".join("\t.4byte 0x%x" % r for r in relocs),
        offs="\n".join(offs), names="\n".join(names))


def main():
    if sys.argv[1:] == ["empty"]:
        sys.stdout.write(table([]))
    elif len(sys.argv) == 4 and sys.argv[1] == "table":
        nm, elf = sys.argv[2:]
        start = int(address(nm, elf, "kernel_start"), 16)
        sys.stdout.write(table(functions(nm, elf),
                               address(nm, elf, "kernel_text_end"),
                               relocations(elf, start)))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()

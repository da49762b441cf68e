#!/usr/bin/python3
"""Makes the kernel's table of its own symbols and frames, as assembly.

    ksyms.py empty                      a table without entries (first link)
    ksyms.py table NM READELF KERNEL.elf    the functions of that image

The kernel reads it through kernel/core/ksyms.h. Addresses are sorted, as
bytes from the kernel's start; names that only the linker or compiler made
(local labels, cold parts keep their function's name) are left out. Names and
unwind entries (unwind.py) are packed strings (pack.py) in the same order, with
marks at each sixteenth.
"""
import re
import struct
import subprocess
import sys
from pathlib import Path

import pack
import unwind

EM_RISCV, R_RISCV_64 = 243, 2
# Bytes that instructions are multiples of, by machine.
UNITS = {62: 1, 183: 4, EM_RISCV: 2}
SHT_RELA, SHF_ALLOC = 4, 2

MARK_EVERY = 16
NAME_BASE = 128

HEAD = """\t.section .rodata.ksyms,"a"
\t.globl ksyms_base, ksyms_count, ksyms_size, ksyms_unit
\t.globl ksyms_at, ksyms_marks, ksyms_names
\t.globl unwind_states, unwind_rows, ksyms_name_pairs, unwind_pairs
\t.weak kernel_start
\t.balign 8
ksyms_base:
\t.8byte kernel_start
ksyms_count:
\t.4byte {count}
ksyms_size:
\t.4byte {size}
ksyms_unit:
\t.4byte {unit}
ksyms_at:
{at}
ksyms_marks:
{marks}
unwind_states:
{states}
ksyms_name_pairs:
{name_pairs}
unwind_pairs:
{row_pairs}
ksyms_names:
{names}
unwind_rows:
{rows}
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
    return int(re.search(r"(?m)^([0-9a-f]+) . %s$" % name, out).group(1), 16)


def machine(elf):
    with open(elf, "rb") as f:
        return struct.unpack_from("<H", f.read(20), 18)[0]


def relocations(elf, start):
    """Where data of the image holds addresses, as bytes from start: what a
    link with --emit-relocs keeps of R_RISCV_64."""
    data = Path(elf).read_bytes()
    at, = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, at + i * size)
                for i in range(count)]
    found = set()
    for s in sections:
        if s[1] != SHT_RELA or machine(elf) != EM_RISCV or \
                not sections[s[7]][2] & SHF_ALLOC:
            continue
        for where, info, _ in struct.iter_unpack(
                "<QQq", data[s[4]:s[4] + s[5]]):
            if info & 0xffffffff == R_RISCV_64:
                found.add(where - start)
    return sorted(found)


def lines(directive, values):
    return "\n".join("\t.%s %s" % (directive, v) for v in values)


def tuples(directive, values):
    return lines(directive, (", ".join(map(str, v)) for v in values))


def table(names=(), at=(), states=(), rows=(), **more):
    """rows: bytes of each symbol; more: size, unit, relocs."""
    marks, name_at, row_at = [], 0, 0
    names, name_pairs = pack.pack([n.encode() + b"\0" for n in names],
                                  NAME_BASE)
    rows, row_pairs = pack.pack(rows, unwind.BASE)
    for i, (name, row) in enumerate(zip(names, rows)):
        if i % MARK_EVERY == 0:
            marks.append((name_at, row_at))
        name_at += len(name)
        row_at += len(row)
    return HEAD.format(
        count=len(names), size=more.get("size", 0), unit=more.get("unit", 1),
        at=lines("4byte", at), marks=tuples("4byte", marks),
        states=tuples("2byte", states), names=tuples("byte", names),
        name_pairs=tuples("byte", name_pairs),
        row_pairs=tuples("byte", row_pairs), rows=tuples("byte", rows),
        moved=len(more.get("relocs", ())),
        relocs=lines("4byte", more.get("relocs", ())))


def table_of(nm, readelf, elf):
    start = address(nm, elf, "kernel_start")
    end = address(nm, elf, "kernel_text_end")
    known = [(a, n) for a, n in functions(nm, elf) if start <= a < end]
    unit = UNITS[machine(elf)]
    states, rows = unwind.table(unwind.read(readelf, elf),
                                [a for a, _ in known], start, end, unit)
    return table([n for _, n in known], [a - start for a, _ in known], states,
                 rows, size=end - start, unit=unit,
                 relocs=relocations(elf, start))


def main():
    if sys.argv[1:] == ["empty"]:
        sys.stdout.write(table())
    elif len(sys.argv) == 5 and sys.argv[1] == "table":
        sys.stdout.write(table_of(*sys.argv[2:]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()

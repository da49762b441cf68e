#!/usr/bin/python3
"""Makes the kernel's table of its own symbols as an assembly file.

    ksyms.py empty                 a table without entries (first link)
    ksyms.py table NM KERNEL.elf   the functions of that image

The kernel reads it through include/kernel/ksyms.h. Addresses are sorted;
names that only the linker or compiler made (local labels, cold parts keep
their function's name) are left out.
"""
import re
import subprocess
import sys

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


def end_of_code(nm, elf):
    out = subprocess.run([nm, elf], check=True, capture_output=True,
                         text=True).stdout
    return re.search(r"(?m)^([0-9a-f]+) . kernel_text_end$", out).group(1)


def table(symbols, end="0"):
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
        offs="\n".join(offs), names="\n".join(names))


def main():
    if sys.argv[1:] == ["empty"]:
        sys.stdout.write(table([]))
    elif len(sys.argv) == 4 and sys.argv[1] == "table":
        sys.stdout.write(table(functions(*sys.argv[2:]),
                               end_of_code(*sys.argv[2:])))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Puts file and line behind the kernel addresses of a log.

    symbolize.py carmine.elf < boot.log

A log's backtrace has lines like `  ffffffff80201234 name+0x12`. A panic says
how far the kernel had moved (KASLR).
"""
import re
import struct
import subprocess
import sys

PREFIX = {62: "x86_64", 183: "aarch64", 243: "riscv64"}
OFFSET = re.compile(r"^kernel offset ([0-9a-f]{16})$", re.M)
ADDRESS = re.compile(r"\b(?:0x)?(f{4,}[0-9a-f]{8,12})\b")


def places(elf, addresses, offset):
    """Gives {address: "file:line"}; of the call, not where it returns to.
    offset: what a kernel that moved itself adds to the addresses of elf."""
    asked = sorted(addresses)
    text = "".join("%x\n" % ((int(a, 16) - offset - 1) % 2 ** 64)
                   for a in asked)
    with open(elf, "rb") as f:
        machine, = struct.unpack_from("<H", f.read(20), 18)
    out = subprocess.run([PREFIX[machine] + "-linux-gnu-addr2line", "-e", elf],
                         input=text, capture_output=True, text=True,
                         check=True).stdout.splitlines()
    return {a: w for a, w in zip(asked, out) if not w.startswith("??")}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines = [line.rstrip("\r\n") for line in sys.stdin]
    moved = OFFSET.search("\n".join(lines))
    known = places(sys.argv[1],
                   {a for line in lines for a in ADDRESS.findall(line)},
                   int(moved.group(1), 16) if moved else 0)
    for line in lines:
        print("  ".join([line, *[known[a] for a in ADDRESS.findall(line)
                                 if a in known]]))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the first inputs of the ELF fuzzer.

usage: elf_seeds.py DIRECTORY

Each seed is a small valid file or one with a single flaw, so that the fuzzer
starts behind the first checks. They are made here, not kept as binaries.
"""
import os
import struct
import sys


def elf(kind=2, machine=243, entry=0x10400, phdrs=(), size=0x1000,
        phoff=64, patch=()):
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, phoff, 0,
                        5, 64, 56, len(phdrs), 64, 0, 0)
    body = b"".join(struct.pack("<IIQQQQQQ", *p) for p in phdrs)
    out = bytearray((head + body).ljust(size, b"\0"))
    for at, data in patch:
        out[at:at + len(data)] = data
    return bytes(out)


def seeds():
    text = (1, 5, 0, 0x10000, 0, 0x800, 0x800, 0x1000)
    data = (1, 6, 0x800, 0x11800, 0, 0x100, 0x900, 0x1000)
    interp = (3, 4, 0x700, 0x10700, 0, 20, 20, 1)
    note = (4, 4, 0x720, 0x10720, 0, 32, 32, 4)
    prop = (0x6474e553, 4, 0x720, 0x10720, 0, 32, 32, 8)
    tls = (7, 4, 0x800, 0x11800, 0, 16, 64, 8)
    stack = (0x6474e551, 6, 0, 0, 0, 0, 0, 16)
    dynamic = (2, 6, 0x880, 0x11880, 0, 64, 64, 8)
    gnu = struct.pack("<III4sIIII", 4, 16, 1, b"GNU", 0, 6, 1, 0)
    patch = ((0x700, b"/lib/ld-linux.so.1\0\0"), (0x720, gnu))
    yield "static", elf(phdrs=(text, data, stack))
    yield "full", elf(phdrs=(interp, text, data, note, tls, stack, prop,
                             dynamic), patch=patch)
    low = (1, 5, 0, 0, 0, 0x800, 0x800, 0x1000)
    yield "pie", elf(kind=3, entry=0x400, phdrs=(low, note), patch=patch)
    yield "one-segment", elf(phdrs=((1, 7, 0x78, 0x10078, 0, 0x400, 0x900,
                                     0x10),), entry=0x10100)
    yield "overlap", elf(phdrs=(text, text))
    yield "wrap", elf(phdrs=((1, 5, 0, 2**64 - 0x1000, 0, 0, 0x2000, 0),))
    yield "notes", elf(phdrs=(text, note, note, note, note, note),
                       patch=patch)
    yield "header", elf()[:64]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, data in seeds():
        with open(os.path.join(sys.argv[1], name), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()

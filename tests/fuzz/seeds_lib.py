#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the first inputs of the ELF and cpio fuzzers.

usage: seeds_lib.py elf|cpio DIRECTORY

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


def elf_seeds():
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


def entry(name, data=b"", mode=0o100644, pad=0, magic=b"070701"):
    fields = (1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
              len(name) + 1 + pad, 0)
    out = magic + b"".join(b"%08X" % f for f in fields)
    out += name + bytes(1 + pad)
    out += bytes(-len(out) % 4) + data
    return out + bytes(-len(out) % 4)


def cpio_seeds():
    end = entry(b"TRAILER!!!")
    first = entry(b"etc", mode=0o40755) + entry(b"etc/motd", b"hello\n")
    yield "one", first + end
    yield "two", first + end + bytes(40) + entry(b"b", b"2") + end
    yield "padded-name", entry(b"big", b"data", pad=61) + end
    yield "no-trailer", first
    yield "checksummed", entry(b"c", b"x", magic=b"070702") + end
    yield "cut", first[:-5]
    yield "empty-name", entry(b"") + end


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("elf", "cpio"):
        sys.exit(__doc__)
    seeds = elf_seeds() if sys.argv[1] == "elf" else cpio_seeds()
    os.makedirs(sys.argv[2], exist_ok=True)
    for name, data in seeds:
        with open(os.path.join(sys.argv[2], name), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()

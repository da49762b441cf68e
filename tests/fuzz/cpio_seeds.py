#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the first inputs of the cpio fuzzer.

usage: cpio_seeds.py DIRECTORY

Each seed is a small valid file or one with a single flaw, so that the fuzzer
starts behind the first checks. They are made here, not kept as binaries.
"""
import os
import sys


def entry(name, data=b"", mode=0o100644, pad=0, magic=b"070701"):
    fields = (1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
              len(name) + 1 + pad, 0)
    out = magic + b"".join(b"%08X" % f for f in fields)
    out += name + bytes(1 + pad)
    out += bytes(-len(out) % 4) + data
    return out + bytes(-len(out) % 4)


def seeds():
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
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, data in seeds():
        with open(os.path.join(sys.argv[1], name), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()

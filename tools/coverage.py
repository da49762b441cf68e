#!/usr/bin/python3
"""What share of the kernel's lines the tests ran, by folder.

    coverage.py --b BUILD --arch ARCH DIR [--files]

DIR has the maps that tests in machines left (tools/cover.c), one per machine,
BUILD.*.map by the kernel that ran, and clang's counts of tests that run on this
machine, one .profraw per program by its name. A line counts when it has code
in one of the kernels, and is covered when an instruction of it was reached in
one or a program ran it.
"""
import argparse
import os
import re
import subprocess
from bisect import bisect_right
from collections import defaultdict
from pathlib import Path

BASE = 0xffffffff80000000
FOLDERS = ("kernel", "mm", "fs", "abi")
ROW = re.compile(r"^\S+ +(\d+) +0x([0-9a-f]+)")
FILE = re.compile(r"^(?:CU: )?(?:\./)?(\S+\.[chS]):?(?:\[\+\+\])?:?$")


def rows(readelf, elf):
    """Yields (address, file, line) of an image's line table."""
    out = subprocess.Popen([readelf, "--debug-dump=decodedline", "-W", elf],
                           stdout=subprocess.PIPE, text=True,
                           stderr=subprocess.DEVNULL)
    path = None
    for text in out.stdout:
        m = ROW.match(text)
        if m:
            yield int(m.group(2), 16), path, int(m.group(1))
            continue
        m = FILE.match(text.strip())
        if m:
            path = m.group(1)
    out.wait()


def merged(maps):
    """The maps of one kernel as one."""
    total = bytearray(maps[0].stat().st_size)
    for m in maps:
        got = int.from_bytes(m.read_bytes(), "little")
        total = (int.from_bytes(total, "little") | got).to_bytes(
            len(total), "little")
    return total


def ran_of(total):
    """Addresses of the instructions that ran, ascending."""
    return [BASE + 2 * i for i, v in enumerate(total) if v]


def cover(lines, readelf, elf, maps):
    """Adds one kernel's lines: {(file, line): covered}."""
    ran = ran_of(merged(maps))
    table = sorted(r for r in rows(readelf, elf) if r[1])
    for i, (at, path, line) in enumerate(table):
        end = next((r[0] for r in table[i + 1:i + 40] if r[0] > at), at + 2)
        hit = bisect_right(ran, end - 1) > bisect_right(ran, at - 1)
        if path.split("/")[0] in FOLDERS and line:
            lines[path, line] = lines.get((path, line), False) or hit


def program_lines(program, counts):
    """Yields (file, line) of what a program of this machine ran."""
    merged_counts = counts.with_suffix(".profdata")
    subprocess.run(["llvm-profdata", "merge", "-o", merged_counts, counts],
                   check=True)
    out = subprocess.run(
        ["llvm-cov", "export", "-format=lcov",
         "-instr-profile=%s" % merged_counts, program],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    path = None
    for text in out.splitlines():
        word, _, rest = text.partition(":")
        if word == "SF":
            path = os.path.relpath(rest)
        elif word == "DA":
            line, count = rest.split(",")[:2]
            if int(count):
                yield path, int(line)


def percent(part, whole):
    return "%5.1f %%  %6d of %6d" % (100 * part / max(whole, 1), part, whole)


def show(lines, files):
    sums = defaultdict(lambda: [0, 0])
    for (path, _), hit in lines.items():
        parts = path.split("/")
        keys = {"all", parts[0], "/".join(parts[:2])} if len(parts) > 2 else \
            {"all", parts[0]}
        for key in keys | ({path} if files else set()):
            sums[key][0] += hit
            sums[key][1] += 1
    for key in sorted(sums, key=lambda k: (k == "all", k)):
        print("%-28s %s" % (key, percent(*sums[key])))


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--b", required=True)
    ap.add_argument("--arch", required=True)
    ap.add_argument("--files", action="store_true")
    ap.add_argument("dir")
    args = ap.parse_args()
    kernels = defaultdict(list)
    for m in sorted(Path(args.dir).glob("*.map")):
        if m.stat().st_size:
            kernels[m.name.split(".")[0]].append(m)
    if not kernels:
        ap.error("%s: no machine left a map" % args.dir)
    lines = {}
    for build, maps in kernels.items():
        elf = Path(args.b, build, "carmine.elf")
        cover(lines, args.arch + "-linux-gnu-readelf", str(elf), maps)
    for counts in sorted(Path(args.dir).glob("*.profraw")):
        program = Path(args.b, "host-clang-cover",
                       counts.stem.replace(".", "/"))
        for at in program_lines(program, counts):
            if at in lines:
                lines[at] = True
    show(lines, args.files)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Where the instructions of one line of the benchmark go, by function.

    profile.py --b BUILD --arch ARCH 'read 1 B'

Runs tests/perf with that line alone under Carmine in QEMU, with a
plugin (tools/profile_count.c) that counts every instruction between the start
and the end of the line's rounds. `make profile OP='read 1 B'` calls this.
"""
import argparse
import bisect
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import bench

# {name, count, setup, run, done, per, less}, WITH(the first five), PLAIN(name,
# count, run)
LINE = re.compile(r'(?:\{ |PLAIN\(|WITH\()"([^"]+)", (\d+), '
                  r'(?:\w+, (?=\w+,))?(\w+)(?:,\s*\w+)?(?:,\s*(\w+), \w+ \})?')


def lines_of(folder):
    """{name: (function, operations)} from the tables of the benchmark, and
    the rounds of each; the folder holds other programs as well."""
    text = "".join((folder / p).read_text() for p in
                   ("bench.h", "bench.c", "calls.c", "tasks.c", "waits.c"))
    numbers = dict(re.findall(r"#define (\w+)\s+(\d+)u?\s", text))
    rounds = int(numbers["ROUNDS"])
    return {name: (run, rounds * int(count) * int(numbers.get(per, per or 1)))
            for name, count, run, per in LINE.findall(text)}, rounds


class Symbols:
    """Functions of one ELF file by address."""

    def __init__(self, nm, elf):
        out = subprocess.run([nm, "-n", str(elf)], capture_output=True,
                             text=True, check=True).stdout
        rows = [line.split() for line in out.splitlines()]
        self.rows = [(int(r[0], 16), r[2]) for r in rows
                     if len(r) == 3 and r[1] in "tTwW" and
                     not r[2].startswith((".L", "$"))]
        self.starts = [a for a, _ in self.rows]

    def name(self, address):
        i = bisect.bisect(self.starts, address) - 1
        return self.rows[i][1] if i >= 0 else "?"

    def extent(self, name):
        i = next(i for i, (_, n) in enumerate(self.rows) if n == name)
        return self.starts[i], self.starts[i + 1]


def show(path, per, kernel, program, top):
    costs = Counter()
    for line in path.read_text().splitlines():
        address, insns, runs = line.split()
        at, n = int(address, 16), int(insns) * int(runs)
        user = at < 1 << 63
        costs[("user " if user else "") +
              (program if user else kernel).name(at)] += n
    total = sum(costs.values())
    print("%10.1f  instructions per operation" % (total / per))
    for name, n in costs.most_common(top):
        print("%10.1f %4.1f %%  %s" %
              (n / per, 100 * n / total, name))


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--b", default="build")
    ap.add_argument("--arch", default="riscv64", choices=bench.APPEND)
    ap.add_argument("--plugin", help="the built profile_count.c")
    ap.add_argument("--nm", default="riscv64-linux-gnu-nm")
    ap.add_argument("--top", type=int, default=25)
    ap.add_argument("only", metavar="LINE", help="name of a line")
    args = ap.parse_args()
    known, rounds = lines_of(Path("tests/perf"))
    if args.only not in known:
        sys.exit("profile: no line %r; there are: %s" %
                 (args.only, ", ".join(known)))
    run, per = known[args.only]
    out = Path(args.b) / "bench"
    out.mkdir(parents=True, exist_ok=True)
    elf = Path(args.b) / "tests/perf" / ("bench." + args.arch)
    program = Symbols(args.nm, elf)
    ours = bench.Ours(args, elf.resolve())
    counts = out / "profile.out"
    counts.unlink(missing_ok=True)
    plugin = args.plugin or Path(args.b) / "tools/count.so"
    boot = ours.bench(args.only)
    boot.append += " nokaslr"
    boot.run(args.arch, out / "profile.log", [
        *bench.ICOUNT, "-plugin", "%s,start=%x,end=%x,rounds=%u,out=%s" %
        (plugin, *program.extent(run), rounds, counts)])
    if not counts.exists():
        sys.exit("profile: no counts; see %s" % (out / "profile.log"))
    show(counts, per, Symbols(args.nm, ours.kernel.with_suffix(".elf")),
         program, args.top)


if __name__ == "__main__":
    main()

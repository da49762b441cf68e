#!/usr/bin/python3
"""Runs tests/perf under Debian's Linux and under Carmine, on the same
machine, and compares. `make bench` calls this.

    bench.py --b BUILD --deps DEPS --arch ARCH [--only TEXT] [--quick]

Two kinds of run: with `-icount shift=0,sleep=off` a guest nanosecond is one
instruction, so figures repeat; without it they are real nanoseconds under
emulation. Results: a table on stdout, BUILD/bench/ARCH.json (one object a
line of the table), and docs/bench/ARCH.svg.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import mkimage
import qemu

MEM = "512M"
LIMIT = 900  # seconds for one run
LINE = re.compile(r"(BENCH|BYTES) ([^=\n]+) = (\d+)\r?$", re.M)
MISSING = re.compile(r"^MISSING (.+): (.*?)\r?$", re.M)
SERIAL = ["-chardev", "stdio,id=con,signal=off"]
# nokaslr: Debian's arm64 kernel separates its page tables from programs'
# when its own place is random, which riscv64's does not.
APPEND = {"aarch64": "console=ttyAMA0 quiet nokaslr",
          "riscv64": "console=ttyS0 quiet",
          "x86_64": "console=ttyS0 quiet"}
ICOUNT = ["-icount", "shift=0,sleep=off"]


def boot(arch, kernel, image, append, more, log, smp=1):
    """Everything the machine printed."""
    argv = qemu.command(arch, str(kernel), str(image), smp=smp, mem=MEM,
                        append=append, serial=SERIAL, more=more)
    try:
        p = subprocess.run(argv, stdin=subprocess.DEVNULL, timeout=LIMIT,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        out = p.stdout
    except subprocess.TimeoutExpired as e:
        out = (e.stdout or b"") + b"\nbench: timeout\n"
    text = out.decode(errors="replace")
    log.write_text(text)
    if "BENCH-END" not in text:
        print("bench: %s: no end; the last lines:\n%s" %
              (log, "\n".join(text.splitlines()[-15:])), file=sys.stderr)
    for name, why in MISSING.findall(text):
        print("bench: %s: %s: %s" % (log.name, name, why), file=sys.stderr)
    return {(kind, name): int(v) for kind, name, v in LINE.findall(text)}


class Peer:
    """Linux: the program is /init of an initial file system of its own."""

    def __init__(self, args, program):
        self.name = "linux"
        self.kernel = Path(args.deps) / ("linux-" + args.arch) / "Image"
        self.image = Path(args.b) / "bench" / "linux.cpio"
        mkimage.write_archive(str(self.image), [
            "file:%s=/init" % program, "dir:/dev", "dir:/proc",
            "dir:/tmp:1777"])
        # An option that the kernel does not know becomes init's environment.
        self.append = '%s bench="%s"' % (APPEND[args.arch], args.only)

    def bytes(self):
        return self.kernel.stat().st_size


class Ours:
    """Carmine: the native shell starts the program."""

    def __init__(self, args, program):
        self.name = "carmine"
        self.kernel = Path(args.b) / ("%s-gcc-release" % args.arch) / \
            "carmine.img"
        images = Path(args.b) / args.arch
        self.extra = tempfile.TemporaryDirectory()
        os.link(program, Path(self.extra.name) / "bench")
        image, _ = qemu.initrd(str(images / "initrd-min.cpio"),
                               "/extra/bench " + args.only, self.extra.name)
        self.image = Path(args.b) / "bench" / "carmine.cpio"
        os.replace(image, self.image)
        self.append = "quiet"

    def bytes(self):
        return self.kernel.stat().st_size


def measure(args, systems):
    """{(kind, name): {column: value}} in the order of the program."""
    rows = {}
    runs = [("insn", 1, ICOUNT), ("ns", 1, [])]
    if not args.quick:
        runs.append(("ns2", 2, []))
    for system in systems:
        for unit, smp, more in runs:
            log = Path(args.b) / "bench" / (
                "%s-%s.log" % (system.name, unit))
            print("bench: %s, %s" % (system.name, unit), file=sys.stderr)
            got = boot(args.arch, system.kernel, system.image, system.append,
                       more, log, smp)
            for key, value in got.items():
                if key[0] == "BYTES" and unit != "insn":
                    continue
                if key == ("BYTES", "free memory"):
                    key = ("BYTES", "memory in use")
                    value = qemu.size_of(MEM) - value
                column = "bytes" if key[0] == "BYTES" else unit
                rows.setdefault(key, {})[
                    "%s_%s" % (system.name, column)] = value
        rows.setdefault(("BYTES", "kernel image"), {})[
            system.name + "_bytes"] = system.bytes()
    return rows


def ratio(row, unit):
    a, b = row.get("carmine_" + unit), row.get("linux_" + unit)
    return a / b if a is not None and b else None


def show(rows):
    print("%-30s %12s %12s %6s %12s %12s %6s" % (
        "", "Linux insn", "Carmine insn", "ratio", "Linux ns", "Carmine ns",
        "ratio"))
    for (kind, name), row in rows.items():
        cells = []
        for unit in ("insn", "ns") if kind == "BENCH" else ("bytes",):
            r = ratio(row, unit)
            cells += [str(row.get("linux_" + unit, "-")),
                      str(row.get("carmine_" + unit, "-")),
                      "-" if r is None else "%.2f" % r]
        print("%-30s" % name + "".join(
            " %*s" % (12 if i % 3 < 2 else 6, c)
            for i, c in enumerate(cells)) + (
                " bytes" if kind == "BYTES" else ""))


def save_json(rows, path):
    fields = ["%s_%s" % (s, u) for u in ("insn", "ns", "ns2", "bytes")
              for s in ("linux", "carmine")]
    lines = [json.dumps({"name": name, **{
        f: row.get(f) for f in fields
        if f in row or f.endswith(("_insn", "_ns"))}})
        for (_, name), row in rows.items()]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def save_svg(rows, path, title):
    """Bars: Carmine's share of Linux's instructions, 1.0 at the line."""
    bars = [(name, ratio(row, "insn")) for (kind, name), row in rows.items()
            if kind == "BENCH" and ratio(row, "insn") is not None]
    left, width, step = 230, 400, 16
    height = 50 + step * len(bars)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'font-family="sans-serif" font-size="11">' %
           (left + width + 60, height),
           '<rect width="100%%" height="100%%" fill="white"/>',
           '<text x="10" y="18" font-size="13">%s</text>' % title]
    out[1] = out[1].replace("%%", "%")
    for limit, colour in ((0.5, "#3a7"), (1.0, "#c44")):
        x = left + limit * width / 1.25
        out.append('<line x1="%.1f" y1="28" x2="%.1f" y2="%d" stroke="%s"/>'
                   '<text x="%.1f" y="40" fill="%s">%.1f</text>' %
                   (x, x, height - 5, colour, x + 3, colour, limit))
    for i, (name, value) in enumerate(bars):
        y = 46 + step * i
        length = min(value, 1.25) * width / 1.25
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>'
                   '<rect x="%d" y="%d" width="%.1f" height="11" '
                   'fill="%s"/><text x="%.1f" y="%d">%.2f</text>' %
                   (left - 6, y + 9, name.replace("&", "&amp;"), left, y,
                    length, "#58a" if value <= 0.5 else
                    "#d94" if value <= 1 else "#c44",
                    left + length + 4, y + 9, value))
    path.write_text("\n".join(out + ["</svg>"]) + "\n")


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--b", default="build")
    ap.add_argument("--deps")
    ap.add_argument("--arch", default="riscv64", choices=APPEND)
    ap.add_argument("--only", default="", help="lines with this text")
    ap.add_argument("--quick", action="store_true", help="without 2 CPUs")
    ap.add_argument("--ours", action="store_true", help="not Linux")
    args = ap.parse_args()
    args.deps = args.deps or args.b + "/deps"
    out = Path(args.b) / "bench"
    out.mkdir(parents=True, exist_ok=True)
    program = (Path(args.b) / "tests/perf" / ("bench." + args.arch)).resolve()
    systems = [] if args.ours else [Peer(args, program)]
    systems.append(Ours(args, program))
    rows = measure(args, systems)
    show(rows)
    if args.only or args.ours:
        return
    save_json(rows, out / (args.arch + ".json"))
    chart = Path("docs/bench") / (args.arch + ".svg")
    chart.parent.mkdir(parents=True, exist_ok=True)
    save_svg(rows, chart, "Instructions per operation, Carmine / Linux (%s)" %
             args.arch)


if __name__ == "__main__":
    main()

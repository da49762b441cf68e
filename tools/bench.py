#!/usr/bin/python3
"""Runs tests/perf under Debian's Linux and under Carmine, on the same
machine, and compares. `make bench` calls this.

    bench.py --b BUILD --deps DEPS --arch ARCH [--only TEXT] [--quick | --insn]

Two kinds of run: with `-icount shift=0,sleep=off` a guest nanosecond is one
instruction, so figures repeat; without it they are real nanoseconds under
emulation, the least of some boots (class Settling). Results: a table on
stdout, BUILD/bench/ARCH.json (one object a line of the table), and
docs/bench/ARCH.md and ARCH.svg. TEXT is a part of a line's name, or several
with | between.
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

MEMORY = 512  # MiB
LIMIT, BOOT_LIMIT = 900, 90  # seconds for one run; to a shell
BOOTS, SETTLED = 2, 1.1  # at least so many; the two least within this
LINE = re.compile(
    r"(BENCH|BYTES) ([^=\n]+) = (\d+)(?: @ (\d+))?\r?$", re.M)
MISSING = re.compile(r"^MISSING (.+): (.*?)\r?$", re.M)
SERIAL = ["-chardev", "stdio,id=con,signal=off"]
# nokaslr: Debian's arm64 kernel separates its page tables from programs'
# when its own place is random, which riscv64's does not.
APPEND = {"aarch64": "console=ttyAMA0 quiet panic=-1 nokaslr",
          "riscv64": "console=ttyS0 quiet panic=-1",
          "x86_64": "console=ttyS0 quiet panic=-1"}
ICOUNT = ["-icount", "shift=0,sleep=off"]


class Boot:
    """What one machine is started with. memory in MiB."""

    def __init__(self, kernel, image, append):
        self.kernel, self.image, self.append = kernel, image, append

    def run(self, arch, log, more=(), smp=1, memory=MEMORY, limit=LIMIT):
        """Everything the machine printed, or what it did until the limit."""
        argv = qemu.command(arch, str(self.kernel), str(self.image), smp=smp,
                            mem="%dM" % memory, append=self.append,
                            serial=SERIAL, more=more)
        try:
            p = subprocess.run(argv, stdin=subprocess.DEVNULL, timeout=limit,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
            out = p.stdout
        except subprocess.TimeoutExpired as e:
            out = (e.stdout or b"") + b"\nbench: timeout\n"
        text = out.decode(errors="replace")
        log.write_text(text)
        return text


class Peer:
    """Linux: the program is /init of an initial file system of its own, or
    a script for busybox's shell is."""

    def __init__(self, args, program):
        self.name = "linux"
        self.kernel = Path(args.deps) / ("linux-" + args.arch) / "Image"
        self.append = APPEND[args.arch]
        self.program = self.image(args, "linux", ["file:%s=/init" % program])
        script = "#!/bin/sh\n/bench shell\nbusybox poweroff -f"
        busybox = Path(args.deps) / ("root-" + args.arch) / "usr/bin/busybox"
        self.shell = Boot(self.kernel, self.image(args, "linux-shell", [
            "file:%s=/bench" % program, "dir:/bin",
            "file:%s=/bin/busybox" % busybox, "link:busybox=/bin/sh",
            "text:%s=/init:755" % script]), self.append)

    def bench(self, only):
        # An option that the kernel does not know becomes init's environment.
        return Boot(self.kernel, self.program,
                    '%s bench="%s"' % (self.append, only))

    @staticmethod
    def image(args, name, items):
        path = Path(args.b) / "bench" / ("%s-%s.cpio" % (args.arch, name))
        mkimage.write_archive(str(path), items + [
            "dir:/dev", "dir:/proc", "dir:/tmp:1777"])
        return path


class Ours:
    """Carmine: the native shell starts the program, or busybox's with it."""

    def __init__(self, args, program):
        self.name, self.args = "carmine", args
        self.kernel = Path(args.b) / ("%s-gcc-release" % args.arch) / \
            "carmine.img"
        self.small = Path(args.b) / args.arch / "initrd-min.cpio"
        self.extra = tempfile.TemporaryDirectory()
        os.link(program, Path(self.extra.name) / "bench")
        self.shell = self.boot(
            "carmine-shell", "busybox sh -c '/extra/bench shell; true'")

    def bench(self, only):
        return self.boot("carmine", "/extra/bench '%s'" % only)

    def boot(self, name, line):
        made, _ = qemu.initrd(str(self.small), line, self.extra.name)
        path = Path(self.args.b) / "bench" / (
            "%s-%s.cpio" % (self.args.arch, name))
        os.replace(made, path)
        return Boot(self.kernel, path, "quiet")


def lines_of(text, log):
    """The figures of one run: {(kind, name): (value, null call or 0)}."""
    if "BENCH-END" not in text:
        print("bench: %s: no end; the last lines:\n%s" %
              (log, "\n".join(text.splitlines()[-15:])), file=sys.stderr)
    for name, why in MISSING.findall(text):
        print("bench: %s: %s: %s" % (log.name, name, why), file=sys.stderr)
    return {(kind, name): (int(value), int(call or 0))
            for kind, name, value, call in LINE.findall(text)}


class Settling:
    """Nanoseconds of every line: the least of several boots, the systems by
    turns. What else the build machine's processors do makes traps take up to
    twice as long for seconds on end, which the null calls around a line tell.
    A least is believed when it was seen twice, while these were as fast as they
    ever are: other lines run again, on all systems, in up to `most` boots."""

    def __init__(self, most):
        self.most, self.seen, self.fastest = most, {}, {}

    def add(self, system, rows):
        for key, (value, call) in rows.items():
            self.seen.setdefault((system.name, key), []).append((value, call))
            if call > 0:
                self.fastest[system.name] = min(
                    call, self.fastest.get(system.name, call))

    def good(self, system):
        """What a null call may take around a line that is believed."""
        return SETTLED * self.fastest.get(system, 0)

    def unsettled(self):
        """Names in the order of the program."""
        names = {}
        for (system, (kind, name)), values in self.seen.items():
            least = sorted(v for v, call in values
                           if call <= self.good(system))
            if kind == "BENCH" and (len(least) < 2 or
                                    least[1] > SETTLED * least[0]):
                names[name] = True
        return list(names)

    def run(self, args, systems, unit, smp):
        only = args.only
        for boot in range(self.most):
            for system in systems:
                self.add(system, program(args, system, unit, smp, only))
                if not args.only and (boot < BOOTS or "reset to shell" in left):
                    self.add(system, shell(args, system, unit, smp))
            left = self.unsettled()
            if boot + 1 >= BOOTS:
                # "reset", which each boot tells, is in no operation's name.
                only = "|".join(left)
                if left:
                    print("bench: again: " + ", ".join(left), file=sys.stderr)
                else:
                    break
        return {key: min(values)[0] for key, values in self.seen.items()}


def measure(args, systems):
    """{(kind, name): {column: value}} in the order of the program."""
    rows = {}
    for system in systems:
        lines = program(args, system, "insn", 1, args.only, ICOUNT)
        if not args.only:
            lines.update(shell(args, system, "insn", 1, ICOUNT))
        for (kind, name), (value, _) in lines.items():
            column = "bytes" if kind == "BYTES" else "insn"
            rows.setdefault((kind, name), {})[
                "%s_%s" % (system.name, column)] = value
    units = {"ns": 1, "ns2": 2}
    for unit in () if args.insn else ("ns",) if args.quick else units:
        least = Settling(args.boots).run(args, systems, unit, units[unit])
        for (system, key), value in least.items():
            if key[0] == "BENCH":
                rows.setdefault(key, {})["%s_%s" % (system, unit)] = value
    for system in systems:
        if not args.only and not args.insn:
            rows.setdefault(("BYTES", "smallest memory"), {})[
                system.name + "_bytes"] = smallest(args, system) << 20
        rows.setdefault(("BYTES", "kernel image"), {})[
            system.name + "_bytes"] = system.kernel.stat().st_size
    return rows


def program(args, system, unit, smp, only, more=()):
    """The operations whose names have a part of only."""
    return figures(args, system, "bench", unit,
                   system.bench(only), smp, more)


def shell(args, system, unit, smp, more=()):
    """A small machine for the shell."""
    return figures(args, system, "shell", unit, system.shell, smp, more)


def figures(args, system, what, unit, boot, smp, more):
    """{(kind, name): (value, null call or 0)} of one boot."""
    log = Path(args.b) / "bench" / (
        "%s-%s-%s-%s.log" % (args.arch, system.name, what, unit))
    print("bench: %s, %s, %s" % (system.name, what, unit), file=sys.stderr)
    found = {}
    for (kind, name), (value, call) in lines_of(
            boot.run(args.arch, log, more, smp), log).items():
        if name.startswith("free memory"):
            name = name.replace("free memory", "memory in use")
            value = (MEMORY << 20) - value
        found[kind, name] = value, call
    return found


def smallest(args, system):
    """The least memory, in MiB, with which the shell runs a program."""
    log = Path(args.b) / "bench" / ("%s-%s-least.log" %
                                    (args.arch, system.name))
    no, yes = 0, 256
    print("bench: %s, smallest memory" % system.name, file=sys.stderr)
    while yes - no > 1:
        middle = (no + yes) // 2
        text = system.shell.run(args.arch, log, memory=middle,
                                limit=BOOT_LIMIT)
        if "BENCH-END" in text:
            yes = middle
        else:
            no = middle
    return yes


def ratio(row, unit):
    a, b = row.get("carmine_" + unit), row.get("linux_" + unit)
    return a / b if a is not None and b else None


def show(rows):
    units = [u for u in ("insn", "ns", "ns2")
             if any("carmine_" + u in row for row in rows.values())]
    print("%-30s" % "" + "".join(" %12s %12s %6s" % (
        "Linux " + u, "Carmine", "ratio") for u in units))
    for (kind, name), row in rows.items():
        line = "%-30s" % name
        for unit in units if kind == "BENCH" else ("bytes",):
            r = ratio(row, unit)
            line += " %12s %12s %6s" % (
                row.get("linux_" + unit, "-"), row.get("carmine_" + unit, "-"),
                "-" if r is None else "%.2f" % r)
        print(line + (" bytes" if kind == "BYTES" else ""))


def save_json(rows, path):
    fields = ["%s_%s" % (s, u) for u in ("insn", "ns", "ns2", "bytes")
              for s in ("linux", "carmine")]
    lines = [json.dumps({"name": name, **{
        f: row.get(f) for f in fields
        if f in row or f.endswith(("_insn", "_ns"))}})
        for (_, name), row in rows.items()]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def save_table(rows, path, title):
    """The whole table for docs/: instructions, ns on one and on two CPUs."""
    units = ("insn", "ns", "ns2")
    out = ["# " + title, "",
           "Made by `make bench`; [performance.md](../performance.md) says "
           "how and why.", "",
           "| operation | " + " | ".join(
               "Linux %s | Carmine | ratio" % what for what in (
                   "instructions", "ns", "ns, 2 CPUs")) + " |",
           "| --- |" + " ---: |" * 9]

    def cells(row, unit):
        r = ratio(row, unit)
        return [str(row.get("linux_" + unit, "-")),
                str(row.get("carmine_" + unit, "-")),
                "-" if r is None else "%.2f" % r]
    for (kind, name), row in rows.items():
        if kind == "BENCH":
            out.append("| %s | " % name + " | ".join(
                c for u in units for c in cells(row, u)) + " |")
    out += ["", "| size | Linux, bytes | Carmine | ratio |",
            "| --- | ---: | ---: | ---: |"]
    for (kind, name), row in rows.items():
        if kind == "BYTES":
            out.append("| %s | " % name + " | ".join(cells(row, "bytes")) +
                       " |")
    path.write_text("\n".join(out) + "\n")


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
    ap.add_argument("--boots", type=int, default=10,
                    help="of each system for nanoseconds, at most")
    ap.add_argument("--insn", action="store_true", help="nothing but "
                    "instructions, and the sizes that come with them")
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
    if args.only or args.ours or args.insn:
        return
    save_json(rows, out / (args.arch + ".json"))
    docs = Path("docs/bench")
    docs.mkdir(parents=True, exist_ok=True)
    save_table(rows, docs / (args.arch + ".md"),
               "Carmine and Debian's Linux on %s" % args.arch)
    save_svg(rows, docs / (args.arch + ".svg"),
             "Instructions per operation, Carmine / Linux (%s)" % args.arch)


if __name__ == "__main__":
    main()

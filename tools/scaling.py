#!/usr/bin/python3
"""Runs tests/perf/scaling.c under Debian's Linux and under Carmine, and
writes docs/scaling.md's tables and docs/scaling/*.svg. `make scaling` calls
this.

    scaling.py --b BUILD --deps DEPS --arch ARCH [--only TEXT]

Curves: one CPU, `-icount shift=0,sleep=off`, so that a guest nanosecond is an
instruction. Contention: 1, 2, 4 and 8 CPUs without it, counted by the plugin
tools/share_count.c: instructions of the kernel, turns of spin loops, and
stores to memory that several CPUs store to.
"""
import argparse
import json
import math
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import bench
import mkimage
import profile
import qemu

MEM = "3G"
LIMIT = 1500  # seconds for one run
CPUS = (1, 2, 4, 8)
CURVE = re.compile(r"SCALE ([^/\n]+)/(.+) (\d+) (\d+)\r?$", re.M)
CONTEND = re.compile(r"CONTEND (.+) (\d+) (\d+)\r?$", re.M)
MISSING = re.compile(r"MISSING (.+?)\r?$", re.M)
# What arch_pause() of arch/ARCH/include/arch_inline.h is, as a number.
SPIN = {"riscv64": "2013", "aarch64": "d503203f", "x86_64": "90f3"}
BEGIN, END = "<!-- tables: %s -->", "<!-- end: %s -->"


# ---- running ----------------------------------------------------------------

def boot(args, kernel, image, append, more, name, smp=1):
    """Everything the machine printed."""
    log = Path(args.b) / "scaling" / (name + ".log")
    if args.again:
        return log.read_text(errors="replace") if log.exists() else ""
    argv = qemu.command(args.arch, str(kernel), str(image), smp=smp, mem=MEM,
                        append=append, serial=bench.SERIAL, more=more)
    print("scaling: " + name, file=sys.stderr)
    with log.open("wb") as out:
        try:
            subprocess.run(argv, stdin=subprocess.DEVNULL, timeout=LIMIT,
                           stdout=out, stderr=subprocess.STDOUT, check=False)
        except subprocess.TimeoutExpired:
            out.write(b"\nscaling: timeout\n")
    text = log.read_text(errors="replace")
    if "SCALE-END" not in text:
        print("scaling: %s: no end; the last lines:\n%s" %
              (log, "\n".join(text.splitlines()[-15:])), file=sys.stderr)
    for what in MISSING.findall(text):
        print("scaling: %s: %s" % (name, what), file=sys.stderr)
    return text


def run_linux(args, program):
    image = Path(args.b) / "scaling" / "linux.cpio"
    mkimage.write_archive(str(image), [
        "file:%s=/init" % program, "dir:/dev", "dir:/proc", "dir:/tmp:1777"])
    return boot(args, Path(args.deps) / ("linux-" + args.arch) / "Image",
                image, '%s scaling="%s" scaling_max=%d' % (
                    bench.APPEND[args.arch], args.only, args.linux_max),
                bench.ICOUNT, "linux")


def run_carmine(args, program, words, more, name, smp=1):
    image = Path(args.b) / "scaling" / (name + ".cpio")
    line = " ".join("'%s'" % w for w in words)
    second = str(image) + ".more"
    # The program's file lies beside a whole image: no folder is needed.
    mkimage.write_archive(second, [
        "text:/scaling %s=/etc/carmine/cmd" % line,
        "file:%s=/scaling" % program])
    small = Path(args.b) / args.arch / "initrd-min.cpio"
    image.write_bytes(small.read_bytes() + Path(second).read_bytes())
    kernel = Path(args.b) / ("%s-gcc-release" % args.arch) / "carmine.img"
    return boot(args, kernel, image, "quiet nokaslr", more, name, smp)


def curves(args, program):
    """{(subject, operation): {system: {N: cost}}}"""
    rows = {}
    texts = {}
    if args.system in ("carmine", "both"):
        texts["carmine"] = run_carmine(args, program, [args.only],
                                       bench.ICOUNT, "carmine")
    if args.system in ("linux", "both"):
        texts["linux"] = run_linux(args, program)
    for system, text in texts.items():
        for subject, op, n, cost in CURVE.findall(text):
            rows.setdefault((subject, op), {}).setdefault(
                system, {})[int(n)] = int(cost)
    return rows


class Places:
    """Names of code and data of the kernel."""

    def __init__(self, nm, elf):
        self.code = profile.Symbols(nm, elf)
        out = subprocess.run([nm, "-nS", str(elf)], capture_output=True,
                             text=True, check=True).stdout
        self.data = [(int(r[0], 16), int(r[1], 16), r[3])
                     for r in map(str.split, out.splitlines())
                     if len(r) == 4 and r[2] in "bBdDgGsSuVv"]

    def line(self, address):
        for at, size, name in self.data:
            if at < address + 64 and address < at + size:
                return name
        return ""


def periods(path):
    """What the plugin wrote, a dict for each period."""
    now = {"lines": {}}
    for words in map(str.split, path.read_text().splitlines()):
        if words[0] in ("run", "spin"):
            now[words[0]] = sum(map(int, words[1:]))
        elif words[0] == "end":
            yield now
            now = {"lines": {}}
        else:
            now["lines"].setdefault(int(words[0], 16), []).append(
                (int(words[1], 16), list(map(int, words[2:]))))


def shared(lines, ops, places):
    """Stores, by an operation, to memory of others, and where they are."""
    where = Counter()
    for address, stores in lines.items():
        by_cpu = [sum(c) for c in zip(*(s for _, s in stores))]
        total = sum(by_cpu)
        others = total - max(by_cpu)
        name = places.line(address)
        for pc, counts in stores:
            key = places.code.name(pc) + (" (%s)" % name if name else "")
            where[key] += sum(counts) * others / total / ops
    return sum(where.values()), [
        (k, round(v, 2)) for k, v in where.most_common(12) if v >= 0.02]


def spinning(stores, ops, places):
    """Where spin loops turn: the busiest, by an operation."""
    where = Counter()
    for pc, counts in stores:
        where[places.code.name(pc)] += sum(counts) / ops
    return [(k, round(v, 2)) for k, v in where.most_common(8) if v >= 0.5]


def contention(args, program):
    """{subject: {CPUs: {...}}}"""
    elf = Path(args.b) / ("%s-gcc-release" % args.arch) / "carmine.elf"
    marks = {n: a for a, n in profile.Symbols(args.nm, program).rows}
    places = Places(args.nm, elf)
    rows = {}
    for smp in CPUS:
        out = Path(args.b) / "scaling" / ("share-%d.out" % smp)
        text = run_carmine(args, program, ["contend", str(smp), args.only], [
            "-plugin", "%s,begin=%x,end=%x,spin=%s,out=%s" % (
                args.plugin, marks["mark_begin"],
                marks["mark_end"], SPIN[args.arch], out)],
            "contend-%d" % smp, smp)
        for (subject, cpus, ops), got in zip(CONTEND.findall(text),
                                             periods(out)):
            if int(ops) == 0:
                continue
            spins_at = spinning(got["lines"].pop(0, []), int(ops), places)
            stores, where = shared(got["lines"], int(ops), places)
            rows.setdefault(subject, {})[int(cpus)] = {
                "insns": got["run"] / int(ops),
                "spins": round(got["spin"] / int(ops), 2),
                "stores": round(stores, 2), "where": where,
                "spins_at": spins_at}
    return rows


# ---- showing ----------------------------------------------------------------

def sizes(rows):
    return sorted({n for r in rows.values() for s in r.values() for n in s})


def growth(costs):
    """The exponent of N over the last two decades; 0: flat, 1: linear."""
    n = sorted(costs)[-3:]
    if len(n) < 2 or n[-1] < 100:
        return 0.0
    return math.log(max(costs[n[-1]], 1) / max(costs[n[0]], 1)) / \
        math.log(n[-1] / n[0])


def curve_table(rows):
    ns = sizes(rows)
    out = ["| subject | operation | | " +
           " | ".join("{:,}".format(n) for n in ns) + " | exponent |",
           "| --- | --- | --- |" + " --- |" * (len(ns) + 1)]
    last = None
    for (subject, op), systems in rows.items():
        for system in ("carmine", "linux"):
            costs = systems.get(system)
            if costs is None:
                continue
            out.append("| %s | %s | %s | %s | %.2f |" % (
                subject if subject != last else "",
                op if system == "carmine" else "", system.capitalize(),
                " | ".join("{:,}".format(costs[n]) if n in costs else ""
                           for n in ns), growth(costs)))
            last = subject
    return out


def contend_table(rows):
    out = ["| operation | instructions on 1, 2, 4, 8 CPUs | spins | "
           "stores to others' memory | where, on 8 |",
           "| --- | --- | --- | --- | --- |"]
    for subject, by in rows.items():
        def line(key, form):
            return ", ".join(form % by[c][key] if c in by else "-"
                             for c in CPUS)
        top = by[max(by)]["where"][:3]
        out.append("| %s | %s | %s | %s | %s |" % (
            subject, line("insns", "%d"), line("spins", "%.2f"),
            line("stores", "%.2f"),
            ", ".join("`%s` %.2f" % w for w in top)))
    return out


def chart(subject, rows):
    """Lines over N, both axes logarithmic."""
    left, top, width, height = 60, 40, 420, 240
    ns = sizes(rows)
    values = [max(c, 1) for r in rows.values() for s in r.values()
              for c in s.values()]
    low = math.floor(math.log10(min(values)))
    high = max(math.ceil(math.log10(max(values))), low + 1)
    right = max(math.log10(ns[-1]), 1)

    def x(n):
        return left + width * math.log10(n) / right

    def y(v):
        return top + height * (high - math.log10(max(v, 1))) / (high - low)

    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'font-family="sans-serif" font-size="11">' %
           (left + width + 210, top + height + 40),
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="10" y="18" font-size="13">%s: instructions by their '
           'number</text>' % subject]
    for n in ns:
        out.append('<text x="%.0f" y="%d" text-anchor="middle">%s</text>' %
                   (x(n), top + height + 18, "{:,}".format(n)))
    for e in range(low, high + 1):
        out.append('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" '
                   'stroke="#ddd"/><text x="%d" y="%.1f" '
                   'text-anchor="end">%s</text>' %
                   (left, left + width, y(10 ** e), y(10 ** e), left - 6,
                    y(10 ** e) + 4, "{:,}".format(10 ** e)))
    colours = ("#26a", "#c52", "#2a6", "#949")
    for i, ((_, op), systems) in enumerate(rows.items()):
        colour = colours[i % len(colours)]
        for system, costs in systems.items():
            points = " ".join("%.1f,%.1f" % (x(n), y(c))
                              for n, c in sorted(costs.items()))
            dash = ' stroke-dasharray="4 3"' if system == "linux" else ""
            out.append('<polyline points="%s" fill="none" stroke="%s" '
                       'stroke-width="2"%s/>' % (points, colour, dash))
        out.append('<text x="%d" y="%d" fill="%s">%s</text>' %
                   (left + width + 10, top + 14 + 16 * i, colour, op))
    out.append('<text x="%d" y="%d">dashed: Linux</text></svg>' %
               (left + width + 10, top + 20 + 16 * len(rows)))
    return "\n".join(out) + "\n"


def fill(text, name, lines):
    """Replaces what stands between the marks of a table."""
    begin, end = BEGIN % name, END % name
    head, rest = text.split(begin, 1)
    return head + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + \
        rest.split(end, 1)[1]


def save(args, curve_rows, contend_rows):
    """Writes what was measured; a part that was not stays as it is."""
    out = Path(args.b) / "scaling" / (args.arch + ".json")
    figures = json.loads(out.read_text()) if out.exists() else {}
    if curve_rows:
        figures["curves"] = [{"subject": s, "operation": o, **systems}
                             for (s, o), systems in curve_rows.items()]
    if contend_rows:
        figures["contention"] = contend_rows
    out.write_text(json.dumps(figures, indent=1) + "\n")
    if args.arch != "riscv64":
        return
    folder = Path("docs/scaling")
    folder.mkdir(exist_ok=True)
    subjects = dict.fromkeys(s for s, _ in curve_rows)
    for subject in subjects:
        rows = {k: v for k, v in curve_rows.items() if k[0] == subject}
        (folder / (subject.replace(" ", "-") + ".svg")).write_text(
            chart(subject, rows))
    doc = Path("docs/scaling.md")
    text = doc.read_text()
    if curve_rows:
        text = fill(text, "curves", curve_table(curve_rows))
    if contend_rows:
        text = fill(text, "contention", contend_table(contend_rows))
    doc.write_text(text)


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--b", default="build")
    ap.add_argument("--deps")
    ap.add_argument("--arch", default="riscv64", choices=bench.APPEND)
    ap.add_argument("--nm", default="riscv64-linux-gnu-nm")
    ap.add_argument("--plugin", default="build/tools/share_count.so")
    ap.add_argument("--only", default="", help="subjects with this text")
    ap.add_argument("--system", choices=("carmine", "linux", "both"),
                    default="both", help="whose curves")
    ap.add_argument("--linux-max", type=int, default=100000, metavar="N",
                    help="Linux's curves end there")
    ap.add_argument("--again", action="store_true",
                    help="the tables of the last run once more")
    ap.add_argument("--part", choices=("curves", "contention"))
    args = ap.parse_args()
    args.deps = args.deps or args.b + "/deps"
    (Path(args.b) / "scaling").mkdir(parents=True, exist_ok=True)
    program = (Path(args.b) / "tests/perf" /
               ("scaling." + args.arch)).resolve()
    curve_rows = {} if args.part == "contention" else curves(args, program)
    contend_rows = {} if args.part == "curves" else contention(args, program)
    print("\n".join(curve_table(curve_rows) + contend_table(contend_rows)))
    for subject, by in contend_rows.items():
        print("\n%s, on %d CPUs:" % (subject, max(by)))
        for name, value in by[max(by)]["where"]:
            print("%10.2f  %s" % (value, name))
        for name, value in by[max(by)]["spins_at"]:
            print("%10.2f  turns of %s" % (value, name))
    if not args.only and (args.system == "both" or args.part == "contention"):
        save(args, curve_rows, contend_rows)


if __name__ == "__main__":
    main()

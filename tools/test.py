#!/usr/bin/python3
"""Runs the test suites and counts. `make test` calls this.

    test.py --b BUILD --deps DEPS --arch ARCH,... [--only TEXT] SUITE...

Each suite builds what it needs by make; what does not build counts as
failed. Suites that need a machine run on each of the architectures. C programs print TAP. The last line sums everything:
`N passed, N failed`.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import qemu

# A report of one of these fails the run, whatever the tests said.
REPORTS = re.compile(
    r"((?:panic: |asan: |ubsan: |lock order: |\bleaked\b|AddressSanitizer|"
    r"LeakSanitizer|ThreadSanitizer|runtime error: ).*)")
PYTHON = "/usr/bin/python3"
# Where tests leave what lines they ran, for tools/coverage.py; "": they do not.
COVER = os.environ.get("CARMINE_COVER", "")


class Count:
    def __init__(self):
        self.passed, self.failed, self.names = 0, 0, []

    def ok(self, n=1):
        self.passed += n

    def fail(self, name, text="", n=1):
        self.failed += n
        self.names.append(name)
        print("FAILED  %s" % name)
        lines = text.rstrip().splitlines()
        # The cause stands first in a report, a trace fills it.
        first = next((i for i, line in enumerate(lines)
                      if REPORTS.search(line)), len(lines))
        last = max(len(lines) - 60, 0)
        for line in lines[first:min(first + 40, last)] + lines[last:]:
            print("        " + line)
        sys.stdout.flush()


class Suite:
    machines = False  # does it run on one?

    def __init__(self, args, count, arch):
        self.args, self.count, self.arch = args, count, arch
        self.b = Path(args.b)

    def wanted(self, name):
        return self.args.only in str(name)

    def first(self):
        """The first port of the list runs more than the others do."""
        return self.arch == self.args.arch.split(",")[0]

    def make(self, *goals, **options):
        options = dict(B=self.args.b, DEPS=self.args.deps, **options)
        argv = ["make", "-k", "-j", str(min(os.cpu_count() or 1, 4)),
                *goals, *["%s=%s" % kv for kv in options.items()]]
        env = {k: v for k, v in os.environ.items()
               if k not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "CMD",
                            "APPEND", "EXTRA", "SMP", "MEM", "MAKELEVEL")}
        return subprocess.run(argv, env=env, stdout=sys.stderr).returncode

    def own(self, goal, out, **options):
        """Builds programs of this machine; gives the folder they are in."""
        if COVER:
            options = dict(ARCH="host", CC="clang", BUILD="cover")
            out = self.b / "host-clang-cover"
        self.make(goal, **options)
        return out

    def machine(self, **options):
        """Boots; gives status and what it printed."""
        argv = [PYTHON, "tools/run.py", "--arch", self.arch,
                "--images", str(self.b / self.arch)]
        for key, value in options.items():
            if value is not False:
                argv.append("--" + key)
            if not isinstance(value, bool):
                argv.append(str(value))
        p = subprocess.run(argv, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return (p.returncode, p.stdout.decode(errors="replace"),
                p.stderr.decode(errors="replace"))

    def kernel(self, build):
        return self.b / ("%s-gcc-%s" % (self.arch, build)) / \
            "carmine.img"

    def tap(self, name, text, status):
        """Counts TAP lines; the whole program fails if it says too little."""
        bad = re.findall(r"^not ok \d+ ?-? ?(.*?)\r?$", text, re.M)
        good = re.findall(r"^ok \d+", text, re.M)
        plan = re.findall(r"^1\.\.(\d+)", text, re.M)
        self.count.ok(len(good))
        for title in bad:
            self.count.fail("%s: %s" % (name, title), text)
        report = REPORTS.search(text)
        if report and not bad:
            self.count.fail("%s: %s" % (name, report.group(1).strip()), text)
        elif status != 0 and not bad:
            self.count.fail("%s: status %d" % (name, status), text)
        elif plan and int(plan[-1]) == 0:
            self.count.fail("%s: no test has that name" % name, text)
        elif not plan or int(plan[-1]) != len(good) + len(bad) or \
                not good + bad:
            self.count.fail("%s: no full report" % name, text)

    def programs(self, sources, binary, argv=lambda path, name: [path]):
        """Runs one program per source file, two at a time."""
        def one(src):
            path = binary(src)
            env = dict(os.environ, LLVM_PROFILE_FILE="%s/%s%%c.profraw" % (
                COVER, str(src.with_suffix("")).replace("/", ".")))
            if not path.exists() or \
                    path.stat().st_mtime < src.stat().st_mtime:
                return src, -1, "did not build"
            try:
                p = subprocess.run(
                    argv(str(path), src.stem), stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    timeout=300, env=env if COVER else None)
                return src, p.returncode, p.stdout.decode(errors="replace")
            except subprocess.TimeoutExpired as e:
                return src, -1, (e.stdout or b"").decode() + "\ntimeout"
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            yield from pool.map(one, [s for s in sources if self.wanted(s)])


class Check(Suite):
    """What is checked without running anything: the parts of mk/check.mk."""

    def run(self):
        parts = subprocess.run(
            ["make", "-s", "check-list", "B=" + self.args.b], check=True,
            stdout=subprocess.PIPE).stdout.decode().split()
        for part in parts:
            if not self.wanted("check " + part):
                continue
            if self.make(part) == 0:
                self.count.ok()
            else:
                self.count.fail("check " + part)


class Unit(Suite):
    where = "tests/unit"

    def run(self):
        sources = sorted(Path(self.where).rglob("*_test.c"))
        out = self.own("unit-bins", self.b)
        for src, status, text in self.programs(
                sources, lambda s: out / s.with_suffix("")):
            self.tap(src, text, status)


class Host(Suite):
    builds = ("asan",)

    def run(self):
        sources = sorted(Path("tests/host").rglob("*_test.c"))
        if not sources:
            return
        for build in self.builds:
            out = self.own("host-bins", self.b / ("host-gcc-" + build),
                           ARCH="host", BUILD=build)
            for src, status, text in self.programs(
                    sources, lambda s: out / s.with_suffix("")):
                self.tap("%s (%s)" % (src, build), text, status)


class Race(Host):
    """The same under the race checker."""
    builds = ("tsan",)


class Fuzz(Suite):
    """The corpus again, and some thousand inputs from a fixed seed."""

    def argv(self, path, name):
        name = name.removesuffix("_fuzz")
        new = self.b / "fuzz" / name
        new.mkdir(parents=True, exist_ok=True)
        seeds = Path("tests/fuzz") / (name + "_seeds.py")
        if seeds.exists():
            subprocess.run([sys.executable, str(seeds), str(new)],
                           check=True)
        corpus = Path("tests/fuzz/corpus") / name
        # libFuzzer writes new inputs to its first folder, and reads all.
        return [path, "-seed=1", "-runs=20000", "-max_total_time=15",
                "-timeout=10", "-artifact_prefix=%s/" % new, str(new),
                *([str(corpus)] if corpus.is_dir() else [])]

    def run(self):
        sources = sorted(Path("tests/fuzz").glob("*_fuzz.c"))
        out = self.own("fuzz-bins", self.b)
        for src, status, text in self.programs(
                sources, lambda s: out / s.with_suffix(""), self.argv):
            if status == 0:
                self.count.ok()
            else:
                self.count.fail(str(src), text)


class Pytest(Suite):
    where = ""
    build = "release"

    def prepare(self):
        return True

    def on(self):
        if not self.machines:
            return ""
        return " on %s, %s" % (self.arch, self.build)

    def pytest(self, *what):
        """Runs pytest; its status, and {node id: passed} or None."""
        xml = self.b / "tests" / ("%s-%s-%s.xml" % (
            self.where.replace("/", "-"), self.arch, self.build))
        xml.parent.mkdir(parents=True, exist_ok=True)
        xml.unlink(missing_ok=True)
        env = dict(os.environ, CARMINE_B=self.args.b,
                   CARMINE_DEPS=self.args.deps, CARMINE_ARCH=self.arch,
                   CARMINE_BUILD=self.build)
        p = subprocess.run([PYTHON, "-B", "-m", "pytest", "-q", "-p",
                            "no:cacheprovider", "--tb=short",
                            "--junitxml=%s" % xml, *what],
                           env=env, stdin=subprocess.DEVNULL)
        if not xml.exists():
            return p.returncode, None
        results = {}
        for case in ET.parse(xml).iter("testcase"):
            node = "%s.py::%s" % (case.get("classname").replace(".", "/"),
                                  case.get("name"))
            if case.find("skipped") is None:
                results[node] = case.find("failure") is None and \
                    case.find("error") is None
        return p.returncode, results

    def select(self):
        return [self.where]

    def run(self):
        if not list(Path(self.where).glob("test_*.py")):
            return
        if not self.prepare():
            self.count.fail(self.where + ": did not build")
            return
        only = ["-k", self.args.only] if self.args.only else []
        status, results = self.pytest(*only, *self.select())
        if results is None:
            self.count.fail("%s: pytest status %d" % (self.where, status))
            return
        for node, passed in results.items():
            if passed:
                self.count.ok()
            else:
                self.count.fail(node + self.on())
        if status not in (0, 5) and all(results.values()):
            self.count.fail("%s: pytest status %d" % (self.where, status))


class Tools(Pytest):
    where = "tests/tools"


class Boot(Pytest):
    """The first port of the list runs all of it; the others, whose kernels the
    suites before this one have tried, what shows that a person can use them.
    `make boot ARCH=...` runs all on that port. On the first port the check
    build runs what is most of native and xv6 programs as well."""

    where = "tests/boot"
    machines = True
    OTHERS = ("shell", "pipelines", "delegation", "xv6", "arm_machines")
    CHECKED = ("native_calls", "pipelines", "tools", "xv6")

    def prepare(self):
        return self.make("image", "boot-bins", ARCH=self.arch,
                         BUILD=self.build) == 0

    def select(self):
        if self.build == "release" and self.first():
            return [self.where]
        some = self.CHECKED if self.build == "check" else self.OTHERS
        return ["%s/test_%s.py" % (self.where, x) for x in some]

    def run(self):
        super().run()
        if self.first():
            self.build = "check"
            super().run()


class Boots(Boot):
    """All of it on the builds that check themselves."""

    def select(self):
        return [self.where]

    def run(self):
        for self.build in ("check", "asan"):
            Pytest.run(self)


class Ktest(Suite):
    """The check build tests itself, on the first port the asan build too.
    What measures time runs where the clock counts instructions, on one CPU
    and on several in turn; the others also where CPUs run at once and by the
    wall clock. In turn: where a CPU that waits for a lock ends its turn
    (`yield`, `pause`). On riscv64 QEMU 7.2 lets it spin up to the next timer
    and then begins with it again, so that a holder of a higher number may
    never go on."""

    machines = True
    RUNS = (("check", 1, "both"), ("check", 4, "only"), ("check", 4, "no"))
    FIRST = (("asan", 1, "no"),)
    NO_TURNS = ("riscv64",)

    def run(self):
        if not list(Path("tests/kernel").glob("*.c")):
            return
        for build, smp, timed in self.RUNS + self.FIRST * self.first():
            if timed == "only" and self.arch in self.NO_TURNS:
                continue
            if self.make("image", ARCH=self.arch, BUILD=build) != 0:
                self.count.fail("ktest: the %s build did not build" % build)
                continue
            name = "ktest, %s, %s, %d CPUs%s" % (
                self.arch, build, smp,
                "" if timed == "no" else ", counting")
            append = "ktest=%s ktest.timed=%s" % (self.args.only or "all",
                                                  timed)
            status, out, err = self.machine(
                kernel=self.kernel(build), smp=smp, plain=True, limit=600,
                icount=timed != "no", append=append, device="edu",
                log=self.b / self.arch / ("ktest-%s-%d-%s.log" %
                                               (build, smp, timed)))
            out = out.replace("\r\n", "\n")
            if self.args.only and "\n1..0\n" in out:
                continue
            start = out.find("TAP version")
            self.tap(name, out[max(start, 0):] + err,
                     status)


class Abi(Suite):
    """The same program here and on the build machine's Linux: what it
    prints and its status have to be the same. `// oracle: user` in a test
    takes the same binary under qemu-user instead of a native build. On one
    port the check build runs them as well: it tells of locks out of order,
    of sleep where none may be, and what is freed is poisoned."""

    machines = True
    CHECKED = "riscv64"
    LIMIT = 60  # seconds for one program
    WHERE = Path("tests/abi/linux")
    asked = {}

    def binary(self, src, machine):
        """The program of a source: for machine `native` or our own."""
        return self.b / src.with_suffix("." + machine)

    def run(self):
        # A folder of the architecture's name has what only it can run.
        sources = [s for s in sorted(self.WHERE.glob("*.c")) +
                   sorted((self.WHERE / self.arch).glob("*.c"))
                   if self.wanted(s)]
        if not sources:
            return
        builds = ["release"] + ["check"] * (self.arch == self.CHECKED)
        for build in builds:
            if self.make("image", ARCH=self.arch, BUILD=build) != 0:
                self.count.fail("abi: the %s build did not build" % build)
                return
        self.make("abi-bins", ARCH=self.arch)
        ready = []
        for src in sources:
            if self.binary(src, self.arch).exists() and (
                    self.under_user(src) or
                    self.binary(src, "native").exists()):
                ready.append(src)
            else:
                self.count.fail("%s: did not build" % src)
        # What it says on this machine, while that one runs.
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            wanted = {s: pool.submit(self.oracle, s) for s in ready}
            for build in builds:
                results = self.batch({s.stem: s for s in ready}, build)
                for src in ready:
                    self.compare("%s on %s, %s" % (src, self.arch, build),
                                 wanted[src].result(), results.get(src.stem))

    def batch(self, sources, build):
        """Runs all in one boot; what that did not reach, one by one."""
        results, left = {}, list(sources)
        while left:
            results.update(self.boot(sources, left, build))
            rest = [n for n in left if n not in results]
            if len(rest) == len(left):
                results[rest[0]] = (-1, "the machine did not get this far")
                rest = rest[1:]
            elif rest:
                # The first one left is what stopped the machine.
                results.update(self.boot(sources, rest[:1], build))
                results.setdefault(rest[0], (-1, "the machine stopped"))
                rest = rest[1:]
            left = rest
        return results

    def boot(self, sources, names, build):
        extra = self.b / "tests/abi-extra"
        subprocess.run(["rm", "-rf", extra], check=True)
        extra.mkdir(parents=True)
        os.link(self.b / ("tests/abi/driver." + self.arch),
                extra / "driver")
        for name in names:
            os.link(self.binary(sources[name], self.arch), extra / name)
        _, text, err = self.machine(
            kernel=self.kernel(build), smp=2, extra=extra,
            cmd="/extra/driver " + " ".join(names),
            limit=self.LIMIT + 5 * len(names),
            log=self.b / self.arch / ("abi-%s.log" % build))
        results = {}
        for m in re.finditer(r"^\[(\w+)\]\n(.*?)^\[\1: (-?\d+)\]$", text,
                             re.M | re.S):
            results[m.group(1)] = (int(m.group(3)), m.group(2))
        report = REPORTS.search(text) or REPORTS.search(err)
        if report:
            at = report.start()
            self.count.fail("abi, %s: %s" % (
                                build, report.group(1).strip()),
                            (text + err)[max(0, at - 200):at + 2000])
        return results

    @staticmethod
    def under_user(src):
        return re.search(r"^// oracle: user", src.read_text(), re.M)

    def oracle(self, src):
        """(status, output) on this machine. A native program says the same
        for every port: it is asked once."""
        if self.under_user(src):
            return self.ask(src)
        if src not in self.asked:
            self.asked[src] = self.ask(src)
        return self.asked[src]

    def ask(self, src):
        argv = [str(self.binary(src, "native").resolve())]
        if self.under_user(src):
            machine = qemu.MACHINES[self.arch]
            argv = ["qemu-%s-static" % self.arch, "-cpu",
                    machine[machine.index("-cpu") + 1],
                    str(self.binary(src, self.arch).resolve())]
        try:
            with tempfile.TemporaryDirectory() as cwd:
                p = subprocess.run(
                    argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, timeout=self.LIMIT, cwd=cwd,
                    env={"PATH": "/bin:/usr/bin", "HOME": "/root",
                         "LANG": "C"})
            return p.returncode, p.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired:
            return -1, "timeout on the build machine"

    def compare(self, name, want, ours):
        if ours is None:
            ours = (-1, "no result")
        if ours == want:
            self.count.ok()
        else:
            self.count.fail(name, "Linux, status %d:\n%s\nhere, status %d:"
                            "\n%s" % (*want, *ours))


class Failing(Abi):
    """Allocations fail, once at each place that makes one, under the programs
    of the suite `abi`, in the check build. What those tell and how they end is
    their business."""

    machines = False # one port is enough: the kernel's paths are the same
    MOST = 60 # runs of one program

    def run(self):
        sources = [s for s in sorted(self.WHERE.glob("*.c"))
                   if self.wanted(s)]
        if self.make("image", ARCH=self.arch, BUILD="check") != 0 or \
                self.make("abi-bins", ARCH=self.arch) != 0:
            self.count.fail("failing: did not build")
            return
        with tempfile.TemporaryDirectory() as extra:
            for s in sources:
                shutil.copy(self.binary(s, self.arch),
                            Path(extra) / s.stem)
            shutil.copy(self.b / ("tests/abi/failing." + self.arch),
                        Path(extra) / "failing")
            self.one(extra, [s.stem for s in sources])

    def one(self, extra, names):
        status, text, err = self.machine(
            kernel=self.kernel("check"), smp=2, extra=extra,
            cmd="/extra/failing %d %s && echo alive | cat" % (
                self.MOST, " ".join(names)),
            limit=900,
            log=self.b / self.arch / "failing.log")
        done = re.findall(r"^failing: (\w+): \d+ runs", text, re.M)
        self.count.ok(len(done))
        if status != 0 or "alive" not in text or done != names or \
                REPORTS.search(text + err):
            self.count.fail("failing: status %d" % status, text + err)


class Calls(Suite):
    """Random calls of every ABI in the booted kernel (tests/calls): it has to
    survive, to hold no lock, and to give everything back."""

    machines = True
    TOTAL = 200000
    PERCENT = {"linux": 50, "native": 35, "xv6": 15}
    RUNS = (("release", 4), ("check", 2))
    # QEMU 7.2 itself dies at some random instructions: VEX.0F C4 without a
    # prefix, VEX.256.66.0F3A 0A and 0B. Without AVX it refuses all of VEX.
    CPU = {"x86_64": {"cpu": "max,-avx"}}
    LIMIT = 400

    def run(self):
        if self.make("calls-bins", ARCH=self.arch) != 0:
            self.count.fail("calls: did not build")
            return
        for build, smp in self.RUNS:
            if self.make("image", ARCH=self.arch, BUILD=build) != 0:
                self.count.fail("calls: the %s build did not build" % build)
                continue
            total = self.args.calls or self.TOTAL
            for abi, percent in self.PERCENT.items():
                if self.wanted("calls %s %s" % (build, abi)):
                    self.one(build, smp, abi,
                             total * percent // 100 // len(self.RUNS))

    def one(self, build, smp, abi, count):
        name = "calls, %s, %s, %d CPUs, %s, seed %d" % (
            self.arch, build, smp, abi, self.args.seed)
        # An xv6 program belongs into its zone.
        line = "mkdir /abi/xv6/calls; " \
            "cp /extra/xv6 /abi/xv6/calls; /extra/calls %s %d %d && " \
            "echo alive | cat" % (abi, self.args.seed, count)
        status, text, err = self.machine(
            kernel=self.kernel(build), smp=smp, cmd=line, limit=self.LIMIT,
            extra=self.b / (self.arch + "-calls/bin"),
            log=self.b / self.arch / ("calls-%s-%s.log" % (build, abi)),
            **self.CPU.get(self.arch, {}))
        if status == 0 and "alive" in text and \
                not REPORTS.search(text + err):
            self.count.ok()
            print(text.splitlines()[-2])
        else:
            report = REPORTS.search(text + err)
            self.count.fail("%s: %s" % (
                name, report[1].strip() if report else
                "status %d" % status), text + err)


class Nightly(Calls):
    """Ten million of them."""
    TOTAL = 10000000
    LIMIT = 8 * 3600


SUITES = {"check": Check, "unit": Unit,
          "host": Host, "race": Race, "fuzz": Fuzz,
          "tools": Tools, "ktest": Ktest, "abi": Abi, "failing": Failing,
          "calls": Calls, "nightly": Nightly, "boot": Boot, "boots": Boots}


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--b", default="build")
    ap.add_argument("--deps", default=None)
    ap.add_argument("--arch", default="riscv64", help="a list with commas")
    ap.add_argument("--only", default="")
    ap.add_argument("--seed", type=int, default=1, help="of random calls")
    ap.add_argument("--calls", type=int, default=0,
                    help="how many random calls (0: what the suite makes)")
    ap.add_argument("suites", nargs="+", choices=SUITES)
    args = ap.parse_args()
    args.deps = args.deps or args.b + "/deps"
    arches = args.arch.split(",")
    for arch in arches:
        if arch not in qemu.MACHINES:
            ap.error("--arch %s: choose from %s" % (
                arch, ", ".join(qemu.MACHINES)))
    count = Count()
    for name in args.suites:
        suite = SUITES[name]
        for arch in arches if suite.machines else arches[:1]:
            begin, before = time.monotonic(), (count.passed, count.failed)
            suite(args, count, arch).run()
            print("%-6s %4d passed, %d failed, %.0f s%s" % (
                name, count.passed - before[0], count.failed - before[1],
                time.monotonic() - begin,
                " on " + arch if suite.machines else ""), flush=True)
    for name in count.names:
        print("failed: " + name)
    print("%d passed, %d failed" % (count.passed, count.failed))
    sys.exit(count.failed != 0 or count.passed == 0)


if __name__ == "__main__":
    main()

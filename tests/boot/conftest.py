"""Whole systems under QEMU, driven through the console.

    def test_x(console): ...          booted to the shell's prompt, SMP 1, 2, 4
    def test_y(boot): c = boot(mem="64M")
    def test_z(run_line): status, text = run_line("hello | cat")

A console fails its test if the kernel reported anything.
"""
import codecs
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))
import qemu  # noqa: E402

ARCH = os.environ.get("CARMINE_ARCH", "riscv64")
B = Path(os.environ.get("CARMINE_B", TOP / "build"))
BUILD = os.environ.get("CARMINE_BUILD", "release")
KERNEL = B / ("%s-gcc-%s" % (ARCH, BUILD)) / "carmine.img"
IMAGES = B / ARCH
PYTHON = "/usr/bin/python3"

REPORTS = re.compile(
    r"(^|\] )(panic: |asan: |ubsan: |lock order: |leaked )", re.M)
# The native shell's prompt, at the beginning of a line.
SEQUENCES = r"(\x1b\[[0-9;?]*[a-zA-Z])*"
PROMPT = r"(?m)^" + SEQUENCES + r"[^\n]{0,60}[#$] " + SEQUENCES + r"\Z"


class Console:
    """A machine and its serial line; more is for qemu.command(). Times are
    hang detectors. mux: Ctrl-A is the emulator's, as by `make run`."""

    def __init__(self, smp=1, mem="512M", append="", cmd=None, extra=None,
                 kernel=KERNEL, mux=False, **more):
        image = qemu.image_for(str(IMAGES), mem)
        self.image, self.temporary = qemu.initrd(image, cmd, extra)
        con = "stdio,id=con,signal=off" + (",mux=on" if mux else "")
        argv = qemu.command(ARCH, str(kernel), self.image, smp, mem, append,
                            ("-chardev", con), **more)
        self.proc = subprocess.Popen(argv, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT)
        self.decode = codecs.getincrementaldecoder("utf-8")("replace")
        self.all, self.at = "", 0  # what came, and how far it is expected

    def pump(self, wait):
        """Takes what the machine says within wait seconds; False: its end."""
        out = self.proc.stdout.fileno()
        if not select.select([out], [], [], wait)[0]:
            return True
        data = os.read(out, 65536)
        self.all += self.decode.decode(data).replace("\r", "")
        return bool(data)

    @property
    def text(self):
        """What came since the last expect, without carriage returns."""
        return self.all[self.at:]

    def expect(self, pattern, timeout=30):
        """Waits until pattern matches what came since the last expect; gives
        the match. Text behind the match is kept for the next one."""
        end, alive = time.monotonic() + timeout, True
        while True:
            m = re.search(pattern, self.text)
            if m:
                self.at += m.end()
                return m
            left = end - time.monotonic()
            if left <= 0 or not alive:
                pytest.fail("%s: %r did not come after:\n%s" % (
                    "time ran out" if alive else "the machine ended",
                    pattern, self.text[-4000:]), pytrace=False)
            alive = self.pump(min(left, 1))

    def send(self, text):
        data = text.encode() if isinstance(text, str) else text
        self.proc.stdin.write(data)
        self.proc.stdin.flush()

    def line(self, text, timeout=30):
        """Types a line at the shell; gives what it printed before the next
        prompt, without the echo of the line."""
        self.send(text + "\r")
        self.expect(r"\n", timeout)
        before = self.at
        m = self.expect(PROMPT, timeout)
        return self.all[before:before + m.start()]

    def prompt(self, timeout=60):
        self.expect(PROMPT, timeout)

    def wait_end(self, timeout=30):
        """Waits until the machine is off; gives QEMU's status."""
        end = time.monotonic() + timeout
        while self.pump(1):
            if time.monotonic() > end:
                pytest.fail("the machine does not end:\n" + self.text[-4000:],
                            pytrace=False)
        return self.proc.wait()

    def close(self):
        if self.proc.poll() is None:
            self.pump(0)
            self.proc.kill()
        self.proc.wait()
        self.proc.stdin.close()
        self.proc.stdout.close()
        if self.temporary:
            os.unlink(self.image)

    def reports(self):
        m = REPORTS.search(self.all)
        return self.all[m.start():m.start() + 3000] if m else ""


@pytest.fixture
def boot():
    """Makes machines; looks at what their kernels reported at the end."""
    made = []

    def make(**options):
        made.append(Console(**options))
        return made[-1]
    yield make
    reports = []
    for c in made:
        c.close()
        reports.append(c.reports())
    if any(reports):
        pytest.fail("the kernel reported:\n" + "\n".join(reports),
                    pytrace=False)


@pytest.fixture(params=[1, 2, 4], ids=lambda n: "smp%d" % n)
def smp(request):
    return request.param


@pytest.fixture
def console(boot, smp):
    c = boot(smp=smp)
    c.prompt()
    return c


class Shell:
    """Lines one after the other in one machine, each in a subshell."""

    def __init__(self, extra):
        self.extra, self.console, self.reported = extra, None, ""

    def start(self):
        self.console = Console(smp=2, extra=self.extra)
        self.console.prompt()
        # The editor draws a line anew that wraps: have it never wrap.
        self.console.line("stty cols 2000")

    def close(self):
        if self.console:
            self.console.close()
            self.reported += self.console.reports()
        self.console = None

    def __call__(self, line):
        """Gives (status, output)."""
        try:
            if not self.console:
                self.start()
            text = self.console.line("(%s)" % line, 60)
            return int(self.console.line("echo $?")), text
        except BaseException:
            self.close()  # the next line gets a machine that works
            raise


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """As run_line, for lines that need no machine of their own: they share
    one by module. /extra/numbers is there."""
    extra = tmp_path_factory.mktemp("extra")
    (extra / "numbers").write_text("3\n20\n1\n30\n")
    (extra / "numbers").chmod(0o644)
    s = Shell(extra)
    yield s
    s.close()
    assert s.reported == ""


@pytest.fixture
def run_line(tmp_path):
    """Runs one line of the native shell in its own machine, as `make run
    CMD=...` does; gives (status, output)."""
    def run(cmd, smp=2, mem="512M", append="", extra=None, stdin=b"",
            limit=60):
        log = tmp_path / "boot.log"
        argv = [PYTHON, str(TOP / "tools/run.py"), "--arch", ARCH,
                "--kernel", str(KERNEL), "--images", str(IMAGES),
                "--smp", str(smp), "--mem", mem, "--append", append,
                "--cmd", cmd, "--limit", str(limit), "--log", str(log)]
        if extra:
            argv += ["--extra", str(extra)]
        p = subprocess.run(argv, input=stdin, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
        if p.returncode in (97, 98, 99):
            pytest.fail("%s\n%s" % (p.stdout.decode(errors="replace"),
                                    p.stderr.decode(errors="replace")),
                        pytrace=False)
        kernel = log.read_bytes().decode(errors="replace").replace("\r", "")
        m = REPORTS.search(kernel)
        if m:
            pytest.fail("the kernel reported:\n" +
                        kernel[m.start():m.start() + 3000], pytrace=False)
        return p.returncode, p.stdout.decode(errors="replace")
    return run

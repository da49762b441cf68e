"""Nothing is left of something: the offender gets the error or dies, the
shell answers, and afterwards there is as much as before."""
import subprocess

import pytest

from conftest import ARCH, TOP

COMPILER = {"riscv64": "riscv64-linux-gnu-gcc",
            "aarch64": "aarch64-linux-gnu-gcc",
            "x86_64": "x86_64-linux-gnu-gcc"}[ARCH]
OUTCOMES = {
    "memory": "memory: killed by 9",
    "forks": "forks: over, many 1",
    "files": "files: No space left on device, many 1",
    "handles": "handles: all",
}


@pytest.fixture(scope="module")
def hogs(tmp_path_factory):
    extra = tmp_path_factory.mktemp("hogs")
    subprocess.run([COMPILER, "-O1", "-static", "-D_GNU_SOURCE", "-o",
                    str(extra / "hogs"), str(TOP / "tests/boot/hogs.c")],
                   check=True)
    return extra


def live(c):
    """{kind: how many}, without what caches keep."""
    text = c.line("echo 3 > /proc/sys/vm/drop_caches; "
                  "cat /proc/carmine/live")
    return {name: int(n) for name, n in
            (line.split() for line in text.split("\n") if line)}


@pytest.mark.parametrize("what", OUTCOMES)
def test_the_machine_outlives_the_end_of(boot, hogs, what):
    c = boot(smp=2, mem="64M", extra=hogs)
    c.prompt()
    c.line("/extra/hogs nothing; hello | cat")  # loads what stays loaded
    before = live(c)
    assert OUTCOMES[what] in c.line("/extra/hogs " + what, timeout=180)
    assert c.line("hello | cat", timeout=60) == "Hello from Carmine\n"
    after = live(c)
    assert after["free_pages"] >= before["free_pages"] * 0.99
    grown = {kind: (before[kind], n) for kind, n in after.items()
             if not kind.endswith("_pages") and n > before[kind]}
    assert not grown

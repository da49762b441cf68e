"""The tools that measure still run: one short line of each."""
import os
import re
import subprocess

from conftest import ARCH, B, TOP


def make(*words):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("MAKE") and k != "MFLAGS"}
    return subprocess.run(
        ["make", "B=%s" % B, "ARCH=%s" % ARCH, *words], cwd=TOP, env=env,
        capture_output=True, text=True, timeout=600)


def test_profile_tells_the_functions_of_an_operation():
    p = make("profile", "OP=null call")
    assert p.returncode == 0, p.stdout + p.stderr
    total = re.search(r"^ +([\d.]+)  instructions per operation", p.stdout,
                      re.M)
    parts = re.findall(r"^ +([\d.]+) +[\d.]+ %  (\S+)", p.stdout, re.M)
    assert total and 20 < float(total.group(1)) < 1000
    assert "trap_syscall" in [name for _, name in parts]
    assert abs(sum(float(n) for n, _ in parts) - float(total.group(1))) < 10


def test_bench_measures_a_line_of_its_table():
    assert make(str(B / ("tests/perf/bench." + ARCH))).returncode == 0
    p = subprocess.run(
        ["/usr/bin/python3", "tools/bench.py", "--b", str(B), "--arch", ARCH,
         "--ours", "--quick", "--boots", "1", "--only", "null call"], cwd=TOP,
        capture_output=True, text=True, timeout=600)
    assert p.returncode == 0, p.stdout + p.stderr
    assert re.search(r"null call.* \d\d+ ", p.stdout), p.stdout + p.stderr
    assert "no end" not in p.stderr

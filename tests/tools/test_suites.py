"""How the runner of the suites judges what a program printed."""
import argparse
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))
import test as suites  # noqa: E402

GOOD = "TAP version 14\n1..1\nok 1 - one\n"


def judge(text, status):
    count = suites.Count()
    args = argparse.Namespace(only="", b="build", deps=None)
    suites.Suite(args, count, "riscv64").tap("a program", text, status)
    return count.passed, count.failed


def test_a_program_that_passes():
    assert judge(GOOD, 0) == (1, 0)


@pytest.mark.parametrize("report", [
    "WARNING: ThreadSanitizer: data race (pid=1)",
    "==1==ERROR: AddressSanitizer: heap-use-after-free",
    "x.c:1:2: runtime error: signed integer overflow",
    "panic: no", "lock order: a after b", "leaked 1 objects: memory"])
def test_a_report_fails_a_program_that_ends_well(report):
    assert judge(report + "\n" + GOOD, 0) == (1, 1)


def test_a_status_fails_a_program_whose_tests_pass():
    assert judge(GOOD, 66) == (1, 1)


def test_a_program_that_stops_early_has_failed():
    assert judge("1..2\nok 1 - one\n", 0) == (1, 1)


def test_a_panic_is_shown_from_its_first_line_to_the_end(capsys):
    text = ["noise"] * 9 + ["[1.0] panic: why"] + ["event"] * 500 + ["end"]
    suites.Count().fail("a program", "\n".join(text))
    out = capsys.readouterr().out
    assert "panic: why" in out and out.endswith("end\n")
    assert "noise" not in out and len(out.splitlines()) == 101

"""The panic report, by faults on purpose: what it says, that the other CPUs
stop, and that QEMU and the runner end with the status of a panic."""
import re
import subprocess

import pytest

import conftest
from conftest import Console

PANIC = 99
DATA = r"no page to (read|write|execute)"
# Floor of what a program's or the kernel's pages allow, and what stops it.
FAULTS = {
    "null": (DATA + r" at 0 in crash_null\+", ["crash_null"]),
    "assert": (r"crash\.c:\d+: assertion failed: zero == 1",
               ["assert_failed", "crash_by_name"]),
    "stack": (r"stack overflow", ["deeper"]),
    "canary": (r"stack canary overwritten", ["__stack_chk_fail"]),
    "text": (DATA + r" at [0-9a-f]{16} in crash_text\+", ["crash_text"]),
    "data": (DATA + r" at [0-9a-f]{16} in \?", []),
    "user": (DATA + r" at [0-9a-f]+ in crash_user\+", ["crash_user"]),
    "user-write": (DATA + r" at [0-9a-f]+ in crash_user_write\+", []),
    "user-exec": (DATA + r" at [0-9a-f]+ in ", []),
}


@pytest.fixture
def crash():
    """Boots, writes name where the kernel crashes by it, gives what it says
    and QEMU's status. The `boot` fixture would fail on the report."""
    made = []

    def run(name, smp=1, file="/proc/carmine/crash"):
        c = Console(smp=smp)
        made.append(c)
        c.prompt()
        c.send("echo %s > %s\r" % (name, file))
        c.expect(r"panic: (?!end)", 60)
        status = c.wait_end(60)
        return "panic: " + c.text, status
    yield run
    for c in made:
        c.close()


def frames(text):
    """The functions of the reporter's backtrace."""
    return re.findall(r"^  [0-9a-f]{16} (\w+)\+0x", text.split("\ncpu ")[0],
                      re.M)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_reported_and_ends_the_machine(crash, name):
    says, in_trace = FAULTS[name]
    text, status = crash(name)
    assert re.match(r"panic: .*" + says, text), text
    for function in in_trace:
        assert function in text.split("\nlog: ")[0], text
    assert frames(text), text
    assert re.search(r"^log: <4>\[ .*crash: %s, as it was asked" % name, text,
                     re.M), text
    assert re.search(r"^event: cpu 0 \d+ ns exec ", text, re.M), text
    assert text.rstrip().endswith("panic: end of report"), text
    assert status == PANIC


def test_a_backtrace_goes_from_the_fault_to_the_call(crash):
    text, _ = crash("null", smp=2)
    found = frames(text)
    assert found[:2] == ["crash_null", "crash_by_name"], text
    assert found[-2] == "trap_syscall", text  # the last is the port's entry
    # The other CPU's goes on through the interrupt that stopped it.
    other = re.findall(r"^  [0-9a-f]{16} (\w+)\+0x", text.split("\ncpu ")[1],
                       re.M)
    assert "sched_idle_loop" in other[1:], text


def test_a_fault_shows_registers(crash):
    text, status = crash("c", file="/proc/sysrq-trigger")
    assert re.search(r"(?i)\b(sp|rsp)\b.? *[0-9a-f]{16}", text), text
    assert "crash_null" in frames(text) + re.findall(
        r" in (\w+)\+", text.splitlines()[0]), text
    assert status == PANIC


def test_the_other_cpus_stop_and_say_where(crash):
    text, status = crash("null", smp=4)
    assert len(re.findall(r"^cpu \d: stopped in task ", text, re.M)) == 3, text
    assert status == PANIC


def test_a_cpu_that_keeps_the_logs_lock_does_not_stop_the_report(crash):
    text, status = crash("locked", smp=2)
    assert re.search(r"^cpu \d: (does not stop|stopped)", text, re.M), text
    assert "log: " in text and "panic: end of report" in text, text
    assert status == PANIC


def test_a_fault_before_any_program(tmp_path):
    c = Console(append="crash=null")
    try:
        assert c.wait_end(60) == PANIC
        assert re.search(r"^panic: .* in crash_null\+", c.all, re.M), c.all
    finally:
        c.close()


def test_only_root_crashes_the_machine(run_line):
    for file in "/proc/carmine/crash", "/proc/sysrq-trigger":
        assert run_line("/abi/linux/usr/bin/perl -e '$> = 1000; "
                        "open(F, \">%s\") or print \"refused\"'" % file) == (
            0, "refused")
    status, text = run_line("echo nonsense > /proc/carmine/crash; echo ok")
    assert (status, text.splitlines()[-1]) == (0, "ok")


def test_the_runner_prints_the_report_and_fails(tmp_path):
    p = subprocess.run(
        [conftest.PYTHON, str(conftest.TOP / "tools/run.py"), "--arch",
         conftest.ARCH, "--kernel", str(conftest.KERNEL), "--images",
         str(conftest.IMAGES), "--limit", "60", "--log",
         str(tmp_path / "log"), "--cmd", "echo null > /proc/carmine/crash"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    assert p.returncode == PANIC
    assert b"panic: no page to read at 0 in crash_null" in p.stderr
    assert b"panic: end of report" in p.stderr

"""tools/run.py beside CMD: the debugger on a machine at its first instruction,
with the commands of tools/gdb; and what a run leaves."""
import os
import re
import subprocess

import pytest
from conftest import ARCH, IMAGES, KERNEL, PYTHON, TOP

COMMANDS = """set pagination off
hbreak exec_replace
continue
carmine log
carmine cpus
carmine thread
backtrace 2
kill
quit
"""


@pytest.mark.skipif(ARCH != "riscv64", reason="one port is enough")
def test_gdb_knows_log_cpus_and_threads(tmp_path):
    argv = [PYTHON, str(TOP / "tools/run.py"), "--arch", ARCH,
            "--kernel", str(KERNEL), "--images", str(IMAGES), "--smp", "2",
            "--gdb", str(KERNEL.with_suffix(".elf")),
            "--log", str(tmp_path / "boot.log")]
    p = subprocess.run(argv, input=COMMANDS, capture_output=True, text=True,
                       timeout=120)
    text = p.stdout
    assert re.search(r"#0 +exec_replace", text), text + p.stderr
    assert re.search(r"Carmine on riscv64, 2 CPUs", text)
    assert re.search(r"cpu \d: init +tid \d+ ", text)
    assert re.search(r"\n +name = \"init\"", text)
    assert re.search(r"#1 .*nt_task_exec", text)


def test_a_run_that_is_terminated_leaves_nothing(tmp_path):
    argv = [PYTHON, str(TOP / "tools/run.py"), "--arch", ARCH,
            "--kernel", str(KERNEL), "--images", str(IMAGES), "--smp", "1",
            "--log", str(tmp_path / "boot.log"), "--cmd", "echo up; sleep 99"]
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         env=dict(os.environ, TMPDIR=str(tmp_path)))
    assert p.stdout.readline() == "up\n"
    assert list(tmp_path.glob("*.cpio"))
    p.terminate()
    assert p.wait(30) != 0
    assert p.stdout.read() == ""  # the emulator's end of it is closed
    assert not list(tmp_path.glob("*.cpio"))


def run_py(tmp_path, *more):
    return [PYTHON, str(TOP / "tools/run.py"), "--arch", ARCH,
            "--kernel", str(KERNEL), "--images", str(IMAGES), "--smp", "1",
            "--mem", "64M", "--limit", "60",
            "--log", str(tmp_path / "boot.log"), *more]


@pytest.mark.parametrize("keys,words,status", [
    (b"", b"", 0), (b"echo $((40 + 2))\nfalse\n", b"\n42\n", 1),
    (b"cat\nbetween", b"between", 0), (b"exit 3\n", b"\n", 3)])
def test_a_shell_reads_what_is_no_terminal(tmp_path, keys, words, status):
    p = subprocess.run(run_py(tmp_path), input=keys, stdout=subprocess.PIPE,
                       timeout=120)
    # The console echoes what is typed.
    assert p.returncode == status and p.stdout.endswith(words), p.stdout


def test_a_run_ends_when_nobody_reads(tmp_path):
    p = subprocess.Popen(run_py(tmp_path, "--cmd", "yes"),
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    assert p.stdout.read(4) == b"y\ny\n"
    p.stdout.close()
    assert p.wait(60) == 141
    assert p.stderr.read() == b""


def test_what_is_brought_is_dated(boot, tmp_path):
    (tmp_path / "x" / "sub").mkdir(parents=True)
    (tmp_path / "x" / "f").write_text("f")
    c = boot(mem="64M", extra=tmp_path / "x")
    c.prompt()
    for name in ("/extra", "/extra/f", "/extra/sub", "/system", "/root"):
        assert " 1970-" not in c.line("ls -ld " + name), name

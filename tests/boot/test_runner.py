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

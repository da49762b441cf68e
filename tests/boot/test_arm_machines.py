"""aarch64 beyond the usual machine: interrupt controllers, the level that the
loader leaves us at, CPUs with and without PAN, 8 of them."""
import pytest
from conftest import ARCH

pytestmark = pytest.mark.skipif(ARCH != "aarch64", reason="Arm's machines")


@pytest.mark.parametrize("machine,cpu", [
    ("gic-version=2", "cortex-a53"),
    ("gic-version=3", "cortex-a72"),
    ("gic-version=2,virtualization=on", "cortex-a57"),
    ("gic-version=3,virtualization=on", "neoverse-n1"),
    ("gic-version=3", "max,pauth-impdef=on"),
    ("gic-version=3,virtualization=on", "max,pauth-impdef=on"),
])
def test_a_machine(boot, machine, cpu):
    c = boot(smp=2, more=["-machine", machine, "-cpu", cpu])
    c.prompt()
    assert "2 of 2 CPUs run" in c.all
    assert c.line("hello | cat") == "Hello from Carmine\n"
    text = c.line("/abi/linux/bin/python3 -c 'print(sum(range(1000)) * .5)'")
    assert text == "249750.0\n"
    c.send("poweroff\r")
    assert c.wait_end() == 0


def test_eight_cpus(run_line):
    status, text = run_line(
        "/abi/linux/bin/bash -c 'for i in {1..16}; do "
        "(md5sum /usr/bin/bash) & done; wait' | "
        "/abi/linux/bin/sort -u | wc -l; nproc", smp=8, limit=200)
    assert (status, text.split()) == (0, ["1", "8"])


def test_no_host_calls_for_programs(run_line, tmp_path):
    """The emulator's calls for its own host stay closed."""
    import subprocess
    (tmp_path / "x").mkdir()
    src = tmp_path / "host.c"
    src.write_text("int main(void) { __asm__(\"hlt #0xf000\"); return 0; }")
    subprocess.run(["aarch64-linux-gnu-gcc", "-static", "-o",
                    str(tmp_path / "x/host"), str(src)], check=True)
    status, _ = run_line("/extra/host", extra=tmp_path / "x")
    assert status == 128 + 4

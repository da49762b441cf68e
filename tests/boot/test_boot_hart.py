"""Any CPU may be the one that starts the kernel: firmware draws lots."""
import re
import subprocess

import pytest

from conftest import ARCH, KERNEL, TOP

pytestmark = pytest.mark.skipif(
    ARCH != "riscv64", reason="only this firmware draws lots")


@pytest.mark.parametrize("hart", [1, 3])
def test_the_kernel_starts_on_another_hart(boot, tmp_path, hart):
    first = tmp_path / "other_hart"
    subprocess.run(
        ["riscv64-linux-gnu-gcc", "-nostdlib", "-static", "-DHART=%d" % hart,
         "-Wl,-N,-Ttext=0x80100000,--build-id=none", "-o", str(first),
         str(TOP / "tests/boot/other_hart.S")], check=True)
    c = boot(smp=4, kernel=first, more=("-device", "loader,file=%s" % KERNEL))
    c.prompt()
    assert re.search(r"\] 4 of 4 CPUs run\n", c.all)
    assert "hart\t\t: %d\n" % hart in c.line("head -n 2 /proc/cpuinfo")

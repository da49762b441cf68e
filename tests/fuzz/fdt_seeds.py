#!/usr/bin/python3
"""Seeds of fdt_fuzz: the trees of QEMU's machines, cut to what they use."""
import struct
import subprocess
import sys
from pathlib import Path

out = Path(sys.argv[1])
for smp in (1, 4):
    path = out / ("virt-%d" % smp)
    subprocess.run(["qemu-system-riscv64", "-display", "none", "-machine",
                    "virt,dumpdtb=%s" % path, "-smp", str(smp), "-m", "64M"],
                   check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    # QEMU pads with zeroes; the strings block comes last.
    data = path.read_bytes()
    total, _, strings = struct.unpack_from(">III", data, 4)
    size, = struct.unpack_from(">I", data, 32)
    path.write_bytes(data[:max(strings + size, 64)])

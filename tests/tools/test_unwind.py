"""The tables of symbols and frames that go into the kernel."""
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))
import pack  # noqa: E402
import unwind  # noqa: E402

REGISTER, TRAP, END = unwind.RA_REGISTER, unwind.RA_TRAP, unwind.END

DUMP = """Contents of the .debug_frame section:

00000000 000000000000000c ffffffff CIE "" cf=1 df=-4 ra=1
   LOC           CFA      \n\
0000000000000000 sp+0     \n\

00000010 0000000000000014 00000000 FDE cie=00000000 pc=1000..1008

00000028 000000000000002c 00000000 FDE cie=00000000 pc=1008..1030
   LOC           CFA      ra    s0    \n\
0000000000001008 sp+0     u     u     \n\
000000000000100a sp+32    u     u     \n\
0000000000001010 sp+32    c-8   c-16  \n\
0000000000001020 sp+32    u     c-16  \n\
0000000000001022 sp+32    u     u     \n\
0000000000001024 sp+0     u     u     \n\
0000000000001026 sp+32    c-8   c-16  \n\

00000058 0000000000000014 00000000 FDE cie=00000000 pc=0..8

00000070 0000000000000034 ffffffff CIE "S" cf=1 df=-4 ra=64
   LOC           CFA      ra    s0    ra    \n\
0000000000000000 sp+272   c-264 c-208 c-272 \n\

000000a0 0000000000000014 00000070 FDE cie=00000070 pc=1040..1044

000000b8 0000000000000014 00000000 FDE cie=00000000 pc=1050..1060
   LOC           CFA      ra    \n\
0000000000001050 s0+0     c-8   \n\
"""


def test_what_readelf_prints_becomes_states():
    rows = unwind.by_symbol(
        unwind.places(unwind.parse(DUMP), 0x1000, 0x2000),
        [0x1000, 0x1008, 0x1038, 0x1050])
    assert rows == [
        [(0x1000, (0, REGISTER))],
        # Until the frame is gone, its return address stays where it was.
        [(0x1008, (0, REGISTER)), (0x100a, (32, REGISTER)),
         (0x1010, (32, -8)), (0x1024, (0, REGISTER)), (0x1026, (32, -8)),
         (0x1030, END)],
        [(0x1038, END), (0x1040, (272, TRAP)), (0x1044, END)],
        [(0x1050, END)],
    ]


def test_a_symbol_begins_as_most_do():
    states, strings = unwind.table(DUMP, [0x1000, 0x1008, 0x1038], 0x1000,
                                   0x2000, 2)
    assert states[0] == (0, REGISTER)
    assert strings[0] == b"\0"
    assert strings[1][0] == 2  # one unit
    assert strings[2][:2] == bytes([1, 1 + states.index(END)])


@pytest.mark.parametrize("value", [1, 62, 63, 64, 124, 125, 5000])
def test_numbers_have_no_zeros(value):
    coded = unwind.number(value)
    assert 0 not in coded and max(coded) < unwind.BASE
    assert sum(b - (b == unwind.MORE) for b in coded) == value
    assert coded[-1] != unwind.MORE


def test_packed_strings_are_smaller_and_come_back():
    strings = [b"abcabc%d\0" % (i % 7) for i in range(100)] + [b"\0", b"z\0"]
    packed, pairs = pack.pack(strings, 128)
    assert [pack.unpack(s, 128, pairs) for s in packed] == strings
    assert all(s.index(0) == len(s) - 1 for s in packed)
    assert sum(map(len, packed)) < sum(map(len, strings)) / 2


def test_pairs_in_pairs_have_a_limit():
    _, pairs = pack.pack([b"a" * 2 ** 20 + b"\0"], 128)
    depth = [0] * 256
    for i, pair in enumerate(pairs):
        depth[128 + i] = 1 + max(depth[b] for b in pair)
    assert max(depth) == pack.DEPTH


SOURCE = """
void other(volatile char *);
__attribute__((noinline)) int leaf(int a) { return a * 3; }
int framed(void) { volatile char room[100]; other(room); return room[1]; }
int pointed(int n) { volatile char room[n]; other(room); return room[1]; }
"""


@pytest.mark.parametrize("arch,leaf,ra", [
    ("riscv64", (0, REGISTER), None), ("aarch64", (0, REGISTER), None),
    ("x86_64", (8, -8), -8)])
def test_compilers_frames_are_read(tmp_path, arch, leaf, ra):
    source, elf = tmp_path / "a.c", tmp_path / "a.elf"
    source.write_text(SOURCE)
    prefix = arch + "-linux-gnu-"
    subprocess.run([prefix + "gcc", "-O2", "-g", "-fomit-frame-pointer",
                    "-fno-asynchronous-unwind-tables", "-fno-unwind-tables",
                    "-fno-stack-protector", "-fcf-protection=none"
                    if arch == "x86_64" else "-fno-pic", "-fno-pie",
                    "-no-pie", "-nostdlib", "-static", "-Ttext=0x10000",
                    "-Wl,--unresolved-symbols=ignore-all", "-Wl,-e,leaf",
                    str(source), "-o", str(elf)], check=True)
    out = subprocess.run([prefix + "nm", str(elf)], check=True, text=True,
                         capture_output=True).stdout
    at = {line.split()[2]: int(line.split()[0], 16)
          for line in out.splitlines() if " T " in line}
    known = sorted(at[n] for n in ("leaf", "framed", "pointed"))
    rows = dict(zip(known, unwind.by_symbol(unwind.places(unwind.parse(
        unwind.read(prefix + "readelf", str(elf))), 0x10000, 0x20000),
        known)))
    assert [s for _, s in rows[at["leaf"]] if s != END] == [leaf]
    inner = [s for _, s in rows[at["framed"]] if s[0] > 100]
    assert inner and all(ra is None or s[1] == ra for s in inner)
    assert any(s[1] < 0 for s in inner)
    # Of a frame that only a pointer finds, nothing is known.
    assert END in [s for _, s in rows[at["pointed"]]]
